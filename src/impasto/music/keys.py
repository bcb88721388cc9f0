"""The key of a piece, by correlation of its pitch classes with profiles (Krumhansl 1990, chapter 4)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

MAJOR_PROFILE: Final = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE: Final = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each pitch class fits a key on C, as listeners said (Krumhansl and Kessler 1982)."""
MAJOR_SCALE: Final = (0, 2, 4, 5, 7, 9, 11)
"""Semitones above the tonic."""
MINOR_SCALE: Final = (0, 2, 3, 5, 7, 8, 10)
"""Natural minor."""


class Key(NamedTuple):
    """A key.

    Attributes:
        tonic: pitch class, 0 for C to 11 for B.
        minor: whether it is a minor key.
        fit: correlation with the profile, at most 1.
    """

    tonic: int
    minor: bool
    fit: float


def key_of(weights: Sequence[float]) -> Key:
    """The key whose profile the weights of the twelve pitch classes, C first, correlate with best."""
    given = np.asarray(weights, np.float64)
    keys = [
        Key(tonic, minor, correlation(given, np.roll(profile, tonic)))
        for minor, profile in ((False, MAJOR_PROFILE), (True, MINOR_PROFILE))
        for tonic in range(12)
    ]
    return max(keys, key=lambda key: key.fit)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation of two vectors; 0 for a constant one."""
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else 0.0


def semitones_to(tonic: int, wanted: int) -> int:
    """By how many semitones to move music from one tonic to another the short way: -5 to 6."""
    return (wanted - tonic + 5) % 12 - 5
