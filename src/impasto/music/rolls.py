"""Pieces as piano rolls, and back; see :mod:`impasto.base.rolls` for what rows and columns mean."""

from collections.abc import Iterator, Sequence

import numpy as np

from impasto.base.rolls import Roll, Transpose
from impasto.music.keys import key_of, semitones_to
from impasto.music.notes import Note, Piece

FULL = 255
"""Of a pixel where a voice sounds."""
LEAST_SOUND = 0.5
"""Share of the steps in which every voice sounds, in excerpts that are taken."""
CLOSE = 1e-3
"""Beats within which two times are the same."""


def semitones_of(piece: Piece, to: Transpose) -> int:
    """By how much a piece is moved by its key: see :class:`~impasto.base.rolls.Roll`."""
    if to == "none":
        return 0
    key = key_of(piece.pitch_class_weights())
    return semitones_to(key.tonic, 9 if key.minor and to == "scale" else 0)


def excerpts(piece: Piece, form: Roll, bars: int, height: int) -> Iterator[tuple[int, np.ndarray]]:
    """Rolls of ``bars`` bars, one that begins at each bar, with the number of that bar.

    Bars of another length than the form's are left out, and excerpts in which a voice sounds in less than half the
    steps.

    Args:
        piece: with as many voices as the form.
        form: of the rolls.
        bars: in an excerpt.
        height: rows, that of the beginnings included.

    Yields:
        uint8 (height, columns, voices), :data:`FULL` or 0.
    """
    whole = whole_roll(piece, form, height)
    lines = np.array(piece.bars)
    for number, start in enumerate(piece.bars):
        ends = start + form.beats_per_bar * np.arange(1, bars + 1)
        next_lines = lines[np.searchsorted(lines, ends - CLOSE).clip(max=len(lines) - 1)]
        if not (np.abs(next_lines - ends) < CLOSE).all():
            continue
        first = round(start * form.steps_per_beat)
        cut = whole[:, first : first + bars * form.bar].copy()
        if cut.shape[1] < bars * form.bar:
            continue
        # What goes on from the bar before begins here, since nothing is heard of the bar before.
        cut[-1, 0] = cut[:-1, 0].max(0)
        if (cut[:-1].max(0) > 0).mean(0).min() >= LEAST_SOUND:
            yield number, cut


def whole_roll(piece: Piece, form: Roll, height: int) -> np.ndarray:
    """A piece as one roll: uint8 (height, steps, voices). Notes are moved to the nearest step, and last one at least.

    Pitches beyond the rows are moved by octaves.
    """
    steps = max(round(piece.bars[-1] * form.steps_per_beat), 1)
    roll = np.zeros((height, steps, len(form.voices)), np.uint8)
    for voice, notes in enumerate(piece.voices):
        for note in notes:
            first = round(note.start * form.steps_per_beat)
            end = max(round(note.end * form.steps_per_beat), first + 1)
            if first >= steps:
                continue
            roll[:-1, first:end, voice] = 0  # of the note before, where rounding makes them meet
            roll[row_of(note.pitch, form, height), first:end, voice] = FULL
            roll[-1, first:end, voice] = 0
            roll[-1, first, voice] = FULL
    return roll


def row_of(pitch: int, form: Roll, height: int) -> int:
    """The row of a pitch, moved by octaves into those that there are."""
    above = pitch - form.lowest
    rows = height - 1
    if not 0 <= above < rows:
        above = above % 12 if above < 0 else rows - 1 - (rows - 1 - above) % 12
    return rows - 1 - min(above, rows - 1)


def pitches_of(rolls: np.ndarray, form: Roll) -> np.ndarray:
    """The pitch of each voice at each step.

    Args:
        rolls: (N, voices, H, W), full where a voice sounds: uint8, or any numbers of which more than half of
            :data:`FULL` is full. Of several rows the fullest counts.
        form: of the rolls.

    Returns:
        int64 (N, voices, W), MIDI numbers, -1 for silence.
    """
    sounding = rolls[:, :, :-1]
    highest = sounding.argmax(2)
    pitch = form.lowest + sounding.shape[2] - 1 - highest
    return np.where(sounding.max(2) > FULL / 2, pitch, -1)


def begins_of(rolls: np.ndarray, form: Roll) -> np.ndarray:
    """Where notes begin: bool (N, voices, W), of rolls as :func:`pitches_of` has them; also where the pitch changes."""
    pitches = pitches_of(rolls, form)
    before = np.concatenate([np.full_like(pitches[..., :1], -1), pitches[..., :-1]], -1)
    return (pitches >= 0) & ((pitches != before) | (rolls[:, :, -1] > FULL / 2))


def notes_of(roll: np.ndarray, form: Roll) -> tuple[tuple[Note, ...], ...]:
    """The notes of each voice of one roll (voices, H, W), as :func:`pitches_of` has it."""
    pitches, begins = pitches_of(roll[None], form)[0], begins_of(roll[None], form)[0]
    return tuple(_line(pitch, begin, form.steps_per_beat) for pitch, begin in zip(pitches, begins, strict=True))


def _line(pitches: Sequence[int] | np.ndarray, begins: np.ndarray, steps_per_beat: int) -> tuple[Note, ...]:
    notes: list[Note] = []
    for step, (pitch, begin) in enumerate(zip(pitches, begins, strict=True)):
        if pitch < 0:
            continue
        end = (step + 1) / steps_per_beat
        if begin:
            notes.append(Note(step / steps_per_beat, end, int(pitch)))
        else:
            notes[-1] = notes[-1]._replace(end=end)
    return tuple(notes)
