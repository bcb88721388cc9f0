"""A model that is conditioned on vectors: trained, cut and resumed, measured, and painted with, on tiny pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from PIL import Image

from generate import generate
from impasto.base.errors import UserError
from impasto.evaluation.command import measure_checkpoint
from tests.test_training import NARROW, SMALL, same
from tests.training import CONF, composed, make_pictures, train, weights

EVALUATE = Path(CONF, "evaluation")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("data") / "pictures")


@pytest.fixture(scope="module")
def vectors(pictures: Path) -> Path:
    """Three numbers for each picture, in a file of another folder."""
    files = [str(path.relative_to(pictures)) for path in pictures.rglob("*.png")]
    path = pictures.parent / "vectors.npz"
    np.savez(path, files=files, vectors=np.random.default_rng(0).standard_normal((len(files), 3)))
    return path


def conditional(pictures: Path, vectors: Path, *overrides: str) -> list[str]:
    return [*SMALL, *NARROW, "model=cgan", f"data.root={pictures}", f"data.vectors={vectors}", *overrides]


@pytest.fixture(scope="module")
def whole(pictures: Path, vectors: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 48 pictures, a quarter of the data held out."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    train(composed(run_dir, *conditional(pictures, vectors, "kimg=0.048", "data.holdout=0.25")))
    return run_dir


def test_n_plus_m_images_are_n_and_m_images(whole: Path, pictures: Path, vectors: Path, tmp_path: Path) -> None:
    overrides = conditional(pictures, vectors, "kimg=0.048", "data.holdout=0.25")
    train(composed(tmp_path, *overrides, "callbacks.stop.kimg=0.024"))  # as if stopped half-way
    train(composed(tmp_path, *overrides, f"resume={tmp_path}"))
    a, b = weights(whole), weights(tmp_path)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 48
    assert a["impasto"]["spec"]["image"]["condition_dim"] == 3
    assert a["impasto"]["spec"]["image"]["class_names"] == []
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])


def test_other_vectors_are_not_resumed_with(whole: Path, pictures: Path, vectors: Path, tmp_path: Path) -> None:
    with np.load(vectors) as known:
        np.savez(tmp_path / "other.npz", files=known["files"], vectors=known["vectors"] + 1)
    overrides = conditional(pictures, tmp_path / "other.npz", "kimg=0.06", "data.holdout=0.25")
    with pytest.raises(UserError, match="other condition vectors than this run was trained with"):
        train(composed(whole, *overrides, f"resume={whole}"))


def test_what_a_run_leaves(whole: Path) -> None:
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["status"] == "complete"
    assert summary["conditional"] is True
    assert summary["data"]["vectors"]["length"] == 3
    assert "data.vectors" not in summary["notices"]
    assert np.isfinite(summary["metrics"]["fd_tiny"]["final"])
    assert (whole / "samples" / "interpolation.png").is_file()
    assert Image.open(whole / "samples" / "000000048.png").size == (142, 142)  # 8 x 8 pictures of 16 x 16


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_measured_after_training(whole: Path, split: str) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        features = "evaluation.features=tests.evaluation.conftest.TinyExtractor"
        cfg = compose(
            "evaluate", [f"checkpoint={whole / 'checkpoints' / 'last.ckpt'}", features, f"evaluation.split={split}"]
        )
    result = measure_checkpoint(cfg, EVALUATE)
    assert np.isfinite(result.measurement.figures["fd_tiny"])
    if split == "train":
        final = json.loads((whole / "summary.json").read_text())["metrics"]["fd_tiny"]["final"]
        assert result.measurement.figures["fd_tiny"] == pytest.approx(final, rel=1e-5)


def test_painted_with(whole: Path, vectors: Path, tmp_path: Path) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        wanted = [f"checkpoint={whole}", f"vectors={vectors}", f"output={tmp_path}", "num_images=14", "device=cpu"]
        generate(compose("generate", wanted))
    assert len(list(tmp_path.glob("*.png"))) == 14


@pytest.mark.parametrize("model", ["sngan", "r3gan"])
def test_other_conditional_models(model: str, pictures: Path, vectors: Path, tmp_path: Path) -> None:
    narrow = ["model.generator.group=4", "model.discriminator.group=4"] if model == "r3gan" else []
    parts = [f"model={model}", "kimg=0.008", "augment=ada", "penalty=r1", *narrow]
    train(composed(tmp_path, *conditional(pictures, vectors), *parts))
    assert weights(tmp_path)["impasto"]["images_seen"] == 8


def test_a_model_that_is_told_nothing_refuses_vectors(pictures: Path, vectors: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model=cgan, or set data\.vectors=null"):
        train(composed(tmp_path, *conditional(pictures, vectors), "model=dcgan", "kimg=0.008"))
