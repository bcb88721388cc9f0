"""Painting pictures of any size, whole or in tiles that leave no seam, a strip of rows at a time."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.notices import notice
from impasto.inference.pooling import given_pools, measured_pools
from impasto.networks.layers.attention import CrossAttention, KeysAndValues, SelfAttention
from impasto.networks.layers.channel_attention import WholePicturePooling
from impasto.networks.layers.norm import Statistics, WholeInputStatistics, WholePictureStatistics
from impasto.networks.layers.placed import Drifting, Placed

WHOLE: Final = 4_000_000
"""Pixels up to which a picture is painted whole unless told otherwise: about 4 GB at the published width."""
TILE: Final = 896
"""Side of a tile in pixels; with overlaps it takes 2.6 GiB at the published width."""
STRIP: Final = 128
"""Rows that are handled at a time to save memory."""
OVERLAP: Final = 96
"""Pixels, for a network that does not declare its reach; about that of the published network's output."""
BLEND: Final = 16
"""Pixels by which tiles overlap beyond the reach of a network that declares it."""
ROUNDS: Final = 2
"""How often means over the whole picture are measured, see :mod:`~impasto.inference.pooling`."""

Paint = Callable[[Tensor], Tensor]
"""(1, C, h, w) in [-1, 1] to its painting."""
Read = Callable[[int, int, int, int], Tensor]
"""Top, left, bottom and right of a part to its pixels (1, C, h, w), float32 in [-1, 1]. Pictures of one size that are
painted whole may come together, as (N, C, h, w)."""
Span = tuple[int, int]
"""First row or column, and the one after the last."""


@dataclass(frozen=True)
class Tile:
    """One more tile is painted.

    Attributes:
        done: tiles painted.
        total: tiles of the picture.
        top: row at which the strip begins.
        strip: (1, C, h, W) in [-1, 1], float32, the next complete rows; None if there are none yet.
    """

    done: int
    total: int
    top: int = 0
    strip: Tensor | None = None


def paint_in_tiles(
    network: nn.Module,
    paint: Paint,
    read: Read,
    height: int,
    width: int,
    tile: int | None = None,
    overlap: int | None = None,
    scale: int = 1,
) -> Iterator[Tile]:
    """Paint one picture of any size: reflected to the network's stride, and cropped back.

    Memory holds one strip of the painting, as high as a tile.

    Args:
        network: that paints; its attributes ``stride``, ``smallest`` (side) and ``reach`` are used if it has them. Its
            :class:`~impasto.networks.layers.placed.Placed` parts are told where each tile lies.
        paint: calls it.
        read: gives parts of the picture.
        height: of the picture in pixels.
        width: likewise.
        tile: side of the tiles in pixels; 0 paints it whole, None up to 4 megapixels.
        overlap: of neighbouring tiles, on each side; None takes the network's reach and a little, or :data:`OVERLAP`.
        scale: how many times larger the painting is.

    Yields:
        Each tile; the strips together are the painting, from top to bottom.
    """
    stride, smallest = (whole_number(network, name) for name in ("stride", "smallest"))
    smallest = max(smallest, stride)
    tell_extent(network, height, width)
    full = max(smallest, ceil_to(height, stride)), max(smallest, ceil_to(width, stride))

    def read_reflected(top: int, left: int, bottom: int, right: int) -> Tensor:
        part = read(top, left, min(bottom, height), min(right, width))
        return reflect_to(part, bottom - top, right - left)

    if tile is None:
        tile = TILE if height * width > WHOLE else 0
    if not tile or (height <= tile and width <= tile):
        painting = paint(read_reflected(0, 0, *full)).float()
        yield Tile(1, 1, 0, painting[..., : height * scale, : width * scale].clamp(-1, 1))
        return
    reach = whole_number(network, "reach", 0)
    if overlap is None:
        overlap = reach + BLEND if reach else OVERLAP
    tile, overlap = ceil_to(max(tile, smallest), stride), ceil_to(overlap, stride)
    blind = reach if 0 < reach < overlap else overlap / 2
    factor = min((tile + 2 * overlap) / math.sqrt(height * width), 1.0)
    small = [max(int(side * factor) // stride * stride, smallest) for side in (height, width)]
    with (
        shared_statistics(network, paint, lambda: shrink(read, (height, width), small)),
        input_statistics(network, read_reflected, *full),
        placing(network) as place,
    ):

        def paint_part(top: int, left: int, bottom: int, right: int) -> Tensor:
            place(top, left)
            return paint(read_reflected(top, left, bottom, right))

        along = [cores(length, tile, stride) for length in full]
        parts = [list(zip(own, widened(own, overlap), strict=True)) for own in along]
        pools = [module for module in network.modules() if isinstance(module, WholePicturePooling)]
        count, first = len(parts[0]) * len(parts[1]), 0
        with given_pools(pools):
            rounds = ROUNDS if pools else 0
            for first, _ in enumerate(measured_pools(paint_part, parts[0], parts[1], pools, rounds), 1):
                yield Tile(first, count * (1 + rounds))
            # What is painted is scale times larger than what is read.
            rows, columns = ([(a * scale, b * scale) for _, (a, b) in spans_of] for spans_of in parts)
            enlarged = blended(
                lambda *box: paint_part(*(side // scale for side in box)), rows, columns, overlap * scale, blind * scale
            )
            for painted in enlarged:
                strip = painted.strip
                if strip is not None:
                    strip = strip[..., : height * scale - painted.top, : width * scale].clamp_(-1, 1)
                yield replace(painted, done=first + painted.done, total=first + count, strip=strip)


def whole_number(network: nn.Module, name: str, otherwise: int = 1) -> int:
    """An attribute of a network, unless it has none, or something else of that name, as a convolution has."""
    value = getattr(network, name, otherwise)
    return value if isinstance(value, int) else otherwise


@contextmanager
def placing(network: nn.Module) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that tells the network the row and column of the tile that comes next; reset after the block."""
    parts = [module for module in network.modules() if isinstance(module, Placed)]

    def place(top: int, left: int) -> None:
        for part in parts:
            part.place = top, left

    try:
        yield place
    finally:
        place(0, 0)


def tell_extent(network: nn.Module, height: int, width: int) -> None:
    """Tell parts whose noise belongs to a scene how large the whole picture is."""
    for part in network.modules():
        if isinstance(part, Drifting) and part.drift is not None:
            part.drift = replace(part.drift, height=height, width=width)


def ceil_to(size: int, multiple: int) -> int:
    """The next multiple."""
    return -(-size // multiple) * multiple


def reflect_to(image: Tensor, height: int, width: int) -> Tensor:
    """Continue a picture by its mirror image below and to the right, as often as it takes, or its edge if 1 pixel."""
    while image.shape[-2] < height or image.shape[-1] < width:
        down = min(height - image.shape[-2], max(image.shape[-2] - 1, 1))
        right = min(width - image.shape[-1], max(image.shape[-1] - 1, 1))
        mode = "reflect" if min(image.shape[-2:]) > 1 else "replicate"
        image = F.pad(image, (0, right, 0, down), mode=mode)
    return image


def spans(length: int, tile: int, overlap: int, stride: int = 1) -> list[Span]:
    """Spans that cover a side: cores of up to ``tile`` pixels, evenly spread, with ``overlap`` on each inner end.

    All of them begin and end at multiples of ``stride``, as ``length``, ``tile`` and ``overlap`` are.
    """
    return widened(cores(length, tile, stride), overlap)


def cores(length: int, tile: int, stride: int = 1) -> list[Span]:
    """Spans of up to ``tile`` pixels that cover a side, evenly spread."""
    step = ceil_to(math.ceil(length / math.ceil(length / tile)), stride)
    return [(start, min(start + step, length)) for start in range(0, length, step)]


def widened(cores: Sequence[Span], overlap: int) -> list[Span]:
    """Spans with ``overlap`` on each inner end."""
    length = cores[-1][1]
    return [(max(start - overlap, 0), min(end + overlap, length)) for start, end in cores]


def blended(
    paint: Read, rows: Sequence[Span], columns: Sequence[Span], overlap: int, blind: float | None = None
) -> Iterator[Tile]:
    """Paint the tiles row by row and fade them into each other.

    If ``blind`` covers the network's reach, neighbours agree to the last digit.

    Args:
        paint: paints a part of the picture.
        rows: spans from top to bottom.
        columns: spans from left to right.
        overlap: of neighbouring tiles, on each side.
        blind: see :func:`fade`.
    """
    height, width, count = rows[-1][1], columns[-1][1], len(rows) * len(columns)
    kept: tuple[Tensor, Tensor] | None = None
    for i, (top, bottom) in enumerate(rows):
        total = weights = torch.empty(0)
        end = rows[i + 1][0] if i + 1 < len(rows) else bottom  # no later tile reaches the rows above
        for j, (left, right) in enumerate(columns):
            painted = paint(top, left, bottom, right).float()
            if j == 0:
                total = painted.new_zeros(1, painted.shape[1], bottom - top, width)
                weights = painted.new_zeros(1, 1, bottom - top, width)
                if kept is not None:
                    total[..., : kept[0].shape[-2], :], weights[..., : kept[1].shape[-2], :] = kept
            down = fade(bottom - top, overlap, top > 0, bottom < height, painted.device, blind)
            weight = down[:, None] * fade(right - left, overlap, left > 0, right < width, painted.device, blind)
            total[..., left:right] += painted * weight
            weights[..., left:right] += weight
            if j + 1 < len(columns):
                yield Tile(i * len(columns) + j + 1, count)
        kept = total[..., end - top :, :].clone(), weights[..., end - top :, :].clone()
        strip = total[..., : end - top, :].div_(weights[..., : end - top, :])
        yield Tile((i + 1) * len(columns), count, top, strip)


def fade(
    length: int, overlap: int, before: bool, after: bool, device: torch.device, blind: float | None = None
) -> Tensor:
    """Weights along one side of a tile: 0 on the outer part of an overlap, whose border was reflected, then a ramp.

    Args:
        length: of the side in pixels.
        overlap: with a neighbour.
        before: whether there is a neighbour to the left or above.
        after: whether there is one to the right or below.
        device: of the weights.
        blind: pixels of weight 0, less than the overlap; None takes half of it.

    Returns:
        (length,) in (0, 1].
    """
    place = torch.arange(length, device=device) + 0.5
    weight = torch.ones(length, device=device)
    blind = max(overlap / 2, 0.5) if blind is None else blind
    ramp = max(2 * (overlap - blind), 1)
    if before:
        weight = weight * ((place - blind) / ramp).clamp(1e-6, 1)
    if after:
        weight = weight * ((length - place - blind) / ramp).clamp(1e-6, 1)
    return weight


@contextmanager
def shared_statistics(network: nn.Module, paint: Paint, whole: Callable[[], Tensor]) -> Iterator[None]:
    """Within the block, normalisations by a picture's own statistics use those of the whole picture, and attention goes
    to the whole picture.

    They are measured on the picture made small enough to be painted whole. Measuring them on tiles in several rounds is
    no better: the input of a layer depends on all layers before it, and the error grows from round to round.

    Args:
        network: any; its :class:`WholePictureStatistics` and attention take part.
        paint: calls it.
        whole: gives the picture (1, C, H, W), small enough to be painted whole.
    """
    norms = [module for module in network.modules() if isinstance(module, WholePictureStatistics)]
    if others := sorted(
        {type(m).__name__ for m in network.modules() if isinstance(m, nn.InstanceNorm2d | nn.GroupNorm)}
    ):
        notice(
            "inference.tiles",
            f"This network's {' and '.join(others)} normalise each tile by itself, which may leave seams: paint whole "
            "with tile=0, or build the network with impasto.networks.layers.norm.InstanceNorm.",
        )
    attending = [module for module in network.modules() if isinstance(module, SelfAttention | CrossAttention)]
    if attending:
        notice(
            "inference.attention",
            "This network attends over the whole picture: its tiles attend to the picture made small, and may differ "
            "from a painting made whole with tile=0.",
        )
    try:
        if norms or attending:
            measure_statistics(paint, norms, attending, whole())
        yield
    finally:
        for norm in norms:
            norm.statistics = None
        for layer in attending:
            layer.whole = None


@contextmanager
def input_statistics(network: nn.Module, read: Read, height: int, width: int) -> Iterator[None]:
    """Within the block, layers that use statistics of the network's input use those of the whole picture.

    Args:
        network: any; its :class:`WholeInputStatistics` take part.
        read: gives parts of the picture.
        height: of the picture.
        width: likewise.
    """
    layers = [module for module in network.modules() if isinstance(module, WholeInputStatistics)]
    # The last strip takes the rest, so that rows that are reflected have enough to be reflected from.
    tops = list(range(0, max(height - STRIP, 0) + 1, STRIP))
    try:
        for layer in layers:
            parts = (read(top, 0, end, width) for top, end in pairwise([*tops, height]))
            layer.statistics = layer.measure_parts(parts)
        yield
    finally:
        for layer in layers:
            layer.statistics = None


def shrink(read: Read, size: Span, small: Sequence[int]) -> Tensor:
    """The picture (1, C, *small), bilinear and antialiased; read a strip at a time, to save memory."""
    height, width = size
    narrow = []
    for top in range(0, height, STRIP):
        strip = read(top, 0, min(top + STRIP, height), width)
        narrow.append(F.interpolate(strip, (strip.shape[-2], small[1]), mode="bilinear", antialias=True))
    return F.interpolate(torch.cat(narrow, 2), tuple(small), mode="bilinear", antialias=True)


def measure_statistics(
    paint: Paint,
    norms: Sequence[WholePictureStatistics],
    attending: Sequence[SelfAttention | CrossAttention],
    image: Tensor,
) -> None:
    """Set every norm's statistics, and what attention goes to, to those of their inputs for this picture."""
    found: dict[int, Statistics | KeysAndValues] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        measure = layer.keys_and_values if isinstance(layer, SelfAttention | CrossAttention) else layer.measure
        found[id(layer)] = cast(Callable[[Tensor], Statistics | KeysAndValues], measure)(inputs[0])

    handles = [cast(nn.Module, layer).register_forward_pre_hook(note) for layer in (*norms, *attending)]
    try:
        paint(image)
    finally:
        for handle in handles:
            handle.remove()
    for norm in norms:
        norm.statistics = found.get(id(norm))
    for layer in attending:
        layer.whole = found.get(id(layer))
