"""The widest network within a budget."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.painters.cost import cost_of
from impasto.painters.loading import load_painter
from impasto.run.budget import scaled, widest, within_budget
from tests.test_training import CASES, sources
from tests.training import composed, make_pictures, train


def area(widths: Mapping[str, Any]) -> float:
    return float(sum(value**2 for value in widths["features"]))


def test_widths_are_found_by_hand() -> None:
    whole = {"features": [10, 20]}
    assert scaled({"features": [24, 48], "last": 1}, 1, 3) == {"features": [8, 16], "last": 1}
    forget_notices()
    # 11 / 20 gives 5 and 11 of area 146, 10 / 20 gives 5 and 10 of area 125
    assert widest(whole, area, 145, "budget.mmacs") == (10, 20)
    assert "costs 125; the whole generator costs 500" in notices()["budget"]
    assert widest(whole, area, 146, "budget.mmacs") == (11, 20)
    assert widest(whole, area, 500, "budget.mmacs") == (20, 20)
    with pytest.raises(UserError, match=r"budget\.mmacs=1 is too little: the narrowest generator costs 2"):
        widest(whole, area, 1, "budget.mmacs")


def configured(*overrides: str) -> DictConfig:
    return within_budget(composed(Path("nowhere"), *overrides))


def test_a_generator_is_made_narrow() -> None:
    translation = ["model=cut", "data=unpaired", "model.generator.blocks=1", "model.generator.features=16"]
    assert configured(*translation).model.generator.features == 16
    assert configured(*translation, "budget.mmacs=400").model.generator.features == 6
    styles = configured(
        "model=style", "data.photos=nowhere", "model.generator.features=[4,8,16]", "budget.mmacs=60"
    ).model.generator
    assert (styles.features, styles.last) == ([2, 5, 11], 5)
    with pytest.raises(UserError, match="give one of them"):
        configured(*translation, "budget.mmacs=100", "budget.ms=3")
    with pytest.raises(UserError, match="is not a number"):
        configured(*translation, "budget.mmacs=few")


def test_a_run_keeps_the_widths_that_were_found(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures")
    small = [each for each in CASES["fastcut"] if not each.startswith("evaluation.")]
    overrides = [*small, *sources("fastcut", pictures), "evaluation=none", "model.generator.features=8", "kimg=0.008"]
    train(composed(tmp_path / "run", *overrides, "budget.mmacs=200", "callbacks.stop.kimg=0.004"))
    painter = load_painter(tmp_path / "run", device="cpu")
    features = painter.origin.config["model"]["generator"]["features"]
    assert features < 8
    assert cost_of(painter.network, painter.gives, painter.content).macs <= 200e6
    train(composed(tmp_path / "run", *overrides, "budget.mmacs=200", f"resume={tmp_path / 'run'}"))
    assert load_painter(tmp_path / "run", device="cpu").origin.config["model"]["generator"]["features"] == features
