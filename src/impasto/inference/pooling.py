"""Means over a whole picture that is painted in tiles."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import cast

from torch import Tensor, nn

from impasto.networks.layers.channel_attention import WholePicturePooling

Span = tuple[int, int]
"""First row or column, and the one after the last."""


def measured_pools(
    paint: Callable[[int, int, int, int], Tensor],
    rows: Sequence[tuple[Span, Span]],
    columns: Sequence[tuple[Span, Span]],
    pools: Sequence[WholePicturePooling],
    rounds: int,
) -> Iterator[None]:
    """Give layers that take means over the whole picture those of its tiles together.

    In the first round each tile has means of its own, as small pictures have in training; after that those of the
    whole, which change what deeper layers see. After as many rounds as there are such layers nothing would change any
    more. A picture made small would do in one round, but its noise and its blur are not those of the picture.

    Args:
        paint: paints a part of the picture: top, left, bottom, right.
        rows: spans of the tiles without and with their overlaps, from top to bottom.
        columns: likewise, from left to right.
        pools: the layers.
        rounds: how often all tiles are painted.

    Yields:
        After each tile.
    """
    area = rows[-1][0][1] * columns[-1][0][1]
    for _ in range(rounds):
        means: list[Tensor | float] = [0.0] * len(pools)
        for (row, (top, bottom)), (column, (left, right)) in product(rows, columns):
            core = (row[0] - top, row[1] - top), (column[0] - left, column[1] - left)
            share = (row[1] - row[0]) * (column[1] - column[0]) / area
            with pooled(pools, core, bottom - top) as found:
                paint(top, left, bottom, right)
            means = [mean + found[number] * share for number, mean in enumerate(means)]
            yield
        for pool, mean in zip(pools, means, strict=True):
            pool.pooled = cast(Tensor, mean)


@contextmanager
def pooled(pools: Sequence[WholePicturePooling], core: tuple[Span, Span], height: int) -> Iterator[dict[int, Tensor]]:
    """What each layer finds within the block over a part of a tile, by the layer's number.

    Args:
        pools: the layers.
        core: rows and columns of the part, from the tile's first.
        height: of the tile in pixels.
    """
    found: dict[int, Tensor] = {}

    def note(number: int, x: Tensor) -> None:
        per = height // x.shape[2]  # pixels to a value
        down, across = (slice(start // per, end // per) for start, end in core)
        found[number] = pools[number].pool(x[..., down, across]).float()

    handles = [
        cast(nn.Module, pool).register_forward_pre_hook(lambda _, given, n=number: note(n, given[0]))
        for number, pool in enumerate(pools)
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def given_pools(pools: Sequence[WholePicturePooling]) -> Iterator[None]:
    """After the block, layers take means of their own again."""
    try:
        yield
    finally:
        for pool in pools:
            pool.pooled = None
