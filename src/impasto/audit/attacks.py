"""How well members of a training set are told from other pictures by a score: figures of an attack."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

DRAWS: Final = 1000
"""Sets of pictures drawn anew for an interval."""
FEW: Final = 0.01
"""False alarms at which an attacker's hits are counted (Carlini et al. 2022, who say why the mean misleads)."""


@dataclass(frozen=True)
class Attack:
    """An attack's figures.

    Attributes:
        auc: chance that a member scores above another picture; 0.5 is a guess, 1 tells all.
        interval: 95 of 100 sets of pictures like these would give.
        hits: share of members found at 1 false alarm in 100.
        hits_interval: as ``interval``.
        control: the same between two halves of the other pictures, where there is nothing to find.
        members: how many were attacked.
        others: how many they were hidden among.
    """

    auc: float
    interval: tuple[float, float]
    hits: float
    hits_interval: tuple[float, float]
    control: float
    members: int
    others: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "auc": round(self.auc, 4),
            "interval": [round(end, 4) for end in self.interval],
            "hits_at_1_percent": round(self.hits, 4),
            "hits_interval": [round(end, 4) for end in self.hits_interval],
            "control_auc": round(self.control, 4),
            "members": self.members,
            "others": self.others,
        }


def attack(members: np.ndarray, others: np.ndarray, seed: int = 0) -> Attack:
    """The figures of a score that is higher for members if the attack works.

    Args:
        members: (n,), of pictures trained on.
        others: (m,), of pictures held back.
        seed: of the draws for the interval.
    """
    random = np.random.default_rng(seed)
    pairs = ((random.choice(members, len(members)), random.choice(others, len(others))) for _ in range(DRAWS))
    drawn = [(auc(*pair), found_at_few(*pair)) for pair in pairs]
    (low, least), (high, most) = np.quantile(drawn, [0.025, 0.975], axis=0)
    shuffled = random.permutation(others)
    half = len(others) // 2
    control = auc(shuffled[:half], shuffled[half:]) if half else 0.5
    intervals = (float(low), float(high)), (float(least), float(most))
    hits = found_at_few(members, others)
    return Attack(auc(members, others), intervals[0], hits, intervals[1], control, len(members), len(others))


def found_at_few(members: np.ndarray, others: np.ndarray) -> float:
    """Share of the members that score above all but :data:`FEW` of the others."""
    return float((members > np.quantile(others, 1 - FEW, method="higher")).mean())


def auc(members: np.ndarray, others: np.ndarray) -> float:
    """Area under the ROC curve: the share of pairs in which the member scores higher, ties counted half."""
    ordered = np.sort(others)
    below, up_to = (np.searchsorted(ordered, members, side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * len(others)))
