"""Notes, and pieces of them."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple


class BadMusic(Exception):  # noqa: N818 - named like BadImage, which it becomes
    """A file of music that cannot be used; the message is a short phrase that says why."""


class Note(NamedTuple):
    """One note.

    Attributes:
        start: in beats (quarter notes) from the beginning of the piece.
        end: likewise, above ``start``.
        pitch: MIDI number, 0 to 127; 60 is middle C.
    """

    start: float
    end: float
    pitch: int


@dataclass(frozen=True)
class Piece:
    """A piece of music.

    Attributes:
        name: to call it by.
        voices: notes of each, in the order of their beginnings.
        bars: where bars begin, in beats, and where the last one ends.
        tempo: beats a minute.
    """

    name: str
    voices: tuple[tuple[Note, ...], ...]
    bars: tuple[float, ...]
    tempo: float = 90.0

    def transposed(self, semitones: int) -> "Piece":
        """The same, higher by so many semitones."""
        moved = tuple(tuple(note._replace(pitch=note.pitch + semitones) for note in voice) for voice in self.voices)
        return replace(self, voices=moved)

    def pitch_class_weights(self) -> list[float]:
        """How many beats each of the twelve pitch classes sounds, C first, in all voices together."""
        weights = [0.0] * 12
        for voice in self.voices:
            for note in voice:
                weights[note.pitch % 12] += note.end - note.start
        return weights


def one_at_a_time(notes: list[Note]) -> tuple[Note, ...]:
    """Notes of one voice: where several sound, the highest goes on, and the others end or are left out."""
    kept: list[Note] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch)):
        if kept and note.start < kept[-1].end:
            last = kept[-1]
            if note.start == last.start or note.pitch < last.pitch:
                if note.end > last.end and note.start != last.start:  # it is heard again when the higher one is over
                    kept.append(note._replace(start=last.end))
                continue
            kept[-1] = last._replace(end=note.start)
        kept.append(note)
    return tuple(kept)


def from_the_top(notes: list[Note], voices: int) -> tuple[tuple[Note, ...], ...]:
    """Chords taken apart into voices: at each time the highest note sounding is of the first, the lowest of the last.

    Notes between them are of the voices between, from the top; with more notes than voices, some in the middle are left
    out.

    Args:
        notes: of all instruments.
        voices: how many.
    """
    times = sorted({time for note in notes for time in (note.start, note.end)})
    found: list[list[Note]] = [[] for _ in range(voices)]
    ordered = sorted(notes, key=lambda note: note.start)
    active: list[Note] = []
    position = 0
    for time, until in pairwise(times):
        active = [note for note in active if note.end > time]
        while position < len(ordered) and ordered[position].start <= time:
            active.append(ordered[position])
            position += 1
        chord = sorted({note.pitch: note for note in active}.values(), key=lambda note: -note.pitch)
        placed = dict(enumerate(chord[:voices]))
        if len(chord) >= voices > 1:
            placed[voices - 1] = chord[-1]
        for voice, note in placed.items():
            line = found[voice]
            if line and line[-1].pitch == note.pitch and line[-1].end == time and note.start < time:
                line[-1] = line[-1]._replace(end=until)
            else:
                line.append(Note(time, until, note.pitch))
    return tuple(tuple(line) for line in found)
