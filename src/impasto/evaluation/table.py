"""Figures on the console."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Column, Table

if TYPE_CHECKING:
    from impasto.evaluation.command import Result


def show(result: "Result", console: Console | None = None) -> None:
    """Print the table of a measurement, and where its JSON is."""
    console = console or Console()
    console.print(rows_table(result) if result.measurement.rows else figures_table(result))
    sheets = result.report.get("sheets", [])
    console.print(f"Written to {', '.join([str(result.path), *sheets])}", highlight=False)


def figures_table(result: "Result") -> Table:
    """One figure a line, with its interval."""
    caption = "; ".join(
        [networks(result), *dict.fromkeys(filter(None, map(crops, result.measurement.comparability.values())))]
    )
    table = Table(Column("figure", no_wrap=True), title=result.title, caption=caption)
    for heading in ("value", "95% interval", "generated", "real"):
        table.add_column(heading, justify="right")
    for name, value in result.measurement.figures.items():
        record = result.measurement.comparability[name]
        sides = str(record["generated"]), str(record["real"])
        table.add_row(label(name, result), number(value), between(record), *sides)
        for control, level in record.get("controls", {}).items():
            table.add_row(f"  {control}", number(level), "", *map(str, record["counts_of_controls"][control]))
    return table


def between(record: Mapping[str, Any]) -> str:
    """A figure's interval; where it could have one and has not, the beginning of the reason."""
    return " to ".join(number(end) for end in record["interval"]) if record.get("interval") else why_not(record)


def why_not(record: Mapping[str, Any]) -> str:
    """Why a figure that could have an interval has none, in short."""
    has_none = "interval" in record and record["interval"] is None
    return f"no interval, {record['interval_method'].removeprefix('none: ').split(',')[0]}" if has_none else ""


def crops(record: Mapping[str, Any]) -> str:
    """Of how many pictures the real ones are crops, where they are."""
    pictures = record.get("real_pictures")
    return f"{record['real']} real ones are crops of {pictures}" if pictures else ""


def rows_table(result: "Result") -> Table:
    """One set of pictures a line: what was painted and the controls; below, how many, and why there is no interval."""
    reasons = dict.fromkeys(why_not(record) for record in result.measurement.comparability.values())
    caption = "; ".join(filter(None, [networks(result), counts(result), *reasons]))
    table = Table("pictures", title=result.title, caption=caption)
    for name in result.measurement.figures:
        table.add_column(label(name, result), justify="right")
    for row, figures in result.measurement.rows.items():
        table.add_row(row, *(number(figures[name]) if name in figures else "" for name in result.measurement.figures))
    if any(result.measurement.comparability[name].get("interval") for name in result.measurement.figures):
        ends = (between(result.measurement.comparability[name]) for name in result.measurement.figures)
        table.add_section()
        table.add_row(f"95% interval of {next(iter(result.measurement.rows))}", *ends)
    return table


def counts(result: "Result") -> str:
    """How many pictures the rows are of, and what they are compared with."""
    record = result.measurement.comparability[next(iter(result.measurement.figures))]
    sides = []
    for side, kind in (("generated", "content"), ("real", "style")):
        of = record.get(f"{kind}_pictures")
        sides.append(f"{record[side]} crops of {of} pictures" if of else f"{record[side]} pictures")
    return " in each row, against ".join(sides)


def label(name: str, result: "Result") -> str:
    """A figure's name and which way is better."""
    arrow = {True: " ↑", False: " ↓", None: ""}[result.measurement.comparability[name].get("higher_is_better", False)]
    return f"{short(name, result)}{arrow}"


def short(name: str, result: "Result") -> str:
    """A name without the network that most figures are measured with: the caption tells that one."""
    return name.removesuffix(f"_{main_network(result)}")


def main_network(result: "Result") -> str:
    """The network that the first figures, the distances, are measured with."""
    return str(result.measurement.comparability[next(iter(result.measurement.figures))]["extractor"])


def networks(result: "Result") -> str:
    """Which figures are measured with which network."""
    groups: dict[str, list[str]] = {}
    for name in result.measurement.figures:
        groups.setdefault(str(result.measurement.comparability[name]["extractor"]), []).append(short(name, result))
    return "; ".join(f"{', '.join(names)} by {network}" for network, names in groups.items())


def number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"
