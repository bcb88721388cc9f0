"""Shared by the models that repaint pictures: previews, and batches for batch statistics."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from impasto.painters.painter import Painter

STANDING_BATCHES = 16
"""Batches of 4 pictures over which batch statistics are measured."""


def content_runs(painter: Painter, data: Any, part: str) -> Iterator[Callable[[], object]]:
    """Runs of a painter over batches of a part of the data, as training sees them, the same every time."""
    return (
        partial(painter, content=batch.to(painter.device)) for batch in data.first_batches(part, 4, STANDING_BATCHES)
    )


@torch.no_grad()
def preview_rows(
    batch: dict[str, Tensor] | None,
    parts: Sequence[tuple[str, Painter]],
    beside: Sequence[str],
    count: int | None,
    columns: int | None,
) -> tuple[Tensor, int]:
    """Rows of pictures, with their paintings below, and further parts such as targets below those.

    Args:
        batch: by part.
        parts: which parts are shown, and what repaints each.
        beside: parts shown below each painting, such as targets.
        count: pictures of each part; None for all.
        columns: pictures in a row; None for one row.

    Returns:
        ((N, C, H, W) in [-1, 1], pictures in a row).
    """
    if batch is None:
        raise ValueError("this model looks at pictures, and the data sets none aside")
    length = min(columns or len(batch[parts[0][0]]), *(len(batch[part][:count]) for part, _ in parts))
    rows: list[Tensor] = []
    for part, painter in parts:
        shown = batch[part][:count]
        for start in range(0, len(shown) - length + 1, length):
            content = shown[start : start + length]
            rows += [content, painter(content=content), *(batch[name][start : start + length] for name in beside)]
    channels = max(row.shape[1] for row in rows)
    return torch.cat([row.expand(-1, channels, -1, -1) for row in rows]), length
