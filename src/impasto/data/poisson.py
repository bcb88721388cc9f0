"""Batches in which every picture is by a chance of its own, as accounts of differential privacy assume."""

from collections.abc import Iterator

import numpy as np

from impasto.data.sampler import DRAWS, Draw


class PoissonSampler:
    """Endless batches of no fixed size: each picture is in each batch with the same chance, whatever the others do.

    A pure function of the secret and the number of the batch, so that a run resumes at any batch.

    Args:
        count: pictures in the data.
        expected: pictures of a batch on average.
        secret: what the batches are drawn by; who knows it knows which pictures were in which.
        start: number of the first batch.
    """

    def __init__(self, count: int, expected: int, secret: int, start: int = 0) -> None:
        self.count, self.rate, self.secret, self.start = count, expected / count, secret, start

    def __iter__(self) -> Iterator[Draw]:
        position = self.start
        while True:
            yield self.draw(position)
            position += 1

    def draw(self, position: int) -> Draw:
        """Batch number ``position``."""
        random = np.random.default_rng([self.secret, position])
        pictures = np.flatnonzero(random.random(self.count) < self.rate)
        return Draw(position, pictures, random.random((len(pictures), DRAWS), np.float32))
