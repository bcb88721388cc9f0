"""How far two sets of sequences differ in their n-grams (k-mers, for DNA)."""

import math

import numpy as np

from impasto.evaluation.figures.intervals import Error, Estimate

METHOD = "95%, delta method over sequences, of both sets"


def ngrams(tokens: np.ndarray, order: int, size: int, filler: int | None = None) -> np.ndarray:
    """Numbers of the n-grams at all places of sequences.

    Args:
        tokens: uint8 (n, L).
        order: tokens of an n-gram; L at most.
        size: of the alphabet.
        filler: the token behind the end of a sequence; an n-gram that reaches behind it is -1.

    Returns:
        int64 (n, L - order + 1).
    """
    places = tokens.shape[1] - order + 1
    found = np.zeros((len(tokens), places), np.int64)
    for step in range(order):
        found = found * size + tokens[:, step : step + places]
    if filler is not None:
        found[tokens[:, order - 1 :] == filler] = -1
    return found


def with_places(found: np.ndarray, count: int, windows: int) -> np.ndarray:
    """N-grams told apart by where they are: in which of so many equal windows of the sequence.

    Args:
        found: int64 (n, places), of :func:`ngrams`.
        count: of different n-grams.
        windows: along the sequence.
    """
    places = np.arange(found.shape[1]) * windows // found.shape[1]
    return np.where(found < 0, -1, found + places * count)


def divergence(generated: np.ndarray, real: np.ndarray) -> Estimate:
    """The Jensen-Shannon divergence of n-grams in bits, 0 to 1, with the interval that other sequences would give.

    Args:
        generated: int64 (n, places), numbers of n-grams; -1 for none.
        real: int64 (m, places), likewise.
    """
    numbers, places = np.unique(np.concatenate([generated.ravel(), real.ravel()]), return_inverse=True)
    sides = np.split(places.ravel(), [generated.size])
    sides = [side.reshape(shape) for side, shape in zip(sides, (generated.shape, real.shape), strict=True)]
    none = int(numbers[0] == -1)  # the lowest number, if there is one that is no n-gram
    shares = [np.bincount(side.ravel(), minlength=len(numbers)).astype(float) for side in sides]
    for counts in shares:
        counts[:none] = 0
    totals = [counts.sum() for counts in shares]
    p, q = (counts / max(total, 1) for counts, total in zip(shares, totals, strict=True))
    middle = (p + q) / 2
    slopes = [0.5 * _log2(side, middle) for side in (p, q)]
    value = float((p * slopes[0] + q * slopes[1]).sum())
    errors = [
        _error(side, slope, share, total, none)
        for side, slope, share, total in zip(sides, slopes, (p, q), totals, strict=True)
    ]
    return Estimate.around(value, errors, METHOD)


def kl_divergence(first: np.ndarray, second: np.ndarray) -> float:
    """Kullback and Leibler's divergence of n-grams of one set from those of another in bits; half a count more of each.

    Args:
        first: int64 (n, places), numbers of n-grams; -1 for none.
        second: int64 (m, places), likewise.
    """
    kept = [side[side >= 0] for side in (first, second)]
    numbers, places = np.unique(np.concatenate(kept), return_inverse=True)
    counts = [np.bincount(side, minlength=len(numbers)) + 0.5 for side in np.split(places, [len(kept[0])])]
    p, q = (each / each.sum() for each in counts)
    return float((p * np.log2(p / q)).sum())


def _log2(share: np.ndarray, middle: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(share > 0, np.log2(share / middle), 0.0)


def _error(side: np.ndarray, slope: np.ndarray, share: np.ndarray, total: float, none: int) -> Error:
    """Standard error of the divergence from one set, by the influence of each sequence."""
    counted = side >= none
    sums = (slope[side] * counted).sum(1) - counted.sum(1) * float((share * slope).sum())
    return Error(float(np.sqrt(np.square(sums).sum())) / max(total, 1), len(side))


def share(hits: np.ndarray) -> Estimate:
    """The share of sequences of which something holds, with Wilson's interval (1927): hits bool (n,)."""
    n, p, z = len(hits), float(np.mean(hits)), 1.959964
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return Estimate(p, low, high, "95%, Wilson's interval over sequences")


def mean(values: np.ndarray, method: str = "95%, Student's t over sequences") -> Estimate:
    """The mean of a value of each sequence (n,)."""
    return Estimate.around(
        float(values.mean()), [Error(float(values.std(ddof=1) / math.sqrt(len(values))), len(values))], method
    )
