"""What a run has written so far, as the page shows it; a run may be writing still."""

import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from impasto.app.places import NotHere
from impasto.base.files import read_json
from impasto.evaluation.protocols.figure_records import full_record
from impasto.run.records.curves import curve_groups, read_columns

TITLE: Final = "title.txt"
"""In the folder of a run: what a person called the style that it learnt."""
TRACES: Final = ("summary.json", "metrics.csv", ".hydra", "samples")
"""A folder with one of these is a run."""
DEEPEST: Final = 3
"""Levels of folders: those of sweeps lie below the sweep's."""
SHOWN: Final = 60
"""Runs, the newest."""
QUIET_SECONDS: Final = 180
"""Without a new line or sheet, after which a run without a summary counts as ended."""
POINTS: Final = 400
"""Of a curve."""
SHEETS: Final = 24
BETTER: Final[dict[Any, str]] = {True: "higher", False: "lower"}


def runs_in(root: Path) -> list[Path]:
    """Folders of runs, the newest first."""
    found = sorted(below(root, DEEPEST), key=last_written, reverse=True)
    return found[:SHOWN]


def below(folder: Path, levels: int) -> Iterator[Path]:
    """Runs below a folder; links are not followed."""
    try:
        inside = [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for each in inside:
        if any((each / trace).exists() for trace in TRACES):
            yield each
        elif levels > 1:
            yield from below(each, levels - 1)


def run_of(root: Path, name: object) -> Path:
    """The folder of a run by its name, which is its path below the root.

    Raises:
        NotHere: there is none.
    """
    for run in runs_in(root):
        if run.relative_to(root).as_posix() == name:
            return run
    raise NotHere


def last_written(run: Path) -> float:
    """When the run last wrote something that one sees."""
    times = [0.0]
    for path in (run, run / "metrics.csv", run / "samples", run / "summary.json", run / "train.log"):
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times)


def card(root: Path, run: Path) -> dict[str, Any]:
    """A run in the gallery."""
    name, sheets = run.relative_to(root).as_posix(), sheets_of(run)
    return {
        "name": name,
        "title": title_of(run),
        "line": headline(run),
        "live": is_live(run),
        "picture": f"runs/{quote(name)}/thumbs/{sheets[-1].name}" if sheets else None,
    }


def details(root: Path, run: Path) -> dict[str, Any]:
    """A run in full."""
    name, sheets = run.relative_to(root).as_posix(), sheets_of(run)
    return card(root, run) | {
        "sheets": [{"name": kimg_of(sheet), "picture": f"runs/{quote(name)}/samples/{sheet.name}"} for sheet in sheets],
        "curves": curves_of(run),
        "figures": figures_of(run),
        "notices": list(map(str, read_json(run / "summary.json").get("notices", {}).values())),
        "report": f"runs/{quote(name)}/report.html" if (run / "report.html").is_file() else None,
    }


def title_of(run: Path) -> str:
    """What a run is called: the name of the style that it learnt, or its folder's without the time at its beginning."""
    try:
        return (run / TITLE).read_text(encoding="utf-8").strip() or run.name
    except (OSError, UnicodeDecodeError):
        pass
    parts = run.name.split("_", 2)
    return parts[2].replace("_", " ") if len(parts) == 3 and parts[0][:4].isdecimal() else run.name.replace("_", " ")


def is_live(run: Path) -> bool:
    """Whether the run is in progress, as far as can be told from outside."""
    return not (run / "summary.json").is_file() and time.time() - last_written(run) < QUIET_SECONDS


def headline(run: Path) -> str:
    """How far the run is, and how it ended."""
    summary = read_json(run / "summary.json")
    when = time.strftime("%d %b, %H:%M", time.localtime(last_written(run)))
    if summary:
        seen = float(summary.get("images_seen") or 0) / 1000
        return f"{summary.get('status', 'ended')}, {seen:.4g} kimg, {when}"
    kimg = max((point[-1][0] for point in columns_of(run).values() if point), default=0.0)
    how = "in progress" if is_live(run) else "without an end"
    return f"{how}, {kimg:.4g} kimg, {when}"


def sheets_of(run: Path) -> list[Path]:
    """Sheets of samples, evenly thinned, the newest last."""
    found = sorted((run / "samples").glob("[0-9]*.png"))
    if len(found) <= SHEETS:
        return found
    return [found[round(i * (len(found) - 1) / (SHEETS - 1))] for i in range(SHEETS)]


def kimg_of(sheet: Path) -> str:
    """The thousands of pictures after which a sheet was made."""
    number = sheet.stem.partition("_")[0]
    return f"{int(number) / 1000:g} kimg" if number.isdecimal() else sheet.stem


def columns_of(run: Path) -> dict[str, list[tuple[float, float]]]:
    """Curves by name, (kimg, value); none where the file is being written just now."""
    try:
        return read_columns(run / "metrics.csv")
    except (OSError, ValueError, TypeError):
        return {}


def curves_of(run: Path) -> list[dict[str, Any]]:
    """Curves that share an axis, thinned."""
    columns = columns_of(run)
    groups = curve_groups(columns)
    groups |= {name[5:]: [name] for name, points in columns.items() if name.startswith("eval/") and len(points) > 1}
    return [
        {
            "title": title.replace("_", " "),
            "lines": [{"name": name.partition("/")[2], "points": thinned(columns[name])} for name in names],
        }
        for title, names in groups.items()
    ]


def thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most :data:`POINTS` finite points, first and last among them."""
    finite = [point for point in points if all(map(math.isfinite, point))]
    step = max(math.ceil(len(finite) / POINTS), 1)
    return finite[::step] + ([finite[-1]] if finite and (len(finite) - 1) % step else [])


def figures_of(run: Path) -> list[dict[str, Any]]:
    """Figures with their intervals and controls; of a run in progress, the last values."""
    summary = read_json(run / "summary.json")
    if not summary:
        last = {
            name[5:]: points[-1][1] for name, points in columns_of(run).items() if name.startswith("eval/") and points
        }
        return [{"name": name, "value": number(value), "controls": []} for name, value in last.items()]
    try:
        return [figure(name, full_record(summary, name)) for name in summary.get("metrics", {})]
    except (KeyError, TypeError, AttributeError):  # of a version of this program that wrote other records
        return []


def figure(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """One figure."""
    interval = record.get("interval")
    return {
        "name": name.replace("_", " "),
        "better": BETTER.get(record.get("higher_is_better", False)),
        "value": number(record.get("final")),
        "interval": f"{number(interval[0])} to {number(interval[1])}" if isinstance(interval, list) else None,
        "controls": [
            {"name": control, "value": number(value)} for control, value in record.get("controls", {}).items()
        ],
    }


def number(value: object) -> str:
    """Four digits."""
    return f"{value:.4g}" if isinstance(value, int | float) else "-"
