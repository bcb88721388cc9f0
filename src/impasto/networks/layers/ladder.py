"""The resolutions a convolutional network passes through, for pictures of any size."""

import math
from collections.abc import Iterable, Sequence

from impasto.base.errors import UserError

Size = tuple[int, int]

SMALLEST_BASE = 4


def ladder(height: int, width: int) -> list[Size]:
    """Sizes of the feature maps from the coarsest to the picture's own, by repeated halving, odd sizes rounded up.

    The shorter side of the coarsest is 4, 5 or 6: 28x28 gives 4, 7, 14, 28 and 37x53 gives 5x7, 10x14, 19x27, 37x53.

    Args:
        height: rows of the picture.
        width: columns of the picture.

    Raises:
        UserError: a side of less than 7 pixels, which cannot be halved once.
    """
    sizes = [(height, width)]
    while min(sizes[0]) > SMALLEST_BASE + 2:
        sizes.insert(0, (math.ceil(sizes[0][0] / 2), math.ceil(sizes[0][1] / 2)))
    if len(sizes) == 1:
        raise UserError(f"Pictures of {height}x{width} are too small for this network; give at least 7 pixels a side.")
    return sizes


def nearest_levels(sizes: Sequence[Size], wanted: Iterable[int]) -> set[int]:
    """Which of the sizes have a shorter side nearest (as a ratio) to the wanted resolutions.

    Args:
        sizes: candidates.
        wanted: resolutions in pixels, as in ``attention: [32]``.

    Returns:
        Positions in ``sizes``.

    Raises:
        UserError: a resolution below 1.
    """
    wanted = list(wanted)
    positive(**{f"attention[{i}]": w for i, w in enumerate(wanted)})
    return {min(range(len(sizes)), key=lambda i: abs(math.log(min(sizes[i]) / w))) for w in wanted}


def positive(**numbers: int) -> None:
    """Refuse settings below 1.

    Raises:
        UserError: the first such setting, by the name it is given here.
    """
    for name, number in numbers.items():
        if number < 1:
            raise UserError(f"A network cannot be built with {name}={number}; give 1 or more.")


def doubling(levels: int, features: int, max_features: int) -> list[int]:
    """Channels of ``levels`` levels from the coarsest to the finest: ``features`` at the finest, doubling downwards."""
    return [min(features * 2**i, max_features) for i in reversed(range(levels))]
