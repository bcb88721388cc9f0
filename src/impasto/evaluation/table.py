"""Figures on the console."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Column, Table

if TYPE_CHECKING:
    from impasto.evaluation.command import Result


def show(result: "Result", console: Console | None = None) -> None:
    """Print the table of a measurement, what belongs to it, and where its JSON is; 80 columns are enough."""
    console = console or Console()
    # Paths are not broken over lines, so that they can be copied.
    console.print(f"\n{result.title}", highlight=False, soft_wrap=True)
    console.print(rows_table(result) if result.measurement.rows else figures_table(result))
    said = [f"{about}: {text}" for about, text in result.measurement.conclusions.items()]
    for line in filter(None, [*said, *networks(result), counts(result), *intervals(result), *reasons(result)]):
        console.print(line, highlight=False)
    sheets = result.report.get("sheets", [])
    console.print(f"Written to {', '.join([str(result.path), *sheets])}", highlight=False, soft_wrap=True)


def table_of(*columns: Column) -> Table:
    """An empty table without frames, which take room."""
    return Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)


def figures_table(result: "Result") -> Table:
    """One figure a line, with its interval."""
    table = table_of(Column("figure", no_wrap=True))
    for heading in ("value", "95% interval", "generated", "real"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, value in result.measurement.figures.items():
        record = record_of(name, result)
        sides = str(record.get("generated", "")), str(record.get("real", ""))
        table.add_row(label(name, result), number(value), between(record), *sides)
        for control, level in record.get("controls", {}).items():
            table.add_row(f"  {control}", number(level), "", *map(str, record["counts_of_controls"][control]))
    return table


def rows_table(result: "Result") -> Table:
    """One set of pictures a line: what was painted, and the controls."""
    found = result.measurement
    if found.intervals:
        return table_with_intervals(result)
    table = table_of(Column("pictures"))  # the one that may wrap where numbers are long
    for name in found.figures:
        table.add_column(label(name, result), justify="right", no_wrap=True)
    for row, figures in found.rows.items():
        table.add_row(row, *(number(figures[name]) if name in figures else "" for name in found.figures))
    return table


def table_with_intervals(result: "Result") -> Table:
    """One figure a line, with half the width of its interval; a column for each set of pictures."""
    found = result.measurement
    table = table_of(Column("figure", no_wrap=True))
    table.padding = (0, 0)
    for row in found.rows:
        table.add_column(row.replace("-", "-\n"), justify="right", overflow="fold")
    for name in found.figures:
        cells = [
            with_half_width(figures.get(name), found.intervals.get(row, {}).get(name))
            for row, figures in found.rows.items()
        ]
        table.add_row(label(name, result), *cells)
    return table


def with_half_width(value: float | None, ends: tuple[float, float] | None) -> str:
    """A figure in three decimals, with half the width of its interval if that is not 0; empty without a figure.

    Small ones without an interval, such as warping errors, in two digits.
    """
    if value is None:
        return ""
    if ends is None and 0 < abs(value) < 0.01:
        return f"{value:.2g}".ljust(len("0.000") + 6)
    half = "" if ends is None else f"{(ends[1] - ends[0]) / 2:.3f}".removeprefix("0")
    return f"{value:.3f}" + (f" ±{half}" if half.strip(".0") else " " * 6)


def record_of(name: str, result: "Result") -> Mapping[str, Any]:
    """How a figure was measured; a protocol of one's own may say nothing of it."""
    return result.measurement.comparability.get(name, {})


def between(record: Mapping[str, Any]) -> str:
    """A figure's interval; empty if it has none."""
    return " to ".join(number(end) for end in record["interval"]) if record.get("interval") else ""


def intervals(result: "Result") -> list[str]:
    """The intervals of the first row, for a table without room for them."""
    if result.measurement.intervals:
        return []
    names = result.measurement.figures
    found = [f"{short(name, result)} {text}" for name in names if (text := between(record_of(name, result)))]
    first = next(iter(result.measurement.rows), None)
    return [f"95% interval of {first}: {', '.join(found)}"] if first is not None and found else []


def reasons(result: "Result") -> list[str]:
    """Why figures that could have an interval have none, in short."""
    without = [
        record["interval_method"].removeprefix("none: ").split(",")[0]
        for record in result.measurement.comparability.values()
        if "interval" in record and record["interval"] is None
    ]
    return [f"no interval, {reason}" for reason in dict.fromkeys(without)]


def counts(result: "Result") -> str:
    """How many pictures figures are of, and what they are crops of."""
    record = record_of(next(iter(result.measurement.figures)), result)
    if not record.keys() >= {"generated", "real"}:
        return ""
    if not result.measurement.rows:
        pictures = record.get("real_pictures")
        return f"{record['real']} real ones are crops of {pictures}" if pictures else ""
    sides = []
    for side, kind in (("generated", "content"), ("real", "style")):
        of = record.get(f"{kind}_pictures")
        sides.append(
            f"{record[side]} crops of {of} pictures" if of else f"{record[side]} picture{'s' * (record[side] != 1)}"
        )
    return " in each row, against ".join(sides)


def label(name: str, result: "Result") -> str:
    """A figure's name and which way is better."""
    arrow = {True: " ↑", False: " ↓", None: ""}[record_of(name, result).get("higher_is_better", False)]
    return f"{short(name, result)}{arrow}"


def short(name: str, result: "Result") -> str:
    """A name without the network that it is measured with, which a line below the table tells; whole if two figures
    would go by the same name.
    """

    def without_network(figure: str) -> str:
        return figure.removesuffix(f"_{network_of(figure, result)}")

    figures = list(result.measurement.figures)
    earlier = figures[: figures.index(name)]
    return name if without_network(name) in map(without_network, earlier) else without_network(name)


def network_of(name: str, result: "Result") -> str:
    """The network that a figure is measured with; empty if with none."""
    return str(record_of(name, result).get("extractor", ""))


def networks(result: "Result") -> list[str]:
    """Which figures are measured with which network, a line for each network."""
    groups: dict[str, list[str]] = {}
    for name in result.measurement.figures:
        groups.setdefault(network_of(name, result), []).append(short(name, result))
    return [f"by {network}: {', '.join(names)}" for network, names in groups.items() if network]


def number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"
