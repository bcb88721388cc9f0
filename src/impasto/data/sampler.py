"""Which pictures make up batch number p: a pure function of the seed and p.

A run therefore resumes at any batch without replaying the earlier ones, and any number of processes share one batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from impasto.base.errors import UserError

# What a stream of random numbers is for, so that no two share one.
UNIFORM, OF_CLASS, CLASS_ORDER, WITHIN_BATCH, AUGMENT, COMPANION = range(6)

DRAWS: Final = 6
"""Uniform numbers for each picture of a batch, for its crop, flip and colours."""


@dataclass(frozen=True)
class Draw:
    """One process's part of a batch.

    Attributes:
        position: number of the batch.
        pictures: int64 (n,), positions of the pictures.
        chances: float32 (n, DRAWS) in [0, 1), one row per picture.
    """

    position: int
    pictures: np.ndarray
    chances: np.ndarray


class BatchSampler:
    """This process's parts of endless batches.

    Unbalanced, every picture comes once in ``count`` draws. Balanced, the classes of a batch differ in number by one at
    most, each class comes equally often in the long run, and within a class every picture comes once before any
    comes again. Batches may be larger than the data.

    Args:
        count: pictures in the data.
        batch_size: of the global batch, over all processes.
        seed: of the order and of the chances.
        labels: int (count,), the classes to balance; None for no balance.
        start: number of the first batch.
        rank: this process's number.
        world_size: number of processes.
        stream: distinguishes samplers with the same seed.
        option: the setting that gives the batch size, for messages.

    Raises:
        UserError: the batch cannot be divided among the processes.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        *,
        seed: int = 0,
        labels: np.ndarray | None = None,
        start: int = 0,
        rank: int = 0,
        world_size: int = 1,
        stream: int = 0,
        option: str = "data.batch_size",
    ) -> None:
        if batch_size % world_size:
            raise UserError(
                f"{option}={batch_size} is the whole batch and cannot be divided evenly among {world_size} "
                "processes: choose a multiple."
            )
        self.count, self.batch_size, self.start = count, batch_size, start
        self.seed, self.stream = seed, stream
        share = batch_size // world_size
        self.mine = slice(rank * share, (rank + 1) * share)
        self._members = None if labels is None else [np.flatnonzero(labels == c) for c in np.unique(labels)]
        self._permutation = lru_cache(maxsize=2 if labels is None else 2 * len(self._members or ()))(self._permute)

    def __iter__(self) -> Iterator[Draw]:
        position = self.start
        while True:
            yield self.draw(position)
            position += 1

    def draw(self, position: int) -> Draw:
        """This process's part of batch number ``position``."""
        pictures, chances = self.global_batch(position), self.global_chances(position)
        return Draw(position, pictures[self.mine], chances[self.mine])

    def global_chances(self, position: int) -> np.ndarray:
        """The chances of batch number ``position``: float32 (batch_size, DRAWS)."""
        return self._random(AUGMENT, position).random((self.batch_size, DRAWS), np.float32)

    def global_batch(self, position: int) -> np.ndarray:
        """Positions of the pictures of batch number ``position``: int64 (batch_size,)."""
        if self._members is None:
            return self._take(np.arange(self.batch_size) + position * self.batch_size, self.count, UNIFORM, 0)
        return self._balanced(position, self._members)

    def _balanced(self, position: int, members: list[np.ndarray]) -> np.ndarray:
        """As many of each class as fit evenly; the rest in turn, round the classes in a shuffled order."""
        classes = len(members)
        each, rest = divmod(self.batch_size, classes)
        # Entry t of the endless round of turns belongs to the class at t modulo their number; this batch has
        # entries position * rest up to (position + 1) * rest.
        before = position * rest
        parts = []
        for turn, c in enumerate(self._random(CLASS_ORDER).permutation(classes)):
            turns_before, turns_after = (-(-max(t - turn, 0) // classes) for t in (before, before + rest))
            seen = position * each + turns_before
            wanted = np.arange(seen, seen + each + turns_after - turns_before)
            parts.append(members[c][self._take(wanted, len(members[c]), OF_CLASS, int(c))])
        return self._random(WITHIN_BATCH, position).permutation(np.concatenate(parts))

    def _take(self, draws: np.ndarray, count: int, purpose: int, which: int) -> np.ndarray:
        """Entries of an endless sequence of permutations of ``count`` pictures; ``draws`` ascend by one."""
        epochs, within = np.divmod(draws, count)
        result = np.empty(len(draws), np.int64)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            result[chosen] = self._permutation(count, purpose, which, int(epoch))[within[chosen]]
        return result

    def _permute(self, count: int, purpose: int, which: int, epoch: int) -> np.ndarray:
        return self._random(purpose, which, epoch).permutation(count)

    def _random(self, *key: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.stream, *key])
