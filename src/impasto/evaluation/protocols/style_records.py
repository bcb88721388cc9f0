"""What is written down of style scores: their names, their intervals, and what makes them comparable."""

from collections.abc import Mapping
from typing import Any

from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.protocols.comparison import OURS
from impasto.evaluation.protocols.style_table import HIGHER_IS_BETTER, OF_NETWORK, Row, StyleTable
from impasto.procedural.render import RENDERER_VERSION


def named(figure: str, network: str) -> str:
    """The public name of a figure, with the network that it is measured with."""
    return f"{figure}_{network}" if figure in OF_NETWORK else figure


def intervals(row: Row, names: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """The intervals of a row, of those figures that have one."""
    return {names[name]: (e.low, e.high) for name, e in row.items() if e.low is not None and e.high is not None}


def records(
    rows: Mapping[str, Row], names: Mapping[str, str], network: str, about: Mapping[str, Any], table: StyleTable
) -> dict[str, dict[str, Any]]:
    """What makes each figure comparable, with the values of the other rows."""
    counts = [len(table.content), len(table.style)]
    common = {
        "generated": counts[0],
        "real": counts[1],
        "picture_size": list(table.content.shape[2:]),
        "fingerprint": table.digests[1],
        "content_fingerprint": table.digests[0],
        **about,
    }

    among = {"styles": ["content", *table.others], "renderer_version": RENDERER_VERSION}

    def record(figure: str, estimate: Estimate) -> dict[str, Any]:
        others = {row: found[figure].value for row, found in rows.items() if row != OURS and figure in found}
        return {
            "extractor": network if figure in OF_NETWORK else "pixels",
            **({"layers": list(table.network.layers)} if figure in OF_NETWORK else {}),
            **common,
            "interval": None if estimate.low is None else [estimate.low, estimate.high],
            "interval_method": estimate.method,
            "higher_is_better": figure in HIGHER_IS_BETTER,
            "controls": others,
            "counts_of_controls": dict.fromkeys(others, counts),
            **(among if figure == "retrieval" else {}),
        }

    return {names[figure]: record(figure, estimate) for figure, estimate in rows[OURS].items()}
