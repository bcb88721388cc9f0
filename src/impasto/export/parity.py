"""Whether an exported file does what its painter does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.export.parts import Part
from impasto.export.pictures import Case, cases

LIMIT: Final = 1e-3
"""Largest difference that passes, for values in [-1, 1]."""

Run = Callable[[tuple[Tensor, ...]], Tensor]
"""Inputs in order to the output."""


@dataclass(frozen=True)
class Parity:
    """How far a file is from its painter.

    Attributes:
        largest: difference of a value.
        mean: difference, over all values.
        cases: largest difference by case.
    """

    largest: float
    mean: float
    cases: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"largest": self.largest, "mean": self.mean, "cases": self.cases}


@torch.no_grad()
def compared(part: Part, run: Run) -> tuple[Parity, Case]:
    """How far a file is from its painter, and the case in which it is farthest."""
    largest, total, count, found = 0.0, 0.0, 0, {}
    worst: Case | None = None
    for case in cases(part):
        apart = difference(part.module(*case.given), run(case.given))
        found[case.name] = float(apart.max())
        total, count = total + float(apart.sum(dtype=torch.float64)), count + apart.numel()
        if worst is None or not found[case.name] <= largest:
            largest, worst = found[case.name], case
    assert worst is not None
    return Parity(largest, total / count, found), worst


def difference(wanted: Tensor, given: Tensor) -> Tensor:
    """Absolute differences, infinite where shapes differ or a value is no number."""
    if wanted.shape != given.shape:
        return torch.tensor([float("inf")])
    return (wanted - given).abs().nan_to_num(nan=float("inf"), posinf=float("inf"))


def refuse_difference(parity: Parity, worst: Case, limit: float, where: str) -> None:
    """Make sure that a file does what its painter does.

    Args:
        parity: how far it is.
        worst: the case in which it is farthest.
        limit: that is allowed.
        where: a sentence about the layer from which on they differ, or what to do.

    Raises:
        UserError: it is farther.
    """
    if not parity.largest <= limit:
        raise UserError(
            f"The exported file differs from its painter by {parity.largest:.2g} ({worst.name}), and {limit:g} is "
            f"allowed; it was removed. {where}"
        )
