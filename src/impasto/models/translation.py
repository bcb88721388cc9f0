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
            painting = painter(content=content)
            given, gives = painter.content or painter.gives, painter.gives
            shown_content = as_picture(content, given)
            # A channel that paintings do not have, such as a mask, is not shown.
            few = max(as_picture(painting[:1], gives).shape[1], 3 if given.label_map is not None else 1)
            seen = F.interpolate(shown_content[:, :few], painting.shape[-2:])
            beside_it = (shown[name][start : start + length] for name in beside)
            rows += [seen, *(as_picture(values, gives) for values in (painting, *beside_it))]
    rows = [torch.cat([row, row.new_ones(length - len(row), *row.shape[1:])]) for row in rows]
    channels = max(row.shape[1] for row in rows)
    return torch.cat([row.expand(-1, channels, -1, -1) for row in rows]), length
