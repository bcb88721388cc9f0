"""Figures of single pictures or clips beside those of controls: means with intervals, and their records."""

from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from impasto.evaluation.figures.intervals import Estimate, bootstrap
from impasto.evaluation.protocols.measurement import Measurement

Values = Mapping[str, "Tensor | Estimate"]
"""By figure, what each picture has of it (n,), whose mean is the figure; or the figure itself."""


def controlled(
    rows: Mapping[str, Values], record: Mapping[str, Any], main: str, higher_is_better: Collection[str]
) -> Measurement:
    """A measurement with controls.

    Args:
        rows: figures of what was painted, which come first, and of the controls.
        record: what makes all figures comparable.
        main: the figure that checkpoints are chosen by.
        higher_is_better: names of figures; of the others lower is better.

    Returns:
        With intervals of the bootstrap over pictures where a figure is a mean.
    """
    estimates = {row: {name: estimate_of(value) for name, value in values.items()} for row, values in rows.items()}
    first, *controls = estimates
    records = {
        name: {
            **record,
            "higher_is_better": name in higher_is_better,
            "interval": ends_of(estimate),
            "interval_method": estimate.method,
            "controls": {row: estimates[row][name].value for row in controls if name in estimates[row]},
        }
        for name, estimate in estimates[first].items()
    }
    values = {row: {name: each.value for name, each in of_row.items()} for row, of_row in estimates.items()}
    intervals = {
        row: {name: (ends[0], ends[1]) for name, each in of_row.items() if (ends := ends_of(each)) is not None}
        for row, of_row in estimates.items()
    }
    return Measurement(values[first], records, main, values, {}, intervals)


def estimate_of(value: "Tensor | Estimate") -> Estimate:
    """The mean of what pictures have, with its interval."""
    return value if isinstance(value, Estimate) else bootstrap([value], lambda mean: mean)


def alone(value: float, why: str) -> Estimate:
    """A figure without an interval, and why it has none."""
    return Estimate(value, None, None, f"none: {why}")


def ends_of(estimate: Estimate) -> list[float] | None:
    """Both ends of an interval; None if there is none."""
    return None if estimate.low is None or estimate.high is None else [estimate.low, estimate.high]
