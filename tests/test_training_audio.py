"""Sound: a folder of clean files with a broken one, denoised, measured, and a file of any length repainted."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from scipy.io import wavfile

from impasto.audio.files import read_sound
from impasto.audio.phrases import TIMBRES, phrase
from impasto.base.errors import UserError
from impasto.data.sources.audio import AudioSource, Pair, open_audio
from stylize import stylize
from tests.training import CONF, composed, train

RATE = 8000
SIZE = [16, 16]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six tunes of a second each, and a file that is no sound."""
    folder = tmp_path_factory.mktemp("sound")
    for seed in range(6):
        write(folder / f"{seed}.wav", phrase(seed, TIMBRES["flute"], 1.0, RATE))
    (folder / "broken.wav").write_bytes(b"RIFF and nothing else")
    return folder


def write(path: Path, wave: np.ndarray) -> None:
    wavfile.write(path, RATE, (wave * 32767).astype(np.int16))


def test_sound_is_denoised(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    tiny = [f"data.root={folder}", f"data.rate={RATE}", f"data.image_size={SIZE}", "data.max_bad_share=0.5"]
    tiny += ["data.held_out_sounds=0.4", "model.generator.levels=2", "model.generator.features=4", "kimg=0.016"]
    tiny += [
        "model.discriminator.features=4",
        "model.discriminator.layers=1",
        "callbacks.progress=null",
        "minutes=null",
    ]
    train(composed(run, "experiment=denoise_audio", *tiny))
    rows = list(csv.DictReader((run / "bad_images.csv").open()))
    assert "no sound file, or a damaged one" in rows[0]["reason"]
    figures = json.loads((run / "summary.json").read_text())["metrics"]
    assert set(figures["si_sdr"]["controls"]) == {
        "sound as it is given",
        "spectral subtraction",
        "the loudness of the sound wanted",
    }
    assert figures["si_sdr"]["controls"]["the loudness of the sound wanted"] > figures["si_sdr"]["final"]
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "long.wav", phrase(9, TIMBRES["flute"], 1.7, RATE))
    with initialize_config_dir(CONF, version_base="1.3"):
        stylize(compose("stylize", [f"checkpoint={run}", f"input={tmp_path / 'in'}", f"output={tmp_path / 'out'}"]))
    written = read_sound((tmp_path / "out" / "long.wav").read_bytes(), RATE)
    assert len(written) == round(1.7 * RATE)
    assert np.abs(written).max() > 0


def test_pairs_of_folders_and_of_timbres(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "soft").mkdir()
    for seed in range(3):
        write(tmp_path / "soft" / f"{seed}.wav", 0.1 * phrase(seed, TIMBRES["flute"], 1.0, RATE))
    opened = open_audio(content=str(tmp_path / "soft"), target=str(folder), rate=RATE, size=SIZE)
    pairs = [pair for pair in pairs_of(opened["content"].source) if isinstance(pair, Pair)]
    assert {pair.name.partition("/")[0] for pair in pairs} <= {"0", "1", "2"}
    assert all(pair.given == pytest.approx(0.1 * pair.wanted, abs=1e-3) for pair in pairs)
    timbres = open_audio(task="timbre", phrases=10, rate=RATE, size=SIZE)
    assert [part.name for part in timbres.values()] == [f"10 phrases made by code, {t}" for t in ("plucked", "flute")]
    assert len(pairs_of(timbres["target"].held_out)) == 1
    one = next(timbres["target"].source.items())
    assert (one.load.shape, one.load.dtype) == ((16, 16, 1), np.uint16)  # type: ignore[union-attr]


def pairs_of(source: object) -> list[object]:
    assert isinstance(source, AudioSource)
    return list(source.pairs())


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"content": "a"}, "set data.target"),
        ({"root": "a", "task": "timbre"}, "folder of clean sounds"),
        ({"noise": [5, 0]}, "least and the most decibels"),
        ({"noise": [0, float("nan")]}, "least and the most decibels"),
        ({"timbres": ["plucked", "horn"]}, "give two of plucked, flute, organ"),
        ({"root": "/nowhere"}, "does not exist"),
        ({"held_out_sounds": 0.0}, "not a share"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], why: str) -> None:
    with pytest.raises(UserError, match=why):
        open_audio(**settings, size=SIZE)  # type: ignore[arg-type]
