"""What a checkpoint may name."""

from typing import Any

import pytest

from impasto.base.errors import UserError
from impasto.base.trust import check_targets, trusted


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "eval",
        "impasto.data.packing.build.os.system",
        "impasto.data.sources.opening.Path",
        "impasto.data.nothing.X",
        "impasto.data.packing.pack._pack_anew",
        "impasto.data.packing.pack.FORMAT",
        "impasto.datasets.X",
        "impasto.run.sweeps.trial.run_trial",
    ],
)
def test_only_what_the_packages_define(name: str) -> None:
    node: dict[str, Any] = {"_target_": "impasto.data.module.ImageDataModule", "pictures": [{"_target_": name}]}
    with pytest.raises(UserError, match="was not opened"):
        check_targets(node, ("impasto.data",), "data")
    with pytest.raises(UserError, match="was not opened"):
        trusted(name, ("impasto.data",), "data")


def test_what_the_packages_define() -> None:
    node = {"_target_": "impasto.data.module.ImageDataModule", "image_size": [4, 4.5], "flip": None}
    check_targets(node, ("impasto.data",), "data")
    assert trusted("impasto.data.module.ImageDataModule", ("impasto.data",), "data").__name__ == "ImageDataModule"


@pytest.mark.parametrize("node", [{"a": ["${b}"]}, {"${b}": 1}, {"a": b"bytes"}, {"a": object()}])
def test_nothing_but_plain_values(node: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="was not opened"):
        check_targets(node, ("impasto.data",), "data")


def test_the_remedy_is_named() -> None:
    with pytest.raises(UserError, match=r"names tests\.models\.test_base\.Shift as its network.*trust=\[package\]"):
        trusted("tests.models.test_base.Shift", ("impasto.networks", "torch.nn"), "network")
