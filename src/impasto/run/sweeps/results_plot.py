"""One plot per sweep: over the numbers that were varied, or a bar per trial, or dots per seed."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from impasto.base.files import whole_or_not

Row = dict[str, Any]
INK, ACCENT = "#7a8fa6", "#c8553d"


def plot(rows: Sequence[Row], keys: Sequence[str], path: Path) -> bool:
    """Draw the trials that have a value.

    Args:
        rows: of ``results.csv``, best first.
        keys: the overrides that differ.
        path: of the PNG.

    Returns:
        Whether there are any.
    """
    rows = [row for row in rows if row["value"] is not None]
    if not rows:
        return False
    others = [key for key in keys if key != "seed"]
    numeric = [key for key in others if all(_number(row.get(key)) is not None for row in rows)]
    if numeric and len(numeric) == len(others) and len(rows) > 2:
        figure = _scatters(rows, numeric)
    else:
        figure = _bars(rows, others)
    with whole_or_not(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130)
    return True


def _scatters(rows: Sequence[Row], keys: Sequence[str]) -> Figure:
    figure = Figure(figsize=(3.6 * len(keys) + 0.6, 3.4), layout="constrained")
    panels = figure.subplots(1, len(keys), squeeze=False, sharey=True)[0]
    for axes, key in zip(panels, keys, strict=True):
        points = sorted((_number(row[key]) or 0.0, row["value"]) for row in rows)
        axes.scatter(*zip(*points, strict=True), color=INK, s=28)
        axes.scatter(_number(rows[0][key]), rows[0]["value"], color=ACCENT, s=60, zorder=3, label="best")
        values = [x for x, _ in points]
        if values[0] > 0 and values[-1] / values[0] > 20:
            axes.set_xscale("log")
        axes.set_xlabel(key)
        _tidy(axes)
    panels[0].set_ylabel(rows[0]["metric"])
    panels[0].legend(frameon=False)
    return figure


def _bars(rows: Sequence[Row], keys: Sequence[str]) -> Figure:
    """A bar per setting, at the mean over its trials, with a dot per trial if there are several."""
    groups: dict[str, list[float]] = {}
    for row in rows:
        label = "\n".join(f"{key}={row[key]}" for key in keys if row.get(key) is not None) or "all trials"
        groups.setdefault(label, []).append(row["value"])
    groups = dict(sorted(groups.items(), key=lambda group: fmean(group[1]), reverse=rows[0]["mode"] == "max"))
    lines = max(label.count("\n") + 1 for label in groups)
    figure = Figure(figsize=(7, 0.8 + len(groups) * (0.18 + 0.17 * lines)), layout="constrained")
    axes = figure.subplots()
    places = range(len(groups))
    axes.barh(
        places, [fmean(values) for values in groups.values()], color=[ACCENT, *[INK] * (len(groups) - 1)], height=0.7
    )
    for place, values in zip(places, groups.values(), strict=True):
        text = f"  {fmean(values):.4g}"
        if len(values) > 1:
            axes.scatter(values, [place] * len(values), color="black", s=14, zorder=3)
            text += f" ± {stdev(values):.2g} (n = {len(values)})"
        axes.text(max(*values, 0.0), place, text, va="center", fontsize=8)
    axes.set_yticks(list(places), list(groups), fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.25)
    axes.set_xlabel(rows[0]["metric"])
    _tidy(axes)
    return figure


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
