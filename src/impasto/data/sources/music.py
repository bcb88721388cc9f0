"""Music as piano rolls: Bach's chorales out of the corpus of music21, or a folder of MIDI files.

See :mod:`impasto.base.rolls` for what a roll is. Excerpts of a piece stay together: whole pieces are held out of
training.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from impasto.base.errors import UserError
from impasto.base.rolls import Roll, Transpose
from impasto.data.sources.decode import BadImage, read_file
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import UNLABELLED, Item, Missing, Origin, shown
from impasto.music.keys import key_of
from impasto.music.midi import ENDINGS, read_midi
from impasto.music.musicxml import read_musicxml
from impasto.music.notes import BadMusic, Piece
from impasto.music.rolls import excerpts, semitones_of

CHORALE_VOICES: Final = ("soprano", "alto", "tenor", "bass")
CHOIR: Final = 52
"""The General MIDI program by which chorales are written: choir."""
READING_VERSION: Final = 1
"""Raised when the same files give other rolls."""

Mode = Literal["any", "major", "minor"]
"""Which pieces are taken, by their keys."""
Held = Literal["train", "held_out"]


@dataclass(frozen=True)
class Excerpts:
    """How pieces become rolls.

    Attributes:
        form: of rolls with all voices of a piece.
        bars: in an excerpt.
        height: rows, that of the beginnings included.
        mode: which pieces are taken.
        voices: which voices a roll holds, by number.
    """

    form: Roll
    bars: int
    height: int
    mode: Mode
    voices: tuple[int, ...]

    @property
    def own_form(self) -> Roll:
        """The form of the rolls, with the voices that they hold."""
        voices, programs = self.form.voices, self.form.programs
        kept = tuple(programs[voice] for voice in self.voices if voice < len(programs))
        return replace(self.form, voices=tuple(voices[voice] for voice in self.voices), programs=kept)


class MusicSource:
    """Excerpts of pieces, of those to train on or of those held out.

    Pieces of the corpus that have another number of voices are left out; so are those of another mode.

    Args:
        files: path and name of each piece.
        excerpts: how they become rolls.
        part: which pieces: those to train on, or those held out.
        holdout: share of the pieces that is held out, chosen by a hash of their names.
        origin: where they come from.
        version: of what they come from.
    """

    class_names: tuple[str, ...] = ()

    def __init__(
        self,
        files: Sequence[tuple[Path, str]],
        excerpts: Excerpts,
        part: Held,
        holdout: float,
        origin: Origin,
        version: str,
    ) -> None:
        self.how, self.part, self.holdout, self.origin, self.version = excerpts, part, holdout, origin, version
        names = sorted((hashlib.sha256(name.encode()).hexdigest(), name) for _, name in files)
        held = {name for _, name in names[: round(holdout * len(names))]}
        self.files = [(path, name) for path, name in files if (name in held) == (part == "held_out")]

    length = None

    def fingerprint(self) -> str:
        """A hash of the settings, and of names, sizes and times of change, or of the version of the corpus."""
        told: list[Any] = [READING_VERSION, repr(self.how), self.part, self.holdout, self.version]
        if self.origin == "local":
            told += [(name, found.st_size, found.st_mtime_ns) for path, name in self.files for found in [path.stat()]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The rolls from position ``start`` on: uint8 (H, W, voices) each; of a piece that cannot be used, why."""
        position = 0
        for path, name in self.files:
            for item in self._of(path, name):
                if position >= start:
                    yield item
                position += 1

    def _of(self, path: Path, name: str) -> Iterator[Item]:
        how = self.how
        try:
            piece = self._read(path, name)
        except BadMusic as problem:
            yield Item(name, Missing(str(problem)))
            return
        if piece is None or (how.mode != "any" and key_of(piece.pitch_class_weights()).minor != (how.mode == "minor")):
            return
        piece = piece.transposed(semitones_of(piece, how.form.transpose))
        found = list(excerpts(piece, how.form, how.bars, how.height))
        if not found and self.origin == "local":
            beats = how.form.beats_per_bar
            why = f"no {how.bars} bars of {beats} beats on end in which all of {len(piece.voices)} voices sound"
            yield Item(name, Missing(why))
        for bar, roll in found:
            yield Item(f"{name}/{bar:04d}", np.ascontiguousarray(roll[..., list(how.voices)]), UNLABELLED)

    def _read(self, path: Path, name: str) -> Piece | None:
        wanted = len(self.how.form.voices)
        try:
            content = read_file(path)
        except BadImage as problem:
            raise BadMusic(str(problem)) from None
        if path.suffix.lower() in ENDINGS:
            return read_midi(content, name, wanted, self.how.form.beats_per_bar)
        piece = read_musicxml(content, name)
        return piece if len(piece.voices) == wanted else None  # chorales with instruments of their own are few


def open_music(
    root: str | None = None,
    voices: Sequence[str] = CHORALE_VOICES,
    programs: Sequence[int] = (CHOIR,) * 4,
    lowest: int = 36,
    steps_per_beat: int = 4,
    beats_per_bar: int = 4,
    transpose: Transpose = "scale",
    mode: Mode = "any",
    held_out_pieces: float = 0.2,
    *,
    size: Sequence[int],
    only: Sequence[int] | None = None,
) -> Pictures:
    """Excerpts of pieces as rolls.

    Args:
        root: folder of MIDI files; None takes Bach's chorales from the corpus of music21.
        voices: names of the voices of a piece.
        programs: of General MIDI, by which they are written.
        lowest: MIDI number of the lowest pitch.
        steps_per_beat: columns in a beat.
        beats_per_bar: beats in a bar.
        transpose: move every piece to C major or A minor (``scale``), to C major or C minor (``tonic``), or nowhere.
        mode: take pieces in ``major`` or ``minor`` alone, or ``any``.
        held_out_pieces: share of the pieces that is held out.
        size: rows and columns; the columns are whole bars.
        only: the voices that rolls hold, by number; None for all.

    Raises:
        UserError: a setting is out of range, there is no such folder, or music21 is not installed.
    """
    form = Roll(tuple(voices), lowest, steps_per_beat, beats_per_bar, programs=tuple(programs), transpose=transpose)
    height, width = size
    check_form(form, height, width)
    if not 0 < held_out_pieces < 1:
        raise UserError(f"data.held_out_pieces={held_out_pieces} is not a share: give a number between 0 and 1.")
    chosen = tuple(range(len(form.voices)) if only is None else only)
    how = Excerpts(form, width // form.bar, height, mode, chosen)
    files, name, origin, version = chorales(form) if root is None else midi_files(root)
    title = name if mode == "any" else f"{name} in {mode}"
    train, held_out = (
        MusicSource(files, how, part, held_out_pieces, origin, version) for part in ("train", "held_out")
    )
    return Pictures(title, train, held_out, roll=how.own_form)


def open_accompaniment(
    root: str | None = None,
    melody: int = 0,
    voices: Sequence[str] = CHORALE_VOICES,
    programs: Sequence[int] = (CHOIR,) * 4,
    lowest: int = 36,
    steps_per_beat: int = 4,
    beats_per_bar: int = 4,
    transpose: Transpose = "scale",
    mode: Mode = "any",
    held_out_pieces: float = 0.2,
    *,
    size: Sequence[int],
) -> dict[str, Pictures]:
    """Aligned rolls: ``content``, the melody, and ``target``, the other voices. Arguments as of :func:`open_music`.

    Args:
        melody: number of the voice that is given, from the highest.

    Raises:
        UserError: as :func:`open_music`; or there is no such voice, or no other.
    """
    count = len(voices)
    if not 0 <= melody < count or count < 2:
        raise UserError(f"data.melody={melody} is no voice of {count} with others beside it: give 0 for the highest.")
    others = [voice for voice in range(count) if voice != melody]
    grid = (voices, programs, lowest, steps_per_beat, beats_per_bar, transpose, mode, held_out_pieces)
    return {
        "content": open_music(root, *grid, size=size, only=[melody]),
        "target": open_music(root, *grid, size=size, only=others),
    }


def open_two_styles(
    content: str | None = None,
    style: str | None = None,
    modes: Sequence[Mode] = ("major", "minor"),
    voices: Sequence[str] = CHORALE_VOICES,
    programs: Sequence[int] = (CHOIR,) * 4,
    lowest: int = 36,
    steps_per_beat: int = 4,
    beats_per_bar: int = 4,
    transpose: Transpose = "tonic",
    held_out_pieces: float = 0.2,
    *,
    size: Sequence[int],
) -> dict[str, Pictures]:
    """Rolls of two kinds without pairs: ``content`` and ``style``. Arguments as of :func:`open_music`.

    Args:
        content: folder of MIDI files; None takes the chorales in the first mode.
        style: likewise, in the second.
        modes: of the chorales.

    Raises:
        UserError: as :func:`open_music`.
    """
    grid = (voices, programs, lowest, steps_per_beat, beats_per_bar, transpose)
    any_mode: Mode = "any"
    return {
        part: open_music(folder, *grid, mode if folder is None else any_mode, held_out_pieces, size=size)
        for part, folder, mode in zip(("content", "style"), (content, style), modes, strict=True)
    }


def check_form(form: Roll, height: int, width: int) -> None:
    """Make sure that a roll of this size can be.

    Raises:
        UserError: it cannot.
    """
    if not form.voices:
        raise UserError("data.voices names no voice: give a name for each, from the highest.")
    if form.steps_per_beat < 1 or form.beats_per_bar < 1:
        raise UserError("data.steps_per_beat and data.beats_per_bar are at least 1.")
    if width % form.bar or width < 2 * form.bar:
        raise UserError(
            f"data.image_size=[{height},{width}]: {width} columns are not two bars or more of {form.bar} steps; give a "
            f"multiple, such as [{height},{2 * form.bar}]."
        )
    if height < 14 or not 0 <= form.lowest <= 128 - (height - 1):
        raise UserError(
            f"data.image_size=[{height},{width}] with data.lowest={form.lowest}: the rows are an octave or more of "
            "pitches from 0 to 127, and one for the beginnings of notes."
        )


Files = tuple[list[tuple[Path, str]], str, Origin, str]
"""Path and name of each piece, what to call them all, where they come from, and of which version they are."""


def chorales(form: Roll) -> Files:
    """Bach's chorales in the corpus of music21, without importing it, which takes seconds.

    Raises:
        UserError: it is not installed, its corpus is missing, or the form has another number of voices.
    """
    if len(form.voices) != len(CHORALE_VOICES):
        raise UserError(
            f"The chorales have four voices, and data.voices names {len(form.voices)}: set data.root=FOLDER."
        )
    found = importlib.util.find_spec("music21")
    places = [Path(place) / "corpus" / "bach" for place in (found.submodule_search_locations or ())] if found else []
    files = [path for place in places for path in sorted(place.glob("bwv*.mxl"))]
    if not files:
        raise UserError(
            "Bach's chorales are read from the corpus in the package music21: pip install 'impasto[music]', or set "
            "data.root to a folder of MIDI files."
        )
    version = importlib.metadata.version("music21")
    return [(path, path.stem) for path in files], f"chorales by Bach (corpus of music21 {version})", "sample", version


def midi_files(root: str) -> Files:
    """The MIDI files below a folder.

    Raises:
        UserError: there is no such folder, or none in it.
    """
    folder = Path(root).expanduser()
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UserError(f"The folder of MIDI files {folder} {what}: set data.root to one.")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not files:
        raise UserError(f"There are no MIDI files in {folder}: set data.root to a folder of .mid files.")
    named = [(path, shown(path.relative_to(folder).as_posix())) for path in files]
    return named, f"folder {folder.resolve().name}", "local", ""
