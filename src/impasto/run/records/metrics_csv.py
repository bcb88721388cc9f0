"""``metrics.csv``: one row per number of pictures at which something was measured."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from impasto.base.files import dispensable, whole_or_not


class MetricsCsv(Logger):
    """Writes each row at once, so that a killed run keeps all of them.

    Values logged at the same count of pictures join one row. If the count falls, because a run was resumed or rolled
    back, the rows above it are dropped. New columns may appear at any time. Rows that a full disk does not take are
    written with the next row for which there is room.

    Args:
        path: of the file; its first columns are ``images_seen`` and ``kimg``.
        resume: continue the existing file, instead of a new one.
    """

    def __init__(self, path: str | Path, resume: bool = False) -> None:
        self.path = Path(path)
        self._resume = resume
        self._columns = ["images_seen", "kimg"]
        self._rows: list[dict[str, str]] | None = None
        self._behind = True  # a line of an earlier part of the run may have been cut short by a kill

    @property
    def name(self) -> str:
        """The kind of logger."""
        return "csv"

    @property
    def version(self) -> str:
        """There is one file per run."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run's folder."""
        return str(self.path.parent)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:  # type: ignore[override]
        """Write values at a number of pictures; what is not a number is left out."""
        rows = self._read() if self._rows is None else self._rows
        step = int(step or 0)
        values = {"images_seen": str(step), "kimg": repr(step / 1000)}
        values |= {name: text for name, value in metrics.items() if name != "kimg" and (text := number(value))}
        keep = len(rows)
        while keep and int(rows[keep - 1]["images_seen"]) > step:
            keep -= 1
        joins = keep > 0 and int(rows[keep - 1]["images_seen"]) == step
        new = [name for name in values if name not in self._columns]
        appends = not self._behind and keep == len(rows) and not joins and not new
        self._columns += new
        self._rows = [*rows[: keep - 1], rows[keep - 1] | values] if joins else [*rows[:keep], values]
        self._behind = True
        with dispensable(self.path.name):
            if appends:
                self._append(values)
            else:
                self._write()
            self._behind = False

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: ``.hydra/config.yaml`` holds them."""

    def _read(self) -> list[dict[str, str]]:
        """The rows of an earlier part of the run; a last line that was cut short by a kill is dropped."""
        if not self._resume or not self.path.is_file():
            return []
        lines = self.path.read_text(errors="replace").splitlines(keepends=True)
        reader = csv.DictReader(line for line in lines if line.endswith("\n"))
        self._columns += [name for name in reader.fieldnames or [] if name not in self._columns]
        return [
            {name: value for name, value in row.items() if value}
            for row in reader
            if None not in row and None not in row.values() and (row.get("images_seen") or "").isdecimal()
        ]

    def _append(self, values: dict[str, str]) -> None:
        """Write one more row whole or not at all."""
        size = self.path.stat().st_size
        try:
            with self.path.open("a", newline="") as file:
                csv.DictWriter(file, self._columns, lineterminator="\n").writerow(values)
        except OSError:
            os.truncate(self.path, size)
            raise

    def _write(self) -> None:
        """Write all rows in one step."""
        with whole_or_not(self.path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows or [])


def number(value: Any) -> str:
    """The shortest text that reads back as the same number; empty for what is not one."""
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return ""
