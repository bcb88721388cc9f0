"""Curves of a run, from its ``metrics.csv``; imports neither torch nor lightning."""

import csv
from collections.abc import Mapping
from pathlib import Path


def curve_groups(columns: Mapping[str, list[tuple[float, float]]]) -> dict[str, list[str]]:
    """Which columns share an axis, by its title; distances on different networks differ in scale and have their own."""
    groups = {
        "losses": [name for name in columns if name.startswith("train/loss")],
        "scores": [name for name in columns if name.startswith("train/score")],
    }
    distances = [n for n, points in columns.items() if n.startswith(("eval/fid", "eval/fd_")) and len(points) > 1]
    groups |= {name.split("/")[-1]: [name] for name in distances}
    return {title: names for title, names in groups.items() if names}


def read_columns(metrics: Path) -> dict[str, list[tuple[float, float]]]:
    """(kimg, value) pairs of each column of a metrics file."""
    columns: dict[str, list[tuple[float, float]]] = {}
    if not metrics.is_file():
        return columns
    with metrics.open(newline="") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if name not in ("kimg", "step") and value and row.get("kimg"):
                    columns.setdefault(name, []).append((float(row["kimg"]), float(value)))
    return columns
