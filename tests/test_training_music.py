"""Music: a folder of MIDI files with a broken one, trained on, measured, generated from, and set with voices."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from generate import generate
from impasto.base.errors import UserError
from impasto.base.rolls import Roll
from impasto.data.sources.music import CHORALE_VOICES, chorales, open_accompaniment, open_music, open_two_styles
from impasto.evaluation.protocols.accompaniment import nearest_voices, usual_voices
from impasto.evaluation.protocols.music import Music
from impasto.evaluation.protocols.music_styles import kept, log_odds, moved, semitones_by_rule
from impasto.music.midi import read_midi, write_midi
from impasto.music.notes import Note, Piece
from impasto.music.rolls import pitches_of, whole_roll
from stylize import stylize
from tests.training import CONF, composed, train

SMALL = [
    "data.batch_size=8",
    "data.max_bad_share=0.2",
    "data.held_out_pieces=0.25",
    "model.generator.features=8",
    "model.discriminator.features=8",
    "callbacks.samples.every_kimg=null",
    "callbacks.progress=null",
    "minutes=null",
]


def tune(seed: int, bars: int = 4) -> tuple[tuple[Note, ...], ...]:
    """Four voices in C major, a note a beat."""
    random = np.random.default_rng(seed)
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    return tuple(
        tuple(Note(i, i + 1, int(low + scale[random.integers(7)])) for i in range(4 * bars)) for low in (67, 60, 55, 43)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight tunes in two folders, and a file that is no MIDI."""
    folder = tmp_path_factory.mktemp("music")
    for seed in range(8):
        path = folder / f"book_{seed % 2}" / f"{seed}.mid"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(write_midi(tune(seed), CHORALE_VOICES, (), 100, 4))
    (folder / "broken.mid").write_bytes(b"MThd and nothing else")
    return folder


def test_music_from_noise(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    own = [f"data.root={folder}", "evaluation.num_images=12", "kimg=0.032"]
    train(composed(run, "experiment=chorales", *SMALL, *own))
    rows = list(csv.DictReader((run / "bad_images.csv").open()))
    assert [row["name"] for row in rows] == ["broken.mid"]
    assert "no MIDI file, or a damaged one" in rows[0]["reason"]
    summary = json.loads((run / "summary.json").read_text())
    assert summary["data"]["name"] == f"folder {folder.name}"
    figure = summary["metrics"]["music_distance"]
    low, high = figure["interval"]
    assert low <= figure["final"] <= high
    assert len(figure["controls"]) == 3
    with initialize_config_dir(CONF, version_base="1.3"):
        generate(
            compose("generate", [f"checkpoint={run}", "num_images=2", f"output={tmp_path / 'made'}", "audio=true"])
        )
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        *("000000.mid", "000000.wav", "000001.mid", "000001.wav")
    ]
    assert len(read_midi((tmp_path / "made" / "000000.mid").read_bytes(), "a", 4).voices) == 4


def test_voices_to_a_melody(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(composed(run, "experiment=accompaniment", *SMALL, f"data.root={folder}", "kimg=0.016"))
    figures = json.loads((run / "summary.json").read_text())["metrics"]
    assert 0 <= figures["note_accuracy"]["final"] <= 1
    melody = tmp_path / "tunes" / "melody.mid"
    melody.parent.mkdir()
    high = tuple(note._replace(start=note.start + 1, end=note.end + 1, pitch=note.pitch + 2) for note in tune(9)[0])
    melody.write_bytes(write_midi([high], ("tune",), (0,), 72, 4))
    (tmp_path / "tunes" / "broken.mid").write_bytes(b"")
    with initialize_config_dir(CONF, version_base="1.3"):
        with pytest.raises(SystemExit, match="1 of 2 pictures were skipped"):
            stylize(compose("stylize", [f"checkpoint={run}", f"input={melody.parent}", f"output={tmp_path / 'set'}"]))
        with pytest.raises(SystemExit, match="sheet= is for pictures"):
            stylize(compose("stylize", [f"checkpoint={run}", f"input={melody}", f"output={tmp_path}", "sheet=2"]))
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["melody.mid"]
    written = read_midi((tmp_path / "set" / "melody.mid").read_bytes(), "b", 4)
    assert high in written.voices
    assert written.tempo == pytest.approx(72, abs=0.01)


def test_chorales_are_read_from_the_corpus_without_its_library() -> None:
    form = Roll(CHORALE_VOICES, 36)
    files, name, origin, _ = chorales(form)
    assert origin == "sample"
    assert len(files) > 400
    assert "corpus of music21" in name
    opened = open_music(size=[48, 32])
    assert opened.held_out is not None
    held, train_on = ({path for path, _ in part.files} for part in (opened.held_out, opened.source))  # type: ignore[attr-defined]
    assert len(held) == round(0.2 * len(files))
    assert not held & train_on
    first = next(opened.source.items())
    assert first.load.shape == (48, 32, 4)  # type: ignore[union-attr]


def test_settings_that_cannot_be() -> None:
    for settings, why in [
        ({"size": [48, 30]}, "not two bars or more of 16 steps"),
        ({"size": [100, 32], "lowest": 60}, "one for the beginnings of notes"),
        ({"size": [48, 32], "voices": ["a"]}, "four voices, and data.voices names 1"),
        ({"size": [48, 32], "root": "/nowhere"}, "does not exist"),
        ({"size": [48, 32], "root": __file__}, "is not a folder"),
        ({"size": [48, 32], "held_out_pieces": 1.0}, "not a share"),
    ]:
        with pytest.raises(UserError, match=why):
            open_music(**settings)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no voice of 4"):
        open_accompaniment(melody=4, size=[48, 32])


FORM = Roll(("a",), 60, steps_per_beat=1)


def music(*lines: list[int]) -> Music:
    """Excerpts of one voice, a step a number, -1 for silence."""
    pieces = [
        Piece("", (tuple(Note(i, i + 1, p) for i, p in enumerate(line) if p >= 0),), (0.0, 4.0)) for line in lines
    ]
    return Music.alone(np.stack([whole_roll(piece, FORM, 26).transpose(2, 0, 1) for piece in pieces]), FORM)


def test_controls_of_accompaniment_by_hand() -> None:
    melodies, voices = music([72, 74, 72, 74], [72, 72, 76, 76]), music([60, 62, 60, -1], [64, 60, 67, 67])
    usual = usual_voices(music([72, 76, 72, 72]), melodies, voices)
    assert pitches_of(usual, FORM).tolist() == [[[60, 67, 60, 60]]]
    nearest = nearest_voices(music([72, 72, 72, 76]), melodies, voices)
    assert pitches_of(nearest, FORM).tolist() == [[[64, 60, 67, 67]]]


def test_the_rule_of_restyling_by_hand() -> None:
    major, minor = music([60, 64, 67, 60], [64, 64, 60, 67]), music([60, 63, 67, 60], [63, 63, 60, 67])
    rule = semitones_by_rule(major, minor)
    assert rule == [0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0]
    after = moved(major.rolls, FORM, rule)
    assert pitches_of(after, FORM)[:, 0].tolist() == [[60, 63, 67, 60], [63, 63, 60, 67]]
    assert kept(after, major.rolls, FORM).tolist() == [1, 1]
    odds = log_odds(major, minor)
    assert odds[3] == pytest.approx(np.log(4))
    assert odds[4] == pytest.approx(-np.log(4))
    parts = open_two_styles(size=[48, 32], transpose="tonic")
    assert [part.name.rpartition(" in ")[2] for part in parts.values()] == ["major", "minor"]
