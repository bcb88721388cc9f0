"""Where strokes would run in a picture: the smoothed structure tensor, and noise drawn out along it."""

import math
from collections.abc import Iterator
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.pixels import luma
from impasto.networks.layers.placed import Drift

MAPS: Final = 3
"""Channels of :func:`orientation_maps`."""
NOISES: Final = 4
"""Channels of :func:`stroke_noise`: single places, short lines, long lines and broad lines."""
SHORT: Final = 2
LONG: Final = 6
"""Steps to each side along which the lines run."""
REACH: Final = 1 + 3 * 1 + 3 * 4 + LONG + 2
"""Of the noise, at its own size: differences, both smoothings, the lines, and bilinear sampling."""
FAINT: Final = 2e-5
"""Strength of the flow in flat places: squared difference of neighbours, a hundredth of that of film grain."""
BROADER: Final = 3.0
"""By which means over 3 x 3 places of white noise are multiplied, for unit variance."""


@torch.no_grad()
def orientation_maps(images: Tensor, factor: int, place: tuple[int, int] = (0, 0)) -> Tensor:
    """Direction along edges and how clear it is, at a fraction of the picture's size.

    The structure tensor of luma (Bigun and Granlund 1987) is smoothed over a small neighbourhood; where that is flat, a
    larger one decides, so that strokes in a sky follow what stands below it. Where there is nothing at all, strokes
    follow a flow of their own, which bends slowly from place to place.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1]; H and W are multiples of ``factor``.
        factor: by which the maps are smaller.
        place: row and column in pixels at which the images lie in their picture.

    Returns:
        (N, 3, H / factor, W / factor) float32: cos 2a and sin 2a of the direction a along the edge, and coherence
        in [0, 1].
    """
    grey = F.avg_pool2d(luma(images), factor)
    grey = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    dx = (grey[..., 1:-1, 2:] - grey[..., 1:-1, :-2]) / 2
    dy = (grey[..., 2:, 1:-1] - grey[..., :-2, 1:-1]) / 2
    tensor = torch.cat([dx * dx, dy * dy, dx * dy], 1)
    near = smoothed(tensor, 1)
    xx, yy, xy = (near + 0.1 * smoothed(near, 4) + 1e-6).unbind(1)
    xy = xy - 1e-6
    # The gradient's angle, doubled, turned by half a turn: along the edge.
    cos, sin = yy - xx, -2 * xy
    coherence = (cos.square() + sin.square()).sqrt() / (xx + yy)
    height, width = xx.shape[-2:]
    angle = 2 * flow_angle(place[0] / factor, place[1] / factor, height, width, images.device)
    cos, sin = cos + FAINT * angle.cos(), sin + FAINT * angle.sin()
    strength = (cos.square() + sin.square()).sqrt() + 1e-8
    return torch.stack([cos / strength, sin / strength, coherence], 1)


def flow_angle(top: float, left: float, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Angles of a flow that bends slowly and belongs to places: waves of three lengths and ways; (height, width)."""
    y = torch.arange(height, device=device)[:, None] + top
    x = torch.arange(width, device=device)[None, :] + left
    return sum(  # type: ignore[return-value]
        weight * torch.sin((x * math.cos(way) + y * math.sin(way)) * (2 * math.pi / length) + way)
        for weight, length, way in ((0.7, 97.0, 1.9), (0.5, 61.0, 0.4), (0.3, 37.0, 3.0))
    )


def smoothed(maps: Tensor, radius: int, times: int = 3) -> Tensor:
    """Box means of side 2 * radius + 1, three times over, which is nearly a Gaussian; (N, C, H, W)."""
    side = 2 * radius + 1
    for _ in range(times):
        # Rows and columns apart, which is quicker.
        maps = F.avg_pool2d(F.pad(maps, (radius,) * 4, mode="replicate"), (side, 1), 1)
        maps = F.avg_pool2d(maps, (1, side), 1)
    return maps


@torch.no_grad()
def stroke_noise(maps: Tensor, white: Tensor) -> Tensor:
    """White noise, and the same drawn out into lines along the direction (Cabral and Leedom 1993).

    Args:
        maps: (N, 3, h, w) of :func:`orientation_maps`.
        white: (N or 1, 1, h, w) of unit variance.

    Returns:
        (N, 4, h, w) of about unit variance.
    """
    n, _, height, width = maps.shape
    angle = torch.atan2(maps[:, 1], maps[:, 0]) / 2
    field = torch.stack([angle.cos(), angle.sin()], 1)
    white = white.expand(n, -1, -1, -1)
    sources = torch.cat([white, smoothed(white, 1, times=1) * BROADER], 1)
    rows = torch.arange(height, device=maps.device, dtype=maps.dtype)
    columns = torch.arange(width, device=maps.device, dtype=maps.dtype)
    start = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), 0).expand(n, -1, -1, -1)
    short = total = sources
    ways = [walk(field, sources, start, sign) for sign in (1.0, -1.0)]
    for step, (forth, back) in enumerate(zip(*ways, strict=True), 1):
        total = total + forth + back
        if step == SHORT:
            short = total
    short, total = (lines * 1.1 / (2 * steps + 1) ** 0.5 for lines, steps in ((short, SHORT), (total, LONG)))
    return torch.cat([white, short[:, :1], total[:, :1], total[:, 1:] / 1.6], 1)


def walk(field: Tensor, sources: Tensor, place: Tensor, sign: float) -> Iterator[Tensor]:
    """Values of the sources at :data:`LONG` steps of one pixel along a field of directions.

    Args:
        field: (N, 2, h, w), unit vectors, x before y; a direction and its opposite mean the same.
        sources: (N, K, h, w).
        place: (N, 2, h, w) to start at, in pixels.
        sign: 1 to go forth, -1 to go back.
    """
    way = sign * field
    maps = torch.cat([field, sources], 1)
    for _ in range(LONG):
        place = place + way
        both = sampled(maps, place)
        here = both[:, :2]
        way = here * torch.where((here * way).sum(1, keepdim=True) < 0, -1.0, 1.0)
        way = way * (way.square().sum(1, keepdim=True) + 1e-6).rsqrt()
        yield both[:, 2:]


def sampled(maps: Tensor, place: Tensor) -> Tensor:
    """Values of (N, C, h, w) at places (N, 2, h, w), x before y, in pixels; bilinear, the border continued."""
    height, width = maps.shape[-2:]
    size = torch.tensor([max(width - 1, 1), max(height - 1, 1)], device=maps.device, dtype=maps.dtype)
    # Scaled with x and y as whole maps: ONNX Runtime is slow where the last axis of two is spread over places.
    grid = (place / size[:, None, None] * 2 - 1).permute(0, 2, 3, 1)
    return F.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=True)


def noise_of(
    place: tuple[int, int], cell: int, height: int, width: int, drift: Drift | None, device: torch.device | str = "cpu"
) -> Tensor:
    """Noise of a part of a picture: the same whichever part is painted; and for a clip, of what each pixel shows.

    Args:
        place: row and column at which the part lies, in pixels.
        cell: pixels to a side that share a value.
        height: cells of the part.
        width: likewise.
        drift: where it is drawn; None for its own places.
        device: of the result.

    Returns:
        (N or 1, 1, height, width) float32, of unit variance.
    """
    top, left = (start // cell for start in place)
    if drift is None:
        return noise_at(top, left, height, width, device)
    size = drift.width or width * cell, drift.height or height * cell
    columns, rows = (
        torch.arange(start, start + count, device=device, dtype=torch.float32)
        for start, count in ((left, width), (top, height))
    )
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)
    scale = torch.tensor(size, device=device, dtype=torch.float32) / cell
    lookup = ((grid + 0.5) / scale * 2 - 1).expand(len(drift.way), -1, -1, -1)
    far = F.grid_sample(drift.way.to(device), lookup, "bilinear", padding_mode="border", align_corners=False)
    # The nearest cell's, not a mean of four, which would be smoother than noise, and strokes with it.
    places = (grid.permute(2, 0, 1) + far * scale[:, None, None]).round().long()
    return hashed(places[:, 1:], places[:, :1])


def noise_at(top: int, left: int, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Noise that belongs to places: the same whichever part of a picture is painted.

    A hash of the coordinates (Wang's integer mix), four of them summed to a bell of unit variance.

    Args:
        top: first row.
        left: first column.
        height: rows.
        width: columns.
        device: of the result.

    Returns:
        (1, 1, height, width) float32.
    """
    rows = torch.arange(top, top + height, device=device, dtype=torch.int64)[:, None]
    columns = torch.arange(left, left + width, device=device, dtype=torch.int64)[None, :]
    return hashed(rows, columns)[None, None]


def hashed(rows: Tensor, columns: Tensor) -> Tensor:
    """Noise of unit variance at cells, int64 of shapes that go together: float32."""
    total = torch.zeros(torch.broadcast_shapes(rows.shape, columns.shape), device=rows.device)
    for part in range(4):
        x = (rows * 73856093) ^ (columns * 19349663) ^ ((part + 1) * 83492791)
        x = x & 0xFFFFFFFF
        x = ((x ^ 61) ^ (x >> 16)) & 0xFFFFFFFF
        x = (x + (x << 3)) & 0xFFFFFFFF
        x = x ^ (x >> 4)
        x = (x * 0x27D4EB2D) & 0xFFFFFFFF
        x = x ^ (x >> 15)
        total = total + (x.double() / 2**32 - 0.5).float()
    return total * 3**0.5
