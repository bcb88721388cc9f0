"""The figure that a run hands to a sweep."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from impasto.base.errors import UserError
from impasto.run.build import build_data
from impasto.run.fit import objective, prepare
from tests.training import composed


def summary(**values: Any) -> dict[str, Any]:
    metrics = {"fd_test": {"best": 3.0, "final": 4.0}}
    return {"status": "complete", "main_metric": "fd_test", "metrics": metrics, **values}


def test_the_figure_is_the_best_of_the_wanted_metric_or_of_the_main_one() -> None:
    assert objective(OmegaConf.create({"optimized_metric": None}), summary()) == 3.0
    assert objective(OmegaConf.create({"optimized_metric": "fd_test"}), summary(main_metric=None)) == 3.0


def test_a_main_metric_that_could_not_be_measured_is_no_mistake_of_the_user() -> None:
    cfg = OmegaConf.create({"optimized_metric": None})
    assert objective(cfg, summary(main_metric="kid_test")) is None
    assert objective(cfg, summary(main_metric=None, metrics={})) is None


def test_a_wanted_metric_that_was_not_measured_is_one() -> None:
    cfg = OmegaConf.create({"optimized_metric": "fid"})
    with pytest.raises(UserError, match="optimized_metric=fid was not measured in this run; measured: fd_test"):
        objective(cfg, summary())
    assert objective(cfg, summary(status="interrupted", metrics={})) is None  # there was no time to


def test_bad_pictures_are_listed_in_the_run_even_if_none_is_left(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for i in range(3):
        (tmp_path / "pictures" / f"{i}.png").write_text("no picture")
    data = build_data(composed(tmp_path / "run", "data=image_folder", f"data.root={tmp_path / 'pictures'}"))
    with pytest.raises(UserError, match="Not one picture of 3 can be used"):
        prepare(data, tmp_path / "run")
    assert len((tmp_path / "run" / "bad_images.csv").read_text().splitlines()) == 4
