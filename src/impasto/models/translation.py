"""Previews of models that repaint pictures."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.label_maps import as_picture
from impasto.painters.painter import Painter


@torch.no_grad()
def preview_rows(
    batch: dict[str, Tensor] | None,
    parts: Sequence[tuple[str, Painter]],
    beside: Sequence[str],
    count: int | None,
    columns: int | None,
) -> tuple[Tensor, int]:
    """Rows of pictures, with their paintings below, and further parts such as targets below those.

    Label maps are shown in colours.

    Args:
        batch: by part.
        parts: which parts are shown, and what repaints each.
        beside: parts shown below each painting, such as targets: of the kind that is painted.
        count: pictures of each part; None for all.
        columns: pictures in a row; None for one row. The last row is filled up with white.

    Returns:
        ((N, C, H, W) in [-1, 1], pictures in a row).
    """
    if batch is None:
        raise ValueError("this model looks at pictures, and the data sets none aside")
    shown = {part: pictures[:count] for part, pictures in batch.items()}
    length = min(columns or len(shown[parts[0][0]]), *(len(shown[part]) for part, _ in parts))
    rows: list[Tensor] = []
    for part, painter in parts:
        for start in range(0, len(shown[part]), length):
            content = shown[part][start : start + length]
            given, gives = painter.content or painter.gives, painter.gives
            painting, seen = as_picture(painter(content=content), gives), as_picture(content, given)
            if given.label_map is None:  # a channel that paintings do not have, such as a mask, is not shown
                seen = seen[:, : painting.shape[1]]
            further = (as_picture(shown[name][start : start + length], gives) for name in beside)
            rows += [F.interpolate(seen, painting.shape[-2:]), painting, *further]
    rows = [torch.cat([row, row.new_ones(length - len(row), *row.shape[1:])]) for row in rows]
    channels = max(row.shape[1] for row in rows)
    return torch.cat([row.expand(-1, channels, -1, -1) for row in rows]), length
