"""A set of pictures in one style as something to be near to."""

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Final

import torch
from torch import Tensor

from impasto.evaluation.figures.structure_tensor import distribution_distance
from impasto.evaluation.figures.style_descriptions import VIEWS, StyleDescription

HELD_BACK: Final = 28
"""Draws of style pictures that are held back, for what real pictures reach; all pairs of eight."""
FOLDS: Final = 8
"""Parts of the content, of which a picture's own is left out where it is compared with content."""


class StyleSet:
    """A set of pictures as something to be near to.

    Args:
        pictures: their description.
    """

    def __init__(self, pictures: StyleDescription) -> None:
        self.moments = {view: pictures.moments(view) for view in VIEWS}
        self.tables = {view: pictures.table(view) for view in VIEWS}

    def distance(self, view: str, ours: StyleDescription) -> Tensor:
        """Of each picture from the set, the mean of both kinds of distance: (n,)."""
        return (ours.gram(view, self.moments[view]) + ours.sliced(view, self.tables[view])) / 2

    def far(self, ours: StyleDescription) -> Tensor:
        """Sliced Wasserstein distance of each picture, both views together: (n,). Comparable between sets."""
        found: Tensor = torch.stack([ours.sliced(view, self.tables[view]) for view in VIEWS]).sum(0)
        return found


def is_nearest(ours: StyleDescription, style: StyleSet, others: Mapping[str, StyleSet], from_content: Tensor) -> Tensor:
    """1 for each picture that is nearer to a style than to all others and to the content, else 0: (n,).

    Args:
        ours: the pictures.
        style: what they are meant to be near to.
        others: other styles.
        from_content: (n,) how far they are from the content.
    """
    elsewhere = torch.stack([from_content, *(other.far(ours) for other in others.values())])
    return (style.far(ours) < elsewhere.amin(0)).double()


def far_from_content(ours: StyleDescription, content: StyleDescription) -> Tensor:
    """As :meth:`StyleSet.far`, of pictures from the content that they were not made from: (n,).

    Args:
        ours: the pictures.
        content: what they were made from, in their order.
    """
    n = len(ours)
    fold = torch.arange(n) % FOLDS
    found = torch.full((n,), math.inf, dtype=torch.float64)
    for number in fold.unique() if n > 1 else ():
        here, rest = ((fold == number).nonzero().flatten(), (fold != number).nonzero().flatten())
        found[here] = StyleSet(content.some(rest)).far(ours.some(here))
    return found


def direction_held_back(coherence: Tensor) -> float:
    """Distance of the coherence of a quarter of a set from that of the rest, mean over draws.

    Args:
        coherence: (n, scales, values) of each picture, n at least 2.
    """
    n, values = len(coherence), coherence.double()
    found = []
    for kept in held_back(n, max(1, n // 4)):
        held = torch.zeros(n, dtype=torch.bool)
        held[list(kept)] = True
        found.append(float(distribution_distance(values[held].mean(0), values[~held].mean(0))))
    return sum(found) / len(found)


def held_back(n: int, count: int) -> list[tuple[int, ...]]:
    """Choices of ``count`` of ``n`` pictures: all of them, or :data:`HELD_BACK` at random but always the same."""
    if math.comb(n, count) <= HELD_BACK:
        return list(combinations(range(n), count))
    source = torch.Generator().manual_seed(n)
    return [tuple(torch.randperm(n, generator=source)[:count].tolist()) for _ in range(HELD_BACK)]
