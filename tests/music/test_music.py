"""Notes, MIDI files, keys, rolls, figures and sound, against numbers worked out by hand."""

import io
import zipfile

import mido
import numpy as np
import pytest

from impasto.base.rolls import Roll
from impasto.music.keys import key_of, semitones_to
from impasto.music.markov import markov_rolls
from impasto.music.midi import read_midi, write_midi
from impasto.music.musicxml import read_musicxml
from impasto.music.notes import BadMusic, Note, Piece, from_the_top, one_at_a_time
from impasto.music.rolls import begins_of, excerpts, notes_of, pitches_of, semitones_of, whole_roll
from impasto.music.statistics import (
    bars_of,
    consonance,
    groove_similarity,
    in_scale,
    pitch_classes,
    statistics_of,
    used_pitch_classes,
)
from impasto.music.synthesis import RATE, frequency, rendered, tone

FORM = Roll(("high", "low"), lowest=48, steps_per_beat=2, beats_per_bar=4)
HEIGHT = 26
"""Pitches 48 to 72, and the beginnings."""


def as_rolls(piece: Piece) -> np.ndarray:
    return whole_roll(piece, FORM, HEIGHT).transpose(2, 0, 1)[None]


TWO_BARS = Piece(
    "a",
    (
        (Note(0, 1, 60), Note(1, 2, 60), Note(2, 4, 64), Note(4, 8, 67)),
        (Note(0, 4, 48), Note(4, 6, 55)),
    ),
    (0.0, 4.0, 8.0),
)


def test_a_written_midi_file_is_read_again_as_it_was() -> None:
    content = write_midi(TWO_BARS.voices, ("high", "low"), (52, 0), 96, 3)
    piece = read_midi(content, "b", voices=2)
    assert piece.voices == TWO_BARS.voices
    assert piece.tempo == pytest.approx(96)
    assert piece.bars == (0.0, 3.0, 6.0, 9.0)  # of three beats, as the file says
    programs = [
        m.program for t in mido.MidiFile(file=io.BytesIO(content)).tracks for m in t if m.type == "program_change"
    ]
    assert programs == [52, 0]


def test_instruments_become_voices_by_their_height_and_drums_are_left_out() -> None:
    file = mido.MidiFile(ticks_per_beat=10)
    for channel, pitch in ((0, 48), (1, 72), (9, 100)):
        track = mido.MidiTrack()
        track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=9, time=0))
        track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=0, time=25))  # which ends it
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    assert read_midi(buffer.getvalue(), "c", voices=2).voices == ((Note(0, 2.5, 72),), (Note(0, 2.5, 48),))
    assert read_midi(buffer.getvalue(), "c", voices=1).voices == ((Note(0, 2.5, 72),),)


SHORT_BARS = write_midi(TWO_BARS.voices, ("high", "low"), (), 90, 4).replace(
    b"\xff\x58\x04\x04\x02", b"\xff\x58\x04\x04\xc8"
)
"""The denominator of the metre is 2 ** 200."""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"MThd\0\0", "no MIDI file, or a damaged one"),
        (b"", "no MIDI file"),
        (write_midi((), (), (), 90, 4), "no notes"),
        (SHORT_BARS, "bars of no length"),
    ],
    ids=["cut off", "empty", "silent", "bars of 2 ** -198 beats"],
)
def test_what_is_wrong_with_a_midi_file_is_said(content: bytes, why: str) -> None:
    with pytest.raises(BadMusic, match=why):
        read_midi(content, "d", voices=4)


def test_one_voice_keeps_the_highest_note() -> None:
    notes = [Note(0, 4, 50), Note(1, 2, 60), Note(1, 2, 55)]
    assert one_at_a_time(notes) == (Note(0, 1, 50), Note(1, 2, 60))
    assert one_at_a_time([Note(0, 2, 60), Note(1, 3, 50)]) == (Note(0, 2, 60), Note(2, 3, 50))


def test_chords_are_taken_apart_from_the_top() -> None:
    chord = [Note(0, 2, 60), Note(0, 2, 64), Note(0, 1, 67), Note(0, 2, 72)]
    high, middle, low = from_the_top(chord, 3)
    assert high == (Note(0, 2, 72),)
    assert middle == (Note(0, 1, 67), Note(1, 2, 64))
    assert low == (Note(0, 2, 60),)


SCORE = """<score-partwise><part id="P1">
<measure><attributes><divisions>2</divisions></attributes>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration></note></measure>
<measure><note><rest/><duration>2</duration></note>
<note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch><duration>4</duration><tie type="start"/></note>
<note><grace/><pitch><step>A</step><octave>4</octave></pitch></note></measure>
<measure><note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch><duration>1</duration><tie type="stop"/>
</note>
</measure></part></score-partwise>"""


def test_musicxml_has_an_upbeat_rests_and_ties() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("a.xml", SCORE)
    piece = read_musicxml(buffer.getvalue(), "e")
    assert piece.voices == ((Note(0, 1, 60), Note(2, 4.5, 66)),)
    assert piece.bars == (0.0, 1.0, 4.0, 4.5)
    with pytest.raises(BadMusic, match="damaged"):
        read_musicxml(buffer.getvalue()[:40], "e")


def test_keys() -> None:
    d_major = [(tone - 2) % 12 in (0, 2, 4, 5, 7, 9, 11) for tone in range(12)]
    assert key_of([2 * (tone == 2) + inside for tone, inside in enumerate(d_major)])[:2] == (2, False)
    e_minor = [3.0 * (tone in (4, 7, 11)) for tone in range(12)]
    assert key_of(e_minor)[:2] == (4, True)
    assert [semitones_to(tonic, 0) for tonic in (2, 7, 6, 11)] == [-2, 5, 6, 1]


def test_a_roll_is_its_notes() -> None:
    rolls = as_rolls(TWO_BARS)
    assert rolls.shape == (1, 2, HEIGHT, 16)
    assert pitches_of(rolls, FORM)[0, 0].tolist() == [60] * 4 + [64] * 4 + [67] * 8
    assert pitches_of(rolls, FORM)[0, 1].tolist() == [48] * 8 + [55] * 4 + [-1] * 4
    assert np.flatnonzero(begins_of(rolls, FORM)[0, 0]).tolist() == [0, 2, 4, 8]  # the second note repeats the first
    assert notes_of(rolls[0], FORM) == TWO_BARS.voices


def test_pitches_beyond_the_rows_are_moved_by_octaves() -> None:
    far = Piece("f", ((Note(0, 4, 85),), (Note(0, 4, 23),)), (0.0, 4.0))
    assert pitches_of(as_rolls(far), FORM)[0, :, 0].tolist() == [61, 59]


def test_excerpts_begin_at_bars_of_the_right_length() -> None:
    line = tuple(Note(beat, beat + 1, 60) for beat in range(14))
    piece = Piece("g", (line, line), (0.0, 1.0, 5.0, 8.0, 9.0, 13.0, 14.0))  # an upbeat, and a bar of 3 and 1 beats
    found = list(excerpts(piece, FORM, 2, HEIGHT))
    assert [number for number, _ in found] == [1, 2]
    assert found[0][1].shape == (HEIGHT, 16, 2)
    silent = Piece("h", (line, line[:3]), piece.bars)
    assert not list(excerpts(silent, FORM, 2, HEIGHT))


def test_pieces_are_moved_to_a_common_key() -> None:
    d_minor = Piece("i", (tuple(Note(i, i + 1, p) for i, p in enumerate((62, 65, 69, 62, 69, 62))),), (0.0, 4.0))
    forms = {to: Roll(("a",), 48, transpose=to) for to in ("none", "scale", "tonic")}
    assert [semitones_of(d_minor, forms[to].transpose) for to in ("none", "scale", "tonic")] == [0, -5, -2]


def test_statistics_by_hand() -> None:
    rolls = as_rolls(TWO_BARS)
    pitches, begins = pitches_of(rolls, FORM), begins_of(rolls, FORM)
    shares = pitch_classes(pitches)[0]
    assert shares[[0, 4, 7]] == pytest.approx([12 / 28, 4 / 28, 12 / 28])
    assert used_pitch_classes(pitches, 8) == pytest.approx([1.5])  # C and E, then G alone
    assert in_scale(pitches) == pytest.approx([1.0])
    # Notes begin at steps 0, 2 and 4 of the first bar, and at 0 of the second.
    assert groove_similarity(begins, 8) == pytest.approx([1 - 2 / 8])
    # C over C, E over C and G over G are consonant; the last four steps have one voice.
    assert consonance(pitches) == pytest.approx([1.0])
    assert consonance(np.array([[[60, 61, 62, 65, 67]], [[60, 60, 60, 60, 60]]]).transpose(1, 0, 2)) == pytest.approx(
        [0.4]
    )
    chromatic = np.array([[[60, 61, 62, 63]]])
    assert in_scale(chromatic) == pytest.approx([0.75])  # A flat major and others have three of them
    assert statistics_of(rolls, FORM)["pitch_class_histogram"].shape == (1, 12)


def test_a_markov_chain_of_chords_repeats_what_it_knows_and_one_of_each_voice_mixes() -> None:
    random = np.random.default_rng(0)
    tunes = [
        Piece(
            "j",
            tuple(tuple(Note(i, i + 1, int(p)) for i, p in enumerate(random.integers(48, 72, 8))) for _ in "ab"),
            (0.0, 8.0),
        )
        for _ in range(6)
    ]
    rolls = np.concatenate([as_rolls(tune) for tune in tunes])
    known = set(bars_of(rolls, FORM))
    copied = {}
    for together in ("voices", "chords"):
        made = markov_rolls(rolls, FORM, 20, together, seed=1)  # type: ignore[arg-type]
        assert made.shape == (20, *rolls.shape[1:])
        assert (pitches_of(made, FORM) >= 0).all()
        copied[together] = np.mean([bar in known for bar in bars_of(made, FORM)])
    assert copied["chords"] == 1
    assert copied["voices"] < 0.4
    again = markov_rolls(rolls, FORM, 20, "voices", seed=1)
    assert (again == markov_rolls(rolls, FORM, 20, "voices", seed=1)).all()


def test_a_note_sounds_at_its_pitch_for_its_time() -> None:
    assert frequency(69) == pytest.approx(440)
    assert frequency(57) == pytest.approx(220)
    from impasto.music.synthesis import FLUTE

    wave = tone(69, 1.0, FLUTE)
    loudest = np.argmax(np.abs(np.fft.rfft(wave * np.hanning(len(wave))))) * RATE / len(wave)
    assert loudest == pytest.approx(440, abs=1.5)
    sound = rendered(TWO_BARS.voices, tempo=120)
    assert len(sound) / RATE == pytest.approx(8 / 2 + 0.1, abs=0.01)
    assert np.abs(sound).max() == pytest.approx(0.89, abs=1e-3)
