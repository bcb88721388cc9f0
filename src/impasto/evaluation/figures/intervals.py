"""Figures with intervals, which say how far other pictures would move them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from scipy.stats import t as student
from torch import Tensor

LEAST_PICTURES: Final = 8
"""Different pictures on each side that an interval needs."""

CutFrom = tuple[Tensor | None, Tensor | None]
"""For each side, (n,) numbers that say which picture each sample is a crop of; None if all are different pictures."""


@dataclass(frozen=True)
class Estimate:
    """A figure, with a 95% interval if there are enough pictures for one.

    Attributes:
        value: the figure.
        low: lower end of the interval; None without an interval.
        high: upper end; likewise.
        method: what the interval is, or why there is none.
    """

    value: float
    low: float | None
    high: float | None
    method: str

    @classmethod
    def around(cls, value: float, errors: Sequence["Error"], method: str, choice: float = 0.0) -> "Estimate":
        """An interval from standard errors of independent parts, by Student's t (Welch 1947).

        Args:
            value: the figure.
            errors: from finite numbers of pictures.
            method: how they were found.
            choice: standard error from a random choice in the computation, such as of subsets.
        """
        fewest = min(error.pictures for error in errors)
        if fewest < LEAST_PICTURES:
            why = f"none: one side is of {fewest} pictures, too few to tell how far others would move the figure"
            return cls(value, None, None, f"{why} ({LEAST_PICTURES} are needed)")
        total = math.fsum(error.value**2 for error in errors) + choice**2
        spread = math.fsum(error.value**4 / (error.pictures - 1) for error in errors)
        half = float(student.ppf(0.975, total**2 / spread)) * math.sqrt(total) if spread > 0 else 0.0
        return cls(value, value - half, value + half, method)


@dataclass(frozen=True)
class Error:
    """A standard error, and the number of independent pictures behind it."""

    value: float
    pictures: int


def mean_estimate(values: Tensor, pictures: Tensor | None, method: str) -> Estimate:
    """The mean of values with its interval; crops of one picture are not independent, and count together.

    Args:
        values: (n,) of each crop or picture.
        pictures: (n,) which picture each is a crop of; None if all are different.
        method: how the interval was found.
    """
    mean = values.mean()
    sums = by_picture(values - mean, pictures)
    count = len(sums)
    error = math.sqrt(count / max(count - 1, 1) * float(sums.square().sum())) / len(values)
    return Estimate.around(float(mean), [Error(error, count)], method)


def student_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of the mean of independent values, two or more, by Student's t."""
    n, mean = len(values), math.fsum(values) / len(values)
    half = float(student.ppf(0.975, n - 1)) * math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
    return mean - half, mean + half


def by_picture(values: Tensor, pictures: Tensor | None) -> Tensor:
    """Sums of rows (n, ...) over the crops of each picture: (pictures, ...)."""
    if pictures is None:
        return values
    number = torch.unique(pictures, return_inverse=True)[1]
    return values.new_zeros(int(number.max()) + 1, *values.shape[1:]).index_add_(0, number, values)


def bootstrap(values: Sequence[Tensor], statistic: Callable[..., Tensor], draws: int = 1000, seed: int = 0) -> Estimate:
    """A figure of a set of pictures with the interval that other pictures like them would give.

    The percentile interval of Efron 1979: the pictures are drawn anew, with replacement, from those at hand.

    Args:
        values: of each picture, (n, ...), one or several tensors; those of one picture stay together.
        statistic: of means over pictures (draws, ...), one for each of ``values``: (draws,).
        draws: of sets of pictures.
        seed: of the draws.
    """
    n = len(values[0])
    whole = float(statistic(*(value.double().mean(0, keepdim=True) for value in values)))
    if n < LEAST_PICTURES:
        return Estimate(whole, None, None, f"none: {n} pictures are too few ({LEAST_PICTURES} are needed)")
    drawn = torch.randint(n, (draws, n), generator=torch.Generator().manual_seed(seed))
    weights = torch.zeros(draws, n, dtype=torch.float64).scatter_add_(1, drawn, torch.ones(draws, n).double()) / n
    found = statistic(*((weights @ value.double().reshape(n, -1)).view(draws, *value.shape[1:]) for value in values))
    low, high = (float(end) for end in torch.quantile(found, torch.tensor([0.025, 0.975], dtype=torch.float64)))
    return Estimate(whole, low, high, BOOTSTRAP)


BOOTSTRAP: Final = "95%, percentiles of the bootstrap over pictures"
