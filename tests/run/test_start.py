"""A run begins with the weights of another."""

from pathlib import Path

import pytest
import torch
from torch import nn

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.base.spec import ImageSpec
from impasto.models.roles import Role
from impasto.painters.loading import load_painter
from impasto.painters.style_base import load_base
from impasto.run.build import build_model
from impasto.run.checks.configuration import check
from impasto.run.start import given_weights
from tests.test_training import CASES, STYLES, sources
from tests.training import composed, make_pictures, train, weights

SMALL = [*(each for each in CASES["cut"] if not each.startswith("evaluation.")), "evaluation=none", "kimg=0.008"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("data") / "pictures")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """A run of a few steps."""
    run = tmp_path_factory.mktemp("first") / "run"
    train(composed(run, *SMALL, *sources("cut", pictures)))
    return run


def test_a_run_of_the_same_shape_begins_where_the_other_ended(pictures: Path, first: Path, tmp_path: Path) -> None:
    forget_notices()
    train(composed(tmp_path, *SMALL, *sources("cut", pictures), f"start={first}", "model.optimizer_g.lr=1e-12"))
    begun, ended = weights(tmp_path)["state_dict"], weights(first)["state_dict"]
    prefix = "painters.painter."
    assert all(torch.allclose(begun[k], ended[k], atol=1e-6) for k in ended if k.startswith(prefix))
    assert notices()["start.generator"] == f"model.generator starts with the weights of {first}."
    assert notices()["start.discriminator"] == f"model.discriminator starts with the weights of {first}."


def test_a_narrower_run_begins_with_the_most_important_channels(pictures: Path, first: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch_pruning", reason="the compress extra is not installed")
    forget_notices()
    train(composed(tmp_path, *SMALL, *sources("cut", pictures), f"start={first}", "model.generator.features=2"))
    assert notices()["start.generator"] == f"model.generator starts with the most important channels of {first}."
    assert load_painter(tmp_path, device="cpu").network.layers[1].out_channels == 2  # type: ignore[union-attr,index]
    train(composed(tmp_path, *SMALL, *sources("cut", pictures), "model.generator.features=2", f"resume={tmp_path}"))


def test_a_style_student_begins_with_the_base_s_encoder(tmp_path: Path) -> None:
    forget_notices()
    small = [each for each in STYLES["style"] if "code" not in each and "projection" not in each]
    cfg = composed(tmp_path, *small, "data.photos=sample:monuments", "start=base")
    parts = check(cfg)
    spec = dict.fromkeys(("content", "target", "style"), load_base(device="cpu").gives)
    generator = build_model(cfg, spec, parts).generator
    for name, value in load_base(device="cpu").generator.encoder.state_dict().items():  # type: ignore[attr-defined]
        assert torch.equal(generator.encoder.state_dict()[name], value)
    assert "those of the same name and shape (StyleGenerator cannot be pruned" in notices()["start.generator"]


def test_a_model_of_which_nothing_fits_is_refused() -> None:
    spec = {"content": ImageSpec(3, 16, 16), "target": ImageSpec(3, 16, 16)}
    with pytest.raises(
        UserError, match="start= has a Sequential, none of whose weights fit Conv2d: give a run of the same"
    ):
        given_weights(nn.Conv2d(3, 3, 3), nn.Sequential(nn.Linear(3, 3)), Role("g", "target", given="content"), spec)


def test_what_is_not_there_is_named_before_data_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="start=nowhere does not exist"):
        check(composed(tmp_path, *SMALL, "data.content=nowhere", "data.style=nowhere", "start=nowhere"))
