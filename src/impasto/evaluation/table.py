"""Figures on the console."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from impasto.evaluation.command import Result


def show(result: "Result", console: Console | None = None) -> None:
    """Print the table of a measurement, and where its JSON is."""
    console = console or Console()
    console.print(rows_table(result) if result.table else figures_table(result))
    console.print(f"Written to {result.path}", highlight=False)


def figures_table(result: "Result") -> Table:
    """One figure a line, with its interval."""
    table = Table("figure", title=result.title, caption=networks(result))
    for heading in ("value", "95% interval", "generated", "real"):
        table.add_column(heading, justify="right")
    for name, value in result.figures.items():
        record = result.comparability[name]
        interval = record.get("interval")
        between = f"{number(interval[0])} to {number(interval[1])}" if interval else ""
        table.add_row(label(name, result), number(value), between, str(record["generated"]), str(record["real"]))
    return table


def rows_table(result: "Result") -> Table:
    """One set of pictures a line: what was painted and the controls."""
    table = Table("pictures", title=result.title, caption=networks(result))
    for name in result.figures:
        table.add_column(label(name, result), justify="right")
    for row, figures in result.table.items():
        table.add_row(row, *(number(figures[name]) if name in figures else "" for name in result.figures))
    return table


def label(name: str, result: "Result") -> str:
    """A figure's name and which way is better."""
    return f"{short(name, result)} {'↑' if result.comparability[name].get('higher_is_better') else '↓'}"


def short(name: str, result: "Result") -> str:
    """A name without the network that most figures are measured with: the caption tells that one."""
    return name.removesuffix(f"_{main_network(result)}")


def main_network(result: "Result") -> str:
    """The network that the first figures, the distances, are measured with."""
    return str(result.comparability[next(iter(result.figures))]["extractor"])


def networks(result: "Result") -> str:
    """Which figures are measured with which network."""
    groups: dict[str, list[str]] = {}
    for name in result.figures:
        groups.setdefault(str(result.comparability[name]["extractor"]), []).append(short(name, result))
    return "; ".join(f"{', '.join(names)} by {network}" for network, names in groups.items())


def number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"
