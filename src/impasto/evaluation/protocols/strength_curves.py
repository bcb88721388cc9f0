"""Figures over the strength of the damage: their values, and the plot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from impasto.base.pixels import from_uint8
from impasto.evaluation.protocols.measurement import Measurement, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARROWS = {True: " ↑", False: " ↓", None: ""}


@dataclass(frozen=True)
class Curve:
    """A figure over the strength.

    Attributes:
        rows: by row, the figure at each strength.
        intervals: likewise its 95% interval, where there is one.
        higher_is_better: which way is better; None if neither is.
    """

    rows: Mapping[str, Mapping[float, float]]
    intervals: Mapping[str, Mapping[float, tuple[float, float]]]
    higher_is_better: bool | None

    @classmethod
    def of(cls, name: str, found: Mapping[float, Measurement]) -> "Curve":
        """From a measurement at each strength."""
        first = next(iter(found.values()))
        rows = {
            row: {s: at.rows[row][name] for s, at in found.items()} for row in first.rows if name in first.rows[row]
        }
        intervals = {
            row: {s: at.intervals[row][name] for s, at in found.items() if name in at.intervals.get(row, {})}
            for row in rows
        }
        return cls(rows, intervals, first.comparability[name]["higher_is_better"])

    def record(self) -> dict[str, dict[str, float]]:
        """By strength and row."""
        strengths = next(iter(self.rows.values()))
        return {f"{s:g}": {row: values[s] for row, values in self.rows.items()} for s in strengths}


def strengths_plot(curves: Mapping[str, Curve], unit: str) -> Sheet:
    """The curves side by side, with their intervals, as one picture.

    Args:
        curves: by figure.
        unit: what a strength says.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(curves), 3.6), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (name, curve) in zip(panels, curves.items(), strict=True):
        draw(axes, curve)
        axes.set_title(name + ARROWS[curve.higher_is_better], fontsize=10)
    figure.supxlabel(unit, fontsize=9)
    lines, labels = panels[0].get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside upper center", ncols=min(len(labels), 4), fontsize=8, frameon=False)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    return from_uint8(torch.from_numpy(pixels).permute(2, 0, 1)[None]), 1


def draw(axes: "Axes", curve: Curve) -> None:
    """A line for each row, the first one bold; its interval is shaded."""
    for number, (row, values) in enumerate(curve.rows.items()):
        strengths = list(values)
        (line,) = axes.plot(strengths, list(values.values()), marker="o", markersize=3, linewidth=1, label=row)
        if number == 0:
            line.set(linewidth=2, color="black", zorder=3)
        ends = curve.intervals[row]
        if len(ends) == len(strengths):
            low, high = zip(*ends.values(), strict=True)
            axes.fill_between(strengths, low, high, color=line.get_color(), alpha=0.12, linewidth=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
