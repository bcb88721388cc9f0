"""A ranking from votes between two, with intervals, and how far raters agree.

Bradley and Terry (1952): contender i is chosen over j with probability s_i / (s_i + s_j). The strengths s are those of
the largest likelihood, found by the iteration of Hunter (2004), equation 3.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from impasto.app.votes import NEITHER, Vote

PRIOR: Final = 0.5
"""Wins that each contender is given over each other: one that never lost would otherwise be infinitely strong."""
DRAWS: Final = 500
"""Of the bootstrap."""


@dataclass(frozen=True)
class Rank:
    """One contender.

    Attributes:
        name: its folder.
        share: probability to be chosen over the average contender, that of strength 1 where the product of all is 1.
        low: of an interval of 95%, percentiles of the bootstrap over pictures.
        high: likewise.
        votes: in which it was shown.
    """

    name: str
    share: float
    low: float
    high: float
    votes: int


@dataclass(frozen=True)
class Agreement:
    """How far votes on the same pair agree.

    Attributes:
        pairs: pairs of votes that are compared.
        same: share of them that are the same; None for no pairs.
        beyond_chance: 1 if all are the same, 0 if they are as often the same as by chance (Scott, 1955); None where
            chance alone would agree always.
    """

    pairs: int
    same: float | None
    beyond_chance: float | None


def ranking(votes: Sequence[Vote], seed: int = 0) -> list[Rank]:
    """Contenders from the best. Check pairs do not count.

    Args:
        votes: of all raters.
        seed: of the bootstrap.
    """
    votes = [vote for vote in votes if not vote.check]
    names = sorted({name for vote in votes for name in (vote.left, vote.right)})
    if not names:
        return []
    by_picture: dict[str, np.ndarray] = {}
    for vote in votes:
        wins = by_picture.setdefault(vote.picture, np.zeros((len(names), len(names))))
        i, j = names.index(vote.left), names.index(vote.right)
        wins[i, j] += vote.share_of_left
        wins[j, i] += 1 - vote.share_of_left
    tables = np.stack(list(by_picture.values()))
    shares = share(bradley_terry(tables.sum(0)))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(tables), size=(DRAWS, len(tables)))
    spread = share(bradley_terry(np.stack([tables[chosen].sum(0) for chosen in drawn])))
    low, high = np.percentile(spread, (2.5, 97.5), axis=0)
    shown = Counter(name for vote in votes for name in (vote.left, vote.right))
    found = [Rank(n, float(shares[i]), float(low[i]), float(high[i]), shown[n]) for i, n in enumerate(names)]
    return sorted(found, key=lambda rank: -rank.share)


def bradley_terry(wins: np.ndarray, prior: float = PRIOR) -> np.ndarray:
    """Logarithms of strengths, with a mean of 0.

    Args:
        wins: (..., N, N), how often the row's contender was chosen over the column's; half for a draw.
        prior: see :data:`PRIOR`.

    Returns:
        (..., N).
    """
    count = wins.shape[-1]
    wins = wins + prior * (1 - np.eye(count))
    met, won = wins + wins.swapaxes(-1, -2), wins.sum(-1)
    strength = np.ones(won.shape)
    for _ in range(10_000):
        before = strength
        strength = won / (met / (strength[..., :, None] + strength[..., None, :])).sum(-1)
        strength = strength / np.exp(np.log(strength).mean(-1, keepdims=True))
        if np.abs(np.log(strength / before)).max() < 1e-9:
            break
    return np.log(strength)


def share(logarithms: np.ndarray) -> np.ndarray:
    """Probabilities to be chosen over a contender whose logarithm is 0."""
    return 1 / (1 + np.exp(-logarithms))


def agreement(votes: Sequence[Vote]) -> Agreement:
    """How far different raters agree on the same pair of the same picture. Check pairs do not count."""
    by_pair: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for vote in votes:
        if not vote.check:
            by_pair[vote.pair][vote.rater] = vote.winner
    return agreement_of([list(winners.values()) for winners in by_pair.values()])


def consistency(votes: Sequence[Vote]) -> Agreement:
    """How far raters agree with themselves, by check pairs, which show a pair once more with its sides swapped."""
    first: dict[tuple[str, tuple[str, str, str]], str] = {}
    for vote in votes:
        if not vote.check:
            first.setdefault((vote.rater, vote.pair), vote.winner)
    again = [(first[key], vote.winner) for vote in votes if vote.check and (key := (vote.rater, vote.pair)) in first]
    return agreement_of(again)


def agreement_of(groups: Sequence[Sequence[str]]) -> Agreement:
    """Agreement within groups of votes on the same pair.

    Which of two is the first has no meaning, so that chance is that of two votes which choose either side as often, and
    neither as often as all these votes do.

    Args:
        groups: for each pair, the winners that were chosen.
    """
    compared = [pair for group in groups for pair in combinations(group, 2)]
    if not compared:
        return Agreement(0, None, None)
    same = sum(a == b for a, b in compared) / len(compared)
    neither = sum(winner == NEITHER for pair in compared for winner in pair) / (2 * len(compared))
    chance = (1 - neither) ** 2 / 2 + neither**2
    return Agreement(len(compared), same, None if chance == 1 else (same - chance) / (1 - chance))
