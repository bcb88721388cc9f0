"""How far apart two sets of numbers are, with intervals."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sample:
    """Numbers of several kinds, of excerpts of pieces.

    Attributes:
        values: float (n, k).
        pieces: int (n,), the piece that each is of; those of one piece are not independent.
    """

    values: np.ndarray
    pieces: np.ndarray

    def weights(self, draws: int, seed: int) -> np.ndarray:
        """Weights (draws + 1, n) of sum 1: equal ones, then those of sets of pieces drawn with replacement."""
        number = np.unique(self.pieces, return_inverse=True)[1]
        count = int(number.max()) + 1
        random = np.random.default_rng(seed)
        drawn = random.multinomial(count, np.full(count, 1 / count), draws)
        weights = np.concatenate([np.ones((1, count)), drawn])[:, number]
        return weights / weights.sum(1, keepdims=True)


def distances(one: Sample, other: Sample, draws: int = 500, seed: int = 0) -> np.ndarray:
    """Wasserstein-1 distances of distributions, in standard deviations of the other's, for bootstrap draws of both.

    The distance of two distributions of numbers is the integral of the difference of their distribution functions. Of
    several kinds of numbers, such as the shares of pitch classes, distances and deviations are added up.

    Args:
        one: what is measured.
        other: what it is compared with.
        draws: of the bootstrap over pieces.
        seed: of the draws.

    Returns:
        float64 (draws + 1,): the distance itself, then those of the draws.
    """
    mine, theirs = one.weights(draws, seed), other.weights(draws, seed + 1)
    found = np.zeros(draws + 1)
    for a, b in zip(one.values.T, other.values.T, strict=True):
        both = np.concatenate([a, b])
        order = np.argsort(both, kind="stable")
        signed = np.concatenate([mine, -theirs], 1)[:, order]
        found += np.abs(np.cumsum(signed, 1))[:, :-1] @ np.diff(both[order])
    deviation = float(other.values.std(0).sum())
    return found / max(deviation, 1e-12)


def mean_and_interval(sample: Sample, draws: int = 1000, seed: int = 0) -> tuple[float, tuple[float, float]]:
    """The mean of numbers of one kind, with the 95% interval by the percentiles of the bootstrap over pieces."""
    means = sample.weights(draws, seed) @ sample.values[:, 0]
    low, high = np.quantile(means[1:], (0.025, 0.975))
    return float(means[0]), (float(low), float(high))


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The 95% interval of a distance by the standard error of its bootstrap draws, of :func:`distances`.

    Not their percentiles: drawing anew makes distances larger, for it adds a difference of its own.
    """
    half = 1.96 * float(draws[1:].std(ddof=1))
    return max(float(draws[0]) - half, 0.0), float(draws[0]) + half
