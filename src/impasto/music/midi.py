"""MIDI files, through mido: read as pieces, written from voices."""

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from impasto.base.errors import UserError
from impasto.music.notes import BadMusic, Note, Piece, from_the_top, one_at_a_time

ENDINGS: Final = (".mid", ".midi")
"""Of the names of MIDI files."""
DRUMS: Final = 9
"""The channel of drums in General MIDI, counted from 0."""
TICKS: Final = 480
"""In a beat, of files that are written."""
LONGEST: Final = 100_000
"""Beats: a file that says it is longer is damaged."""
SHORTEST_BAR: Final = 0.25
"""Beats, likewise; a bar can say that it is so short that a piece would have more of them than fit into memory."""


def mido() -> Any:
    """The library.

    Raises:
        UserError: it is not installed.
    """
    try:
        import mido
    except ImportError:
        raise UserError("MIDI files are read and written by the package mido: pip install 'impasto[music]'.") from None
    return mido


def read_midi(content: bytes, name: str, voices: int, beats_per_bar: int = 4) -> Piece:
    """A piece from a MIDI file.

    With as many instruments as voices (tracks, or channels of a track), each is a voice, the highest by its mean pitch
    first; with another number their notes are put into voices from the top, see
    :func:`~impasto.music.notes.from_the_top`. Drums are left out. Bars are counted by the time signatures; those of
    another metre are not of ``beats_per_bar`` beats, and lie between others.

    Args:
        content: of the file.
        name: to call the piece by.
        voices: how many.
        beats_per_bar: quarter notes in a bar where the file says nothing of its metre.

    Raises:
        BadMusic: it is no MIDI file, is damaged, or holds no notes.
        UserError: mido is not installed.
    """
    library = mido()
    try:
        file = library.MidiFile(file=io.BytesIO(content), clip=True)
    except Exception as problem:  # mido raises whatever its parser stumbles over
        raise BadMusic(f"no MIDI file, or a damaged one ({str(problem) or type(problem).__name__})") from None
    if file.ticks_per_beat <= 0:
        raise BadMusic("its time is counted in frames of film, not in beats")
    tempo, metres, instruments = _events(file)
    instruments = {key: notes for key, notes in instruments.items() if notes}
    if not instruments:
        raise BadMusic("it holds no notes")
    everything = [note for notes in instruments.values() for note in notes]
    end = max(note.end for note in everything)
    if any(length < SHORTEST_BAR for _, length in metres):
        raise BadMusic("its metre is damaged: bars of no length")
    if end > LONGEST:
        raise BadMusic(f"it says that it is {end:.0f} beats long")
    if len(instruments) == voices:
        by_height = sorted(instruments.values(), key=lambda notes: -sum(note.pitch for note in notes) / len(notes))
        lines = tuple(one_at_a_time(notes) for notes in by_height)
    else:
        lines = from_the_top(everything, voices)
    return Piece(name, lines, _bars(metres, float(beats_per_bar), end), tempo)


def _events(file: Any) -> tuple[float, list[tuple[float, float]], dict[tuple[int, int], list[Note]]]:
    """The first tempo, beats in a bar from which beat on, and notes by track and channel."""
    tempo = 120.0  # of a file that says nothing
    told = False
    metres: list[tuple[float, float]] = []
    instruments: dict[tuple[int, int], list[Note]] = {}
    for number, track in enumerate(file.tracks):
        ticks = 0
        sounding: dict[tuple[int, int], float] = {}
        for message in track:
            ticks += message.time
            beat = ticks / file.ticks_per_beat
            if message.type == "set_tempo" and not told:
                tempo, told = 60e6 / max(message.tempo, 1), True
            elif message.type == "time_signature":
                metres.append((beat, message.numerator * 4 / message.denominator))
            elif message.type in ("note_on", "note_off") and message.channel != DRUMS:
                key = (message.channel, message.note)
                begun = sounding.pop(key, None)
                if begun is not None and beat > begun:
                    instruments.setdefault((number, message.channel), []).append(Note(begun, beat, message.note))
                if message.type == "note_on" and message.velocity > 0:
                    sounding[key] = beat
    return tempo, sorted(metres), instruments


def _bars(metres: Sequence[tuple[float, float]], usual: float, end: float) -> tuple[float, ...]:
    """Where bars begin, up to one that begins at ``end`` or behind it."""
    changes = [*metres] if metres and metres[0][0] == 0 else [(0.0, usual), *metres]
    found: list[float] = []
    for (start, length), (until, _) in pairwise([*changes, (end, 0.0)]):
        count = 0
        while start + count * length < until - 1e-6:
            found.append(start + count * length)
            count += 1
        last = start + count * length
    return (*found, last)


def write_midi(
    voices: Sequence[Sequence[Note]], names: Sequence[str], programs: Sequence[int], tempo: float, beats_per_bar: int
) -> bytes:
    """The bytes of a MIDI file of type 1: a track for each voice, on a channel of its own, but not that of drums.

    Args:
        voices: notes of each.
        names: of the tracks.
        programs: of General MIDI, by which they are played; the first, a piano, where there are none.
        tempo: beats a minute.
        beats_per_bar: of the metre.

    Raises:
        UserError: mido is not installed.
    """
    library = mido()
    file = library.MidiFile(type=1, ticks_per_beat=TICKS)
    head = library.MidiTrack()
    head.append(library.MetaMessage("set_tempo", tempo=round(60e6 / tempo), time=0))
    head.append(library.MetaMessage("time_signature", numerator=beats_per_bar, denominator=4, time=0))
    file.tracks.append(head)
    channels = [channel for channel in range(16) if channel != DRUMS]
    for number, notes in enumerate(voices):
        track, channel = library.MidiTrack(), channels[number % len(channels)]
        track.append(
            library.MetaMessage("track_name", name=names[number].encode("latin-1", "replace").decode("latin-1"))
        )
        program = programs[number] if number < len(programs) else 0
        track.append(library.Message("program_change", channel=channel, program=program, time=0))
        # A note ends before the next of the same pitch begins.
        moments = [(round(note.end * TICKS), 0, note.pitch) for note in notes]
        moments += [(round(note.start * TICKS), 1, note.pitch) for note in notes]
        now = 0
        for tick, begins, pitch in sorted(moments):
            kind, velocity = ("note_on", 80) if begins else ("note_off", 0)
            track.append(library.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - now))
            now = tick
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()
