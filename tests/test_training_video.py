"""Clips from data to files: trained by class, measured beside controls, resumed, and written as animations."""

import json
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from PIL import Image

from generate import generate
from impasto.base.errors import UserError
from impasto.data.clips import ClipsDataModule
from impasto.data.sources.made_clips import open_made_clips
from tests.test_training import same
from tests.training import CONF, composed, train, weights

TINY = (
    *("experiment=loops", "data.clips=12", "data.length=8", "data.frames=8", "data.batch_size=4", "data.image_size=16"),
    *("data.size=16", "model.generator.features=4", "model.generator.max_features=8", "model.discriminator.features=4"),
    *("model.discriminator.max_features=8", "evaluation.num_images=8", "evaluation.num_real=4"),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video")
    train(composed(folder / "run", *TINY, "kimg=0.016", f"data.cache_dir={folder / 'cache'}"))
    return folder / "run"


def test_a_run_is_measured_beside_its_controls(run: Path) -> None:
    figures = json.loads((run / "summary.json").read_text())["metrics"]
    assert {"fd_random_clips", "motion_error", "loop_seam", "speed"} <= set(figures)
    controls = figures["motion_error"]["controls"]
    assert controls["real clips, one frame repeated"] == 1
    assert Image.open(next((run / "samples").glob("0*.png"))).size[0] == 8 * 16 + 7 * 2  # the frames of a clip in a row


def test_it_is_resumed_exactly(run: Path, tmp_path: Path) -> None:
    given = [*TINY, "kimg=0.016", f"data.cache_dir={run.parent / 'cache'}"]
    train(composed(tmp_path, *given, "callbacks.stop.kimg=0.008"))
    train(composed(tmp_path, *given, f"resume={tmp_path}"))
    assert same(weights(run)["state_dict"], weights(tmp_path)["state_dict"])


def test_animations_and_their_sheet(run: Path, tmp_path: Path) -> None:
    call = [f"checkpoint={run}", f"output={tmp_path / 'out'}", "num_images=2", "label=water"]
    with initialize_config_dir(CONF, version_base="1.3"):
        generate(compose("generate", [*call, "clip=png", "sprite_sheet=8", "palette=8", "fps=20"]))
        with pytest.raises(SystemExit, match="clip=avi is not known"):
            generate(compose("generate", [*call, "clip=avi"]))
    clip = Image.open(tmp_path / "out" / "000001.png")
    assert (clip.n_frames, clip.info["duration"], clip.info["loop"]) == (8, 50, 0)
    sheet = json.loads((tmp_path / "out" / "sprites.json").read_text())
    names = sheet["animations"]["000001"]
    assert names == [f"000001/{i:02d}.png" for i in range(8)]
    place = sheet["frames"][names[0]]["frame"]
    whole = np.asarray(Image.open(tmp_path / "out" / "sprites.png"))
    clip.seek(0)
    first = np.asarray(clip.convert("RGBA"))
    assert (whole[place["y"] : place["y"] + 16, place["x"] : place["x"] + 16] == first).all()
    assert (tmp_path / "out" / "labels.csv").read_text().splitlines()[1:] == [
        "000000.png,water,1",
        "000001.png,water,1",
    ]


def test_clips_of_ones_own_by_class(tmp_path: Path) -> None:
    for clip in ("run/a", "run/b", "jump/a"):
        folder = tmp_path / "clips" / clip
        folder.mkdir(parents=True)
        for number in range(5):
            Image.new("L", (16, 16), 40 * number + len(clip)).save(folder / f"{number}.png")

    def opened(frames: int) -> ClipsDataModule:
        given = {"root": str(tmp_path / "clips"), "cache_dir": str(tmp_path), "image_size": 16, "channels": 1}
        data = ClipsDataModule(pictures=open_made_clips, frames=frames, resize="crop", duplicates="keep", **given)  # type: ignore[arg-type]
        data.prepare_data()
        return data

    data = opened(4)
    spec = data.spec["image"]
    assert (spec.channels, spec.frames, spec.class_names) == (4, 4, ("jump", "run"))
    train_set = data.train["image"]
    assert train_set.labels is not None
    assert train_set.labels.tolist() == [0, 0, 1, 1, 1, 1]  # two runs of four frames in each clip
    assert train_set.batch([0])[0, 0, 0].tolist() == [6, 46, 86, 126]
    with pytest.raises(UserError, match="No clip has the 6 frames"):
        opened(6)
