"""The figure that a run hands to a sweep."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from impasto.errors import UserError
from impasto.run.fit import objective


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
