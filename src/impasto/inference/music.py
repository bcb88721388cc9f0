"""Painted piano rolls as MIDI files, and as sound to listen to; and MIDI files repainted."""

import io
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.pixels import from_uint8, to_uint8
from impasto.base.rolls import Roll
from impasto.data.sources.decode import BadImage, read_file
from impasto.inference.batches import over_pictures
from impasto.inference.events import Event, Painted, Progress
from impasto.inference.places import existing_input, output_folder
from impasto.music.midi import ENDINGS, read_midi, write_midi
from impasto.music.notes import BadMusic, Note, Piece
from impasto.music.rolls import notes_of, semitones_of, whole_roll
from impasto.music.synthesis import RATE, rendered
from impasto.painters.painter import Painter


def save_roll(roll: np.ndarray, form: Roll, path: Path, audio: bool) -> None:
    """Write one roll; see :func:`save_voices`.

    Args:
        roll: uint8 (voices, H, W).
        form: of the roll.
        path: of the .mid.
        audio: write also a .wav beside it.
    """
    save_voices(notes_of(roll, form), form, path, audio)


def save_voices(voices: Sequence[Sequence[Note]], form: Roll, path: Path, audio: bool) -> None:
    """Write notes as a MIDI file, whole or not at all, and as a .wav beside it.

    Args:
        voices: notes of each.
        form: their names, programs and tempo.
        path: of the .mid.
        audio: write also a .wav.

    Raises:
        UserError: mido is not installed.
    """
    content = write_midi(voices, form.voices, form.programs, form.tempo, form.beats_per_bar)
    with whole_or_not(path) as temporary:
        temporary.write_bytes(content)
    if audio:
        write_wav(rendered(voices, form.tempo), path.with_suffix(".wav"), RATE)


def write_wav(wave: np.ndarray, path: Path, rate: int) -> None:
    """Write sound, float (n,) within -1 and 1, as a WAV file of 16 bits, whole or not at all."""
    from scipy.io import wavfile  # here, since it takes long to import

    buffer = io.BytesIO()
    wavfile.write(buffer, rate, np.rint(np.clip(wave, -1, 1) * 32767).astype(np.int16))
    with whole_or_not(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def refuse_pictures_settings(given: Mapping[str, Any]) -> None:
    """Make sure that what is meant for pictures is not asked of a model of music.

    Raises:
        UserError: it is.
    """
    if others := [name for name, value in given.items() if value]:
        raise UserError(f"{others[0]}= is for pictures, and this model repaints music, sound or text: leave it out.")


def restyle_music(painter: Painter, source: str | Path, output: str | Path, overwrite: bool) -> Iterator[Event]:
    """Repaint a MIDI file, or all below a folder, under their own names and sub-folders.

    A piece of any length is moved to the key that the model has learnt in, repainted as a whole, and moved back. Voices
    that the model does not paint, such as a melody, stay beside those that it paints. Files that are there are kept.

    Args:
        painter: takes and gives piano rolls.
        source: file or folder.
        output: folder, made if it is missing.
        overwrite: also replace existing files.

    Yields:
        ``Started``, then for each file ``Painted`` or ``Skipped``, and ``Done``.

    Raises:
        UserError: there is no MIDI file, the model takes no rolls, or mido is not installed.
    """
    if painter.content is None or painter.content.roll is None:
        raise UserError(f"{painter.origin.path} makes music from noise; use src/generate.py.")
    root, folder = existing_input(source), output_folder(output)
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.suffix.lower() in ENDINGS)
    files = [file for file in files if not file.resolve().is_relative_to(folder.resolve())]
    if not files:
        raise UserError(f"There are no MIDI files in input={root}: give a .mid, or a folder of them.")
    names = {file: file.name if file == root else file.relative_to(root) for file in files}
    targets = {file: folder / name for file, name in names.items() if overwrite or not (folder / name).is_file()}
    there = len(files) - len(targets)
    said = (f"{there} of {len(files)} are there already; overwrite=true paints them again.",) if there else ()

    def paint(file: Path, target: Path) -> Generator[Progress, None, Painted]:
        yield Progress(file, 0, 1)
        target.parent.mkdir(parents=True, exist_ok=True)
        assert painter.content is not None
        assert painter.content.roll is not None
        form = painter.content.roll
        try:
            piece = read_midi(read_file(file), file.name, len(form.voices), form.beats_per_bar)
        except BadMusic as problem:
            raise BadImage(str(problem)) from None
        voices, painted_form = repainted(painter, piece)
        save_voices(voices, replace(painted_form, tempo=piece.tempo), target, audio=False)
        return Painted(file, target)

    yield from over_pictures(targets, said, folder, paint)


@torch.no_grad()
def repainted(painter: Painter, piece: Piece) -> tuple[list[Sequence[Note]], Roll]:
    """A piece as a painter of rolls has it: its voices, with those given that are not painted, and their form."""
    assert painter.content is not None
    assert painter.content.roll is not None
    assert painter.gives.roll is not None
    given, gives = painter.content.roll, painter.gives.roll
    semitones, ahead = semitones_of(piece, given.transpose), upbeat(piece, given)
    moved = shifted(piece.transposed(semitones), ahead)
    steps = round(moved.bars[-1] * given.steps_per_beat)
    whole = whole_roll(moved, given, painter.content.height)
    padded = np.zeros((whole.shape[0], -(-steps // given.bar) * given.bar, whole.shape[2]), np.uint8)
    padded[:, :steps] = whole
    content = from_uint8(torch.from_numpy(padded).permute(2, 0, 1)[None]).to(painter.device)
    painted = to_uint8(painter(content=content)).cpu().numpy()[0]
    lines = Piece(piece.name, notes_of(painted, gives), moved.bars)
    back = shifted(lines.transposed(-semitones), -ahead).voices
    kept = [i for i, name in enumerate(given.voices) if name not in gives.voices]
    names = (*(given.voices[i] for i in kept), *gives.voices)
    programs = (*(given.programs[i] for i in kept if i < len(given.programs)), *gives.programs)
    return [*(piece.voices[i] for i in kept), *back], replace(gives, voices=names, programs=programs)


def upbeat(piece: Piece, form: Roll) -> float:
    """How many beats to put before a piece, so that its first whole bar begins a bar of the roll."""
    length = form.beats_per_bar
    starts = (a for a, b in pairwise(piece.bars) if abs(b - a - length) < 1e-3)
    return -next(starts, 0.0) % length


def shifted(piece: Piece, beats: float) -> Piece:
    """The same, later by so many beats; notes that would be over before the beginning are left out."""
    moved = tuple(
        tuple(
            note._replace(start=max(note.start + beats, 0.0), end=note.end + beats)
            for note in voice
            if note.end + beats > 0
        )
        for voice in piece.voices
    )
    return replace(piece, voices=moved, bars=tuple(bar + beats for bar in piece.bars))
