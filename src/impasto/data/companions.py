"""Companions: for each picture of a part, another of the same class, such as two paintings by one hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from impasto.data.sampler import COMPANION, DRAWS, BatchSampler, Draw

PLACED: Final = 3
"""Of the chances of a picture, those of its crop and flip come first, and those of its colours behind."""


@dataclass(frozen=True)
class Classes:
    """Pictures by class, to find another one of the same class.

    Attributes:
        sorted: int64 (n,), the pictures, class by class.
        first: int64 (n,), by picture, where its class begins in ``sorted``.
        place: int64 (n,), by picture, its place within its class.
        size: int64 (n,), by picture, how many its class has.
    """

    sorted: np.ndarray
    first: np.ndarray
    place: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, count: int, labels: np.ndarray | None) -> "Classes":
        """The classes of ``count`` pictures; without labels (n,), each picture is a class of its own."""
        labels = np.arange(count) if labels is None else labels
        in_order = np.argsort(labels, kind="stable")
        _, begins, which, sizes = np.unique(
            labels[in_order], return_index=True, return_inverse=True, return_counts=True
        )
        first, place, size = (np.empty(count, np.int64) for _ in range(3))
        first[in_order], size[in_order] = begins[which], sizes[which]
        place[in_order] = np.arange(count) - begins[which]
        return cls(in_order, first, place, size)

    def others(self, pictures: np.ndarray, chances: np.ndarray) -> np.ndarray:
        """Another picture of the class of each; the same one where the class has no other.

        Args:
            pictures: int64 (n,).
            chances: float (n,) in [0, 1), which of the others; each is equally likely.

        Returns:
            int64 (n,).
        """
        size = self.size[pictures]
        step = 1 + (chances * (size - 1)).astype(np.int64)
        return self.sorted[self.first[pictures] + (self.place[pictures] + step) % size]

    def next(self, pictures: np.ndarray) -> np.ndarray:
        """The next picture of the class of each, round and round: int64 (n,)."""
        return self.others(pictures, np.zeros(len(pictures)))


class CompanionSampler:
    """This process's parts of endless batches of companions of the pictures that another sampler draws.

    Crops and flips are drawn anew; colours change as those of the pictures that they accompany, for they are what both
    have in common.

    Args:
        leading: draws the pictures to accompany.
        classes: of its pictures.
        stream: distinguishes samplers with the same seed.
    """

    def __init__(self, leading: BatchSampler, classes: Classes, stream: int) -> None:
        self.leading, self.classes, self.stream = leading, classes, stream

    def __iter__(self) -> Iterator[Draw]:
        position = self.leading.start
        while True:
            yield self.draw(position)
            position += 1

    def draw(self, position: int) -> Draw:
        """This process's part of batch number ``position``."""
        leading = self.leading
        random = np.random.default_rng([leading.seed, self.stream, COMPANION, position])
        pictures = self.classes.others(leading.global_batch(position), random.random(leading.batch_size))
        chances = random.random((leading.batch_size, DRAWS), np.float32)
        chances[:, PLACED:] = leading.global_chances(position)[:, PLACED:]
        return Draw(position, pictures[leading.mine], chances[leading.mine])
