"""The results of a sweep: ``results.csv``, a ranked table on the console, and a plot."""

import csv
import math
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, read_write

import impasto
from impasto.base.errors import UserError
from impasto.base.files import read_json, whole_or_not
from impasto.run.sweeps.trial import RECORD, refuse_unsweepable

Row = dict[str, Any]
SEED = "seed"


class SweepResults(Callback):
    """Hydra's callback around a sweep; it does nothing in a single run."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Find mistakes before any trial, and let the processes of any launcher import the project."""
        try:
            refuse_unsweepable(config)
            refuse_wrong_direction(config)
        except UserError as problem:
            sys.exit(f"Error: {problem}")
        name_trials_by_what_is_swept(config)
        source = str(Path(impasto.__file__).parents[1])
        known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        os.environ["PYTHONPATH"] = os.pathsep.join([source, *(p for p in known if p and p != source)])

    def on_job_end(self, config: DictConfig, job_return: Any, **kwargs: Any) -> None:
        """Keep ``results.csv`` up to date, so that a sweep that is killed leaves one."""
        if config.hydra.mode == RunMode.MULTIRUN and (rows := collect(Path(config.hydra.sweep.dir))):
            write_csv(rows, Path(config.hydra.sweep.dir) / "results.csv")

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Report on all trials in the sweep's folder."""
        rows = report(Path(config.hydra.sweep.dir))
        if rows and all(row["status"] == "failed" for row in rows):
            sys.exit(f"Error: every trial failed; the first: {rows[0]['error']}")


def name_trials_by_what_is_swept(config: DictConfig) -> None:
    """Leave the overrides that all trials share out of the names of their folders."""
    parsed = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
    shared = [*config.hydra.job.config.override_dirname.exclude_keys]
    shared += [override.key_or_group for override in parsed if not override.is_sweep_override()]
    names = ",".join(f"'{name}'" for name in dict.fromkeys(shared))
    with read_write(config):  # Hydra composes each trial from these overrides, in any process
        config.hydra.overrides.hydra.append(f"hydra.job.config.override_dirname.exclude_keys=[{names}]")


def refuse_wrong_direction(config: DictConfig) -> None:
    """Refuse an Optuna search that would look for the worst, or that relies on a metric which is not measured yet.

    Raises:
        UserError: ``hydra.sweeper.direction`` contradicts ``mode``, or ``mode`` leaves it open.
    """
    if "direction" not in list(config.hydra.sweeper):
        return
    if config.mode is None:
        raise UserError(
            "A search must know what is better before anything is measured: set mode=min with "
            "hydra.sweeper.direction=minimize, or mode=max with maximize."
        )
    direction = config.hydra.sweeper.direction
    wanted = f"{config.mode}imize"
    if direction is not None and getattr(direction, "name", direction) != wanted:
        raise UserError(f"mode={config.mode} goes with hydra.sweeper.direction={wanted}; set both.")


def report(folder: Path) -> list[Row]:
    """Write ``results.csv``, over seeds ``seeds.csv`` and, if anything was measured, ``results.png``; print tables.

    Args:
        folder: the sweep's, with a folder per trial.

    Returns:
        The trials, best first.
    """
    from impasto.run.sweeps.results_plot import plot

    rows = collect(folder)
    if not rows:
        return rows
    keys = varied(rows)
    write_csv(rows, folder / "results.csv")
    metrics = {row["metric"] for row in rows if row["value"] is not None}
    measured = f", {metrics.pop()}" if len(metrics) == 1 else ""
    kind = [] if measured else ["metric"]
    unstable = STABILITY if any(row["not_finite"] or row["collapsed"] for row in rows) else ()
    title = f"{folder.name}: {len(rows)} trial{'s' if len(rows) > 1 else ''}{measured}"
    show(title, rows, ["rank", *keys, *kind, "value", "seconds", "status", *unstable])
    groups = over_seeds(rows) if SEED in keys else []
    if groups:
        write_csv(groups, folder / "seeds.csv")
        others = [key for key in keys if key != SEED]
        show(f"{title}, over seeds", groups, [*others, *kind, "seeds", "mean", "std", "min", "max"])
    drawn = plot(rows, keys, folder / "results.png")
    written = ["results.csv", *(["seeds.csv"] if groups else []), *(["results.png"] if drawn else [])]
    print(f"Written to {folder}: {', '.join(written)}")
    return rows


def collect(folder: Path) -> list[Row]:
    """The trials that have ended, ranked within each metric; crashed ones last."""
    found: list[tuple[tuple[int, str, float], Row]] = []
    for path in sorted(folder.glob(f"*/{RECORD}")):
        record, summary = read_json(path), read_json(path.parent / "summary.json")
        if not record:
            continue
        row: Row = {"rank": None, "value": record["value"], "metric": record.get("metric"), **record["overrides"]}
        row |= {"mode": record["mode"], "status": record["status"], "seconds": record["seconds"]}
        row |= stability(summary)
        row |= {name: figures["best"] for name, figures in summary.get("metrics", {}).items()}
        row |= {"images_seen": summary.get("images_seen"), "folder": path.parent.name, "error": record.get("error")}
        found.append((order(row), row))
    found.sort(key=lambda pair: pair[0])
    ranks: dict[str, int] = {}
    for (valueless, metric, _), row in found:
        if not valueless:
            row["rank"] = ranks[metric] = ranks.get(metric, 0) + 1
    return [row for _, row in found]


def order(row: Row) -> tuple[int, str, float]:
    """Sorting key: trials with a value first, by metric, the best first; crashed ones last."""
    if row["value"] is None:
        return 1 + (row["status"] == "failed"), "", 0.0
    return 0, str(row["metric"]), -row["value"] if row["mode"] == "max" else row["value"]


STABILITY = ("run", "not_finite", "collapsed")


def stability(summary: Mapping[str, Any]) -> Row:
    """How a run ended, and how often the guard went back because something was not finite or diversity had collapsed.

    Args:
        summary: content of ``summary.json``; empty for a trial that crashed.
    """
    if not summary:
        return dict.fromkeys(STABILITY)
    back = [str(sentence) for sentence in summary.get("rollbacks", [])]
    not_finite = sum("not finite" in sentence for sentence in back)
    return {"run": summary.get("status"), "not_finite": not_finite, "collapsed": len(back) - not_finite}


NOT_OVERRIDES = (*STABILITY, "rank", "value", "metric", "mode", "status", "seconds", "images_seen", "folder", "error")


def varied(rows: Sequence[Row]) -> list[str]:
    """The overrides that differ between trials."""
    keys = dict.fromkeys(k for row in rows for k, v in row.items() if k not in NOT_OVERRIDES and isinstance(v, str))
    found = [key for key in keys if len({row.get(key) for row in rows}) > 1]
    return found or list(keys)


def over_seeds(rows: Sequence[Row]) -> list[Row]:
    """Mean and standard deviation (of the sample, n - 1) of trials that differ in their seed alone, best first."""
    keys = [key for key in varied(rows) if key != SEED]
    groups: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        if row["value"] is not None:
            groups.setdefault((row["metric"], row["mode"], *(row.get(key) for key in keys)), []).append(row["value"])
    table = [
        {
            **dict(zip(["metric", "mode", *keys], group, strict=True)),
            "seeds": len(values),
            "mean": statistics.fmean(values),
            "std": statistics.stdev(values) if len(values) > 1 else math.nan,
            "min": min(values),
            "max": max(values),
        }
        for group, values in groups.items()
    ]
    return sorted(table, key=lambda row: (row["metric"], -row["mean"] if row["mode"] == "max" else row["mean"]))


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """All columns of all rows, in the order in which they appear."""
    columns = dict.fromkeys(key for row in rows for key in row)
    with whole_or_not(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)


def show(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for name in columns:
        numeric = any(isinstance(row.get(name), int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(row.get(name))) for name in columns))
    Console().print(table)


def plain(value: Any) -> str:
    """A cell's text: four significant digits."""
    if isinstance(value, str) and "." in value:
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
