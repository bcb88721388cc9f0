"""Strokes of another size than the network's own: painting at other scales than that of the picture."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.inference.tiles import STRIP, Paint, Read, Tile, paint_in_tiles, shrink, whole_number

SIDE: Final = 256
"""Pixels of the shorter side of a picture on which strokes of brush 1 have the size that the network paints: that to
which style pictures are brought, so that strokes are as large in the painting as in the picture of the style."""
LARGE: Final = 320
"""Pixels of the shorter side above which ``auto`` enlarges strokes."""
FINEST: Final = 2.0
"""Most that a picture is enlarged to be painted with finer strokes."""
SMALLEST: Final = 64
"""Pixels of the shorter side below which no picture is reduced."""
KEPT: Final = 4
"""Radius of the means, taken three times over, that a painting keeps when it is painted over."""

Brush = float | Literal["auto"] | None
"""Scale of strokes relative to the picture; ``auto`` is 1 for large pictures, and None leaves strokes as they are."""


def check_brush(brush: object) -> None:
    """Make sure that a setting is a scale of strokes.

    Raises:
        UserError: it is not.
    """
    if brush is None or brush == "auto":
        return
    if not isinstance(brush, int | float) or isinstance(brush, bool) or not 0.1 <= brush <= 10:
        raise UserError(f"brush={brush} does not fit: give auto, or a number from 0.1 to 10; 1 is as trained.")


def factor_of(brush: Brush, height: int, width: int) -> float:
    """By how much strokes are to be larger than those that the network paints of itself."""
    side = min(height, width)
    if brush == "auto":
        brush = 1.0 if side > LARGE else None
    return 1.0 if brush is None else side * brush / SIDE


def sizes(factor: float, height: int, width: int) -> list[tuple[int, int]]:
    """Heights and widths at which a picture is painted one after the other, from the coarsest.

    Each is at most twice the one before. The last is the picture's own, or a larger one that is reduced to it.

    Args:
        factor: by which strokes are larger than what the network paints.
        height: of the picture.
        width: likewise.
    """
    factor = max(min(factor, max(min(height, width) / SMALLEST, 1)), 1 / FINEST)
    if abs(factor - 1) < 0.02:
        return [(height, width)]
    if factor < 1:
        return [(round(height / factor), round(width / factor))]
    steps = math.ceil(math.log2(factor) - 1e-6)
    scales = [factor ** (-step / steps) for step in range(steps, -1, -1)]
    return [(max(round(height * scale), 1), max(round(width * scale), 1)) for scale in scales]


def paint_at_sizes(
    network: nn.Module,
    paint: Paint,
    read: Read,
    height: int,
    width: int,
    tile: int | None,
    levels: Sequence[tuple[int, int]],
) -> Iterator[Tile]:
    """As :func:`~impasto.inference.tiles.paint_in_tiles`, with strokes of another size.

    The picture is painted small, where strokes are large; the painting is enlarged and painted over, which gives the
    strokes sharp edges and bristles, and so on up to the size of the picture. What is painted over keeps its colours.

    Args:
        network: see :func:`~impasto.inference.tiles.paint_in_tiles`.
        paint: likewise.
        read: likewise.
        height: likewise.
        width: likewise.
        tile: likewise.
        levels: see :func:`sizes`.

    Yields:
        Each tile, counted in pixels painted.
    """
    total, before = sum(h * w for h, w in levels), 0
    own, over = (height, width), Over(network, paint)
    for level, (h, w) in enumerate(levels):
        strips = []
        used: tuple[nn.Module, Paint] = (over, over) if level else (network, paint)
        for part in paint_in_tiles(*used, resized(read, own, (h, w)), h, w, tile):
            done = before + h * w * part.done // part.total
            if (h, w) == (height, width):
                yield replace(part, done=done, total=total)
                continue
            strips += [] if part.strip is None else [part.strip.half()]
            yield Tile(min(done, total - 1), total)
        before += h * w
        if strips:
            read, own = reader(torch.cat(strips, 2)), (h, w)
    if levels[-1] != (height, width):
        small = resized(read, own, (height, width))
        for top in range(0, height, STRIP):
            yield Tile(total, total, top, small(top, 0, min(top + STRIP, height), width))


class Over(nn.Module):
    """Paints over an enlarged painting, and keeps its colours.

    Args:
        network: that paints.
        paint: calls it.
    """

    def __init__(self, network: nn.Module, paint: Paint) -> None:
        super().__init__()
        self.network, self.paint = network, paint
        self.stride, self.smallest = (whole_number(network, name) for name in ("stride", "smallest"))
        reach = whole_number(network, "reach", 0)
        self.reach = reach + 3 * KEPT if reach else 0

    def forward(self, painting: Tensor) -> Tensor:
        """(1, C, H, W) in [-1, 1] to the same."""
        finer = self.paint(painting).float()
        return finer + smooth(painting - finer)


def smooth(images: Tensor) -> Tensor:
    """Means over a neighbourhood, three times over: nearly a Gaussian; (N, C, H, W)."""
    for _ in range(3):
        images = F.avg_pool2d(F.pad(images, (KEPT,) * 4, mode="replicate"), 2 * KEPT + 1, 1)
    return images


def reader(image: Tensor) -> Read:
    """Parts of a picture (1, C, H, W) that lies in memory, in float32."""

    def read(top: int, left: int, bottom: int, right: int) -> Tensor:
        return image[..., top:bottom, left:right].float()

    return read


def resized(read: Read, own: tuple[int, int], size: tuple[int, int]) -> Read:
    """Parts of a picture at another size.

    Args:
        read: parts of the picture.
        own: its height and width.
        size: the other; if that is smaller, the whole picture at that size is held in memory.
    """
    if size == own:
        return read
    if size[0] <= own[0] and size[1] <= own[1]:
        return reader(shrink(read, own, size))

    def enlarged(top: int, left: int, bottom: int, right: int) -> Tensor:
        y, y0, y1 = places(top, bottom, own[0], size[0])
        x, x0, x1 = places(left, right, own[1], size[1])
        part = read(y0, x0, y1, x1)
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).to(part.device).expand(len(part), -1, -1, -1)
        return F.grid_sample(part, grid, mode="bicubic", padding_mode="border", align_corners=True).clamp(-1, 1)

    return enlarged


def places(start: int, end: int, own: int, size: int) -> tuple[Tensor, int, int]:
    """Where pixels of an enlarged side lie in the part of the side that a cubic kernel reaches.

    Args:
        start: first pixel of the enlarged side.
        end: the one after the last.
        own: length of the side.
        size: of the enlarged side.

    Returns:
        Places (end - start,), -1 at the centre of the part's first pixel and 1 at that of its last; the part's first
        pixel; and the one after its last.
    """
    at = (torch.arange(start, end, dtype=torch.float64) + 0.5) * (own / size) - 0.5
    first, last = max(int(at[0].floor()) - 1, 0), min(int(at[-1].floor()) + 3, own)
    return ((at - first) / max(last - first - 1, 1) * 2 - 1).float(), first, last
