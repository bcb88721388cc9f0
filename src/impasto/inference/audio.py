"""Files of sound, repainted as mel spectrograms and made sound again."""

from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import torch

from impasto.audio.files import ENDINGS, BadSound, read_sound
from impasto.audio.spectrograms import as_decibels, as_pixels, log_mel, made_anew, with_gain
from impasto.base.errors import UserError
from impasto.base.sounds import Sound
from impasto.data.sources.decode import BadImage, read_file
from impasto.inference.batches import over_pictures
from impasto.inference.events import Event, Painted, Progress
from impasto.inference.music import write_wav
from impasto.inference.places import existing_input, output_folder
from impasto.painters.painter import Painter

BATCH = 16
"""Windows that are painted together."""


def restyle_sound(painter: Painter, source: str | Path, output: str | Path, overwrite: bool) -> Iterator[Event]:
    """Repaint a file of sound, or all below a folder, as .wav files of one channel at the rate that the model learnt.

    Args:
        painter: takes and gives spectrograms.
        source: file or folder.
        output: folder, made if it is missing.
        overwrite: also replace existing files.

    Yields:
        ``Started``, then for each file ``Painted`` or ``Skipped``, and ``Done``.

    Raises:
        UserError: there is no file of sound, the model takes no spectrograms, or soundfile is not installed.
    """
    form = painter.gives.sound
    if form is None or painter.content is None or painter.content.sound is None:
        raise UserError(f"{painter.origin.path} does not repaint sound.")
    root, folder = existing_input(source), output_folder(output)
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.suffix.lower() in ENDINGS)
    files = [file for file in files if not file.resolve().is_relative_to(folder.resolve())]
    if not files:
        raise UserError(f"There is no sound in input={root}: give a .wav or .flac, or a folder of them.")
    names = {file: Path(file.name) if file == root else file.relative_to(root) for file in files}
    targets = {file: (folder / name).with_suffix(".wav") for file, name in names.items()}
    left = {file: target for file, target in targets.items() if overwrite or not target.is_file()}
    there = len(targets) - len(left)
    said = (f"{there} of {len(targets)} are there already; overwrite=true paints them again.",) if there else ()

    def paint(file: Path, target: Path) -> Generator[Progress, None, Painted]:
        yield Progress(file, 0, 1)
        try:
            wave = read_sound(read_file(file), form.rate)
        except BadSound as problem:
            raise BadImage(str(problem)) from None
        target.parent.mkdir(parents=True, exist_ok=True)
        write_wav(repainted(painter, wave), target, form.rate)
        return Painted(file, target)

    yield from over_pictures(left, said, folder, paint)


def repainted(painter: Painter, wave: np.ndarray) -> np.ndarray:
    """A sound of any length (n,) as a painter of spectrograms has it: float64 (n,)."""
    form, bands = painter.gives.sound, painter.gives.height
    assert form is not None
    frames = painter.gives.width
    count = max(-(-len(wave) // form.hop), 1)
    padded = np.pad(wave, (0, count * form.hop - len(wave)))
    before = log_mel(padded, form, bands)
    after = painted_loudness(painter, before, form, frames)
    sound = with_gain(padded, before, after, form) if form.making == "gain" else made_anew(after, form)
    return sound[: len(wave)]


@torch.no_grad()
def painted_loudness(painter: Painter, before: np.ndarray, form: Sound, frames: int) -> np.ndarray:
    """Loudness in decibels (bands, T) as it is painted, in windows that overlap by half and are blended."""
    length = before.shape[1]
    step = frames // 2
    windows = max(-(-(length - frames) // step), 0) + 1
    padded = np.pad(before, ((0, 0), (0, (windows - 1) * step + frames - length)), constant_values=form.floor)
    cuts = np.stack([padded[:, at * step : at * step + frames] for at in range(windows)])
    pixels = np.stack([as_pixels(cut, form) for cut in cuts]).astype(np.float32)
    content = torch.from_numpy(pixels / 32767.5 - 1).permute(0, 3, 1, 2)
    painted = torch.cat([painter(content=part.to(painter.device)).cpu() for part in content.split(BATCH)])
    found = as_decibels(painted[:, 0].numpy().astype(np.float64), form)
    ramp = np.minimum(np.arange(1, frames + 1), np.arange(frames, 0, -1)).astype(np.float64)
    total, weight = np.zeros_like(padded), np.zeros(padded.shape[1])
    for at, cut in enumerate(found):
        total[:, at * step : at * step + frames] += cut * ramp
        weight[at * step : at * step + frames] += ramp
    return (total / weight)[:, :length]
