"""Sounds in pairs as mel spectrograms: in noise and clean, or of two timbres; made by code, or of one's own folders.

See :mod:`impasto.base.sounds` for what a spectrogram is as a picture.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np

from impasto.audio.files import ENDINGS, BadSound, read_sound
from impasto.audio.phrases import TIMBRES, in_noise, phrase
from impasto.audio.phrases import VERSION as PHRASES
from impasto.audio.spectrograms import as_pixels, log_mel
from impasto.base.errors import UserError
from impasto.base.sounds import Sound
from impasto.data.sources.decode import BadImage, read_file
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import Item, Missing, Origin, shown

Task = Literal["denoise", "timbre"]
Side = Literal["content", "target"]
Held = Literal["train", "held_out"]
READING_VERSION: Final = 1
"""Raised when the same files give other spectrograms."""
SILENT: Final = 1e-4
"""Root of the mean square below which a segment is left out."""


@dataclass(frozen=True)
class Pair:
    """A segment of sound.

    Attributes:
        name: to call it by.
        given: float64 (n,).
        wanted: what it should become, likewise.
    """

    name: str
    given: np.ndarray
    wanted: np.ndarray


@dataclass(frozen=True)
class Segments:
    """How sounds become spectrograms.

    Attributes:
        form: of the spectrograms.
        bands: rows.
        frames: columns.
        task: what is to be done.
        noise: decibels by which noise is softer than the sound, two numbers, where it is made by code.
        timbres: of the phrases, given and wanted.
    """

    form: Sound
    bands: int
    frames: int
    task: Task
    noise: tuple[float, float]
    timbres: tuple[str, str]

    @property
    def samples(self) -> int:
        """In a segment."""
        return self.frames * self.form.hop


class AudioSource:
    """One side of pairs of segments, of those to train on or of those held out.

    Args:
        segments: how they become spectrograms.
        side: which side.
        part: which pairs.
        phrases: how many phrases are made by code; 0 for files.
        files: by pairs: the given file, or None where noise is added by code to the other, which is the wanted one.
        holdout: share that is held out: of the phrases, or of the files by a hash of their names.
    """

    class_names: tuple[str, ...] = ()
    length = None

    def __init__(
        self,
        segments: Segments,
        side: Side,
        part: Held,
        phrases: int = 0,
        files: Sequence[tuple[str, Path | None, Path]] = (),
        holdout: float = 0.1,
    ) -> None:
        self.how, self.side, self.part = segments, side, part
        self.origin: Origin = "local" if files else "sample"
        held = round(holdout * (len(files) or phrases))
        order = sorted(range(len(files)), key=lambda i: hashlib.sha256(files[i][0].encode()).hexdigest())
        chosen = order or list(range(phrases))
        kept = sorted(chosen[:held] if part == "held_out" else chosen[held:])
        self.seeds = [] if files else kept
        self.files = [files[i] for i in kept] if files else []

    def fingerprint(self) -> str:
        """A hash of the settings, and of names, sizes and times of change."""
        stats = [path.stat() for _, *paths in self.files for path in paths if path is not None]
        told = [READING_VERSION, PHRASES, repr(self.how), self.side, self.part, self.seeds]
        told += [[(name, str(wanted)) for name, _, wanted in self.files], [(s.st_size, s.st_mtime_ns) for s in stats]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The spectrograms from position ``start`` on: uint16 (bands, frames, 1); or why a file cannot be used."""
        for position, pair in enumerate(self.pairs()):
            if position < start:
                continue
            if isinstance(pair, Pair):
                wave = pair.given if self.side == "content" else pair.wanted
                pixels = as_pixels(log_mel(wave, self.how.form, self.how.bands), self.how.form)
                yield Item(pair.name, np.ascontiguousarray(pixels))
            else:
                yield pair

    def pairs(self) -> Iterator[Pair | Item]:
        """All pairs, and for files that cannot be used an item that says why."""
        for seed in self.seeds:
            yield self._made(seed)
        for name, given, wanted in self.files:
            try:
                waves = [
                    None if path is None else read_sound(read_file(path), self.how.form.rate)
                    for path in (given, wanted)
                ]
            except (BadSound, BadImage) as problem:
                yield Item(name, Missing(str(problem)))
                continue
            yield from self._cut(name, *waves)

    def _made(self, seed: int) -> Pair:
        how = self.how
        seconds, rate = how.samples / how.form.rate, how.form.rate
        if how.task == "timbre":
            given, wanted = (phrase(seed, TIMBRES[timbre], seconds, rate) for timbre in how.timbres)
            return Pair(f"phrase {seed:06d}", given, wanted)
        timbre = list(TIMBRES.values())[seed % len(TIMBRES)]
        wanted = phrase(seed, timbre, seconds, rate)
        return Pair(f"phrase {seed:06d}", in_noise(wanted, seed, rate, how.noise), wanted)

    def _cut(self, name: str, given: np.ndarray | None, wanted: np.ndarray | None) -> Iterator[Pair | Item]:
        """Segments of a file, one after the other; the last one is filled up with silence if half of it is sound."""
        assert wanted is not None
        n, number = self.how.samples, 0
        length = len(wanted) if given is None else min(len(given), len(wanted))
        for start in range(0, length, n):
            cut = wanted[start : min(start + n, length)]
            if len(cut) < n / 2 or np.sqrt((cut**2).mean()) < SILENT:
                continue
            clean = np.pad(cut, (0, n - len(cut)))
            if given is None:
                seed = int.from_bytes(hashlib.sha256(f"{name} {start}".encode()).digest()[:4], "little")
                other = in_noise(clean, seed, self.how.form.rate, self.how.noise)
            else:
                other = np.pad(given[start : start + len(cut)], (0, n - len(cut)))
            yield Pair(f"{name}/{number:04d}", other, clean)
            number += 1
        if not number:
            yield Item(name, Missing(f"no {n / self.how.form.rate:.1f} seconds of sound in it"))


def open_audio(
    task: Task = "denoise",
    root: str | None = None,
    content: str | None = None,
    target: str | None = None,
    phrases: int = 2000,
    noise: Sequence[float] = (0.0, 15.0),
    timbres: Sequence[str] = ("plucked", "flute"),
    rate: int = 16_000,
    held_out_sounds: float = 0.1,
    *,
    size: Sequence[int],
) -> dict[str, Pictures]:
    """Open the aligned parts ``content``, the sound given, and ``target``, what it should become.

    Args:
        task: ``denoise`` keeps the phases of the sound given, and makes bands softer; ``timbre`` makes sound anew.
        root: folder of clean sounds, to which noise is added by code; for ``denoise``.
        content: folder of sounds that are given, with ``target``.
        target: folder of what they should become, under the same names; endings may differ.
        phrases: made by code where no folder is given.
        noise: decibels by which noise that is made is softer than the sound, least and most.
        timbres: of phrases for ``task=timbre``, given and wanted: plucked, flute or organ.
        rate: samples in a second.
        held_out_sounds: share of the phrases or files that is held out.
        size: rows (mel bands) and columns (frames).

    Raises:
        UserError: a setting is out of range, there is no such folder, or there is nothing in it.
    """
    check_settings(task, root, content, target, phrases, noise, timbres, held_out_sounds)
    form = Sound(rate=rate, making="gain" if task == "denoise" else "anew")
    how = Segments(form, size[0], size[1], task, (float(noise[0]), float(noise[1])), (timbres[0], timbres[1]))
    files: list[tuple[str, Path | None, Path]] = []
    name = f"{phrases} phrases made by code"
    if root is not None:
        files, name = [(key, None, path) for key, path in sounds_in(root, "root").items()], f"folder {Path(root).name}"
    elif content is not None and target is not None:
        files, name = matched(content, target), f"folders {Path(content).name} and {Path(target).name}"
    if files and len(files) < 2:
        raise UserError("One file of sound alone cannot be split into those to train on and those held out: give more.")
    opened: dict[str, Pictures] = {}
    sides: tuple[Side, Side] = ("content", "target")
    for side in sides:
        make = partial(AudioSource, how, side, phrases=0 if files else phrases, files=files, holdout=held_out_sounds)
        title = f"{name}, {what(how, side, bool(files))}"
        opened[side] = Pictures(title, make(part="train"), make(part="held_out"), sound=form)
    return opened


def what(how: Segments, side: Side, own: bool) -> str:
    """What a side of pairs is, in words."""
    if how.task == "timbre":
        return side if own else how.timbres[0 if side == "content" else 1]
    return "in noise" if side == "content" else "clean"


def check_settings(
    task: str,
    root: str | None,
    content: str | None,
    target: str | None,
    phrases: int,
    noise: Sequence[float],
    timbres: Sequence[str],
    held_out: float,
) -> None:
    """Make sure that settings go together.

    Raises:
        UserError: they do not.
    """
    if task not in ("denoise", "timbre"):
        raise UserError(f"data.task={task} is not known: choose denoise or timbre.")
    if (content is None) != (target is None):
        missing = "content" if content is None else "target"
        raise UserError(f"Pairs take two folders: set data.{missing} to the folder of the other side.")
    if root is not None and (content is not None or task == "timbre"):
        raise UserError(
            "data.root is a folder of clean sounds for data.task=denoise: set data.content and data.target."
        )
    if phrases < 10:
        raise UserError(f"data.phrases={phrases} are too few: give 10 or more.")
    if len(noise) != 2 or not -math.inf < noise[0] <= noise[1] < math.inf:
        raise UserError("data.noise is the least and the most decibels, such as [0,15].")
    if len(timbres) != 2 or not set(timbres) <= set(TIMBRES):
        raise UserError(f"data.timbres={list(timbres)}: give two of {', '.join(TIMBRES)}.")
    if not 0 < held_out < 1:
        raise UserError(f"data.held_out_sounds={held_out} is not a share: give a number between 0 and 1.")


def sounds_in(folder: str, option: str) -> dict[str, Path]:
    """The files of sound below a folder, by their paths without endings.

    Raises:
        UserError: there is no such folder, or none in it.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise UserError(f"The folder of sounds {root} {what}: set data.{option} to one.")
    found = sorted(path for path in root.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not found:
        raise UserError(f"There are no sounds in {root}: set data.{option} to a folder of .wav or .flac files.")
    return {shown(path.relative_to(root).with_suffix("").as_posix()): path for path in found}


def matched(content: str, target: str) -> list[tuple[str, Path | None, Path]]:
    """Files of two folders that have the same name.

    Raises:
        UserError: there are none.
    """
    given, wanted = sounds_in(content, "content"), sounds_in(target, "target")
    both = sorted(given.keys() & wanted.keys())
    if not both:
        raise UserError(f"No file of {content} has the name of one of {target}: name both sides of a pair alike.")
    return [(name, given[name], wanted[name]) for name in both]
