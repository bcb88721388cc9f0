"""Checkpoints: found, loaded, and never believed."""

import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from impasto.base.errors import UserError
from impasto.painters.checkpoints import find_checkpoint
from impasto.painters.loading import choose_direction, load_painter
from impasto.painters.rebuilding import trusted_network
from tests.translation_run import CONFIG, checkpoint_content


def test_loads_the_average_in_evaluation_mode(run_dir: Path) -> None:
    loaded = load_painter(run_dir, device="cpu")
    expected = checkpoint_content()["state_dict"]
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, expected[f"painters.painter.{name}"])
    assert not loaded.network.training
    assert loaded.takes == ("content",)
    assert (loaded.origin.images_seen, loaded.gives.channels, loaded.origin.config) == (12, 3, CONFIG)


def test_best_comes_before_last(run_dir: Path) -> None:
    assert find_checkpoint(run_dir).name == "last.ckpt"
    best = run_dir / "checkpoints" / "best.ckpt"
    best.write_bytes(b"")
    assert find_checkpoint(run_dir) == best
    assert find_checkpoint(run_dir / "checkpoints") == best
    assert find_checkpoint(run_dir / "checkpoints" / "last.ckpt").name == "last.ckpt"


def test_missing_things_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_painter(tmp_path / "nothing")
    with pytest.raises(UserError, match=r"holds no checkpoints/best\.ckpt"):
        load_painter(tmp_path)


class Hostile:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    content = {**checkpoint_content(), "extra": Hostile(tmp_path / "marker")}
    torch.save(content, tmp_path / "bad.ckpt")
    with pytest.raises(UserError, match="was not opened"):
        load_painter(tmp_path / "bad.ckpt")
    assert not (tmp_path / "marker").exists()


def test_truncated_file_is_one_sentence(run_dir: Path) -> None:
    path = run_dir / "checkpoints" / "last.ckpt"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UserError, match="damaged or cut short") as problem:
        load_painter(path)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "torch.hub.load",
        "torch.nn.functional.torch.hub.load",
        "torch.nn.modules.module.torch.load",
        "torch.nn.init.normal_",
        "torch.nn.functional.relu",
        "impasto.networks.resnet_translation.UserError",
        "impasto.networks.article.math.sqrt",
        "impasto.run.sweeps.trial.run_trial",
        "TranslationGenerator",
        "impasto.networks.mlp._anything",
    ],
)
def test_only_networks_are_made_from_a_checkpoint(tmp_path: Path, target: str) -> None:
    config = deepcopy(CONFIG)
    config["model"]["generator"]["_target_"] = target
    torch.save(checkpoint_content(config=config), tmp_path / "bad.ckpt")
    with pytest.raises(UserError, match="was not opened"):
        load_painter(tmp_path / "bad.ckpt")


def test_hidden_deeper_targets_are_refused_too(tmp_path: Path) -> None:
    config = deepcopy(CONFIG)
    config["model"]["generator"]["norm"] = {"_target_": "os.getcwd"}
    torch.save(checkpoint_content(config=config), tmp_path / "bad.ckpt")
    with pytest.raises(UserError, match=r"os\.getcwd"):
        load_painter(tmp_path / "bad.ckpt")


def test_own_packages_can_be_trusted() -> None:
    name = "tests.models.test_base.Shift"
    with pytest.raises(UserError, match="trust="):
        trusted_network(name, ("impasto.networks",))
    assert trusted_network(name, ("tests",)).__name__ == "Shift"  # type: ignore[attr-defined]


def test_other_shapes_and_lacking_parts_are_named(tmp_path: Path) -> None:
    content = checkpoint_content()
    content["impasto"]["config"] = {"model": {"generator": {**CONFIG["model"]["generator"], "features": 8}}}
    torch.save(content, tmp_path / "wide.ckpt")
    with pytest.raises(UserError, match="not the one"):
        load_painter(tmp_path / "wide.ckpt")
    del content["impasto"]["painters"]
    torch.save(content, tmp_path / "less.ckpt")
    with pytest.raises(UserError, match="'painters'"):
        load_painter(tmp_path / "less.ckpt")


def test_other_formats_are_refused_in_a_sentence(tmp_path: Path) -> None:
    content = checkpoint_content()
    content["impasto"]["version"] = 1
    torch.save(content, tmp_path / "old.ckpt")
    with pytest.raises(UserError, match=r"format 1, and this version of Impasto reads format 2: train again"):
        load_painter(tmp_path / "old.ckpt")


def test_a_direction_that_is_not_there_is_named(run_dir: Path) -> None:
    with pytest.raises(UserError, match="leave direction= out"):
        load_painter(run_dir, direction="style_to_content")
    with pytest.raises(UserError, match="choose one of there, back"):
        choose_direction(["there", "back"], "up")
    assert choose_direction(["there", "back"], None) == "there"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(run_dir: Path, value: float) -> None:
    content = checkpoint_content()
    name = next(name for name, weight in content["state_dict"].items() if weight.is_floating_point())
    content["state_dict"][name].view(-1)[-1] = value
    torch.save(content, run_dir / "checkpoints" / "last.ckpt")
    with pytest.raises(UserError, match=r"has weights that are not finite numbers \(.*use an earlier checkpoint"):
        load_painter(run_dir, device="cpu")


def test_unknown_device_is_named(run_dir: Path) -> None:
    with pytest.raises(UserError, match="device=tpu"):
        load_painter(run_dir, device="tpu")
