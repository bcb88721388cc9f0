"""What each network does in a way of training."""

from dataclasses import dataclass
from typing import Literal

Side = Literal["g", "d"]
"""Which optimiser moves a network: the generators' or the discriminators'."""


@dataclass(frozen=True)
class Role:
    """What one network does.

    Attributes:
        optimizer: ``g`` for what paints, ``d`` for what judges.
        part: of the data: what it paints, or judges.
        given: the part that it is conditioned on: what a generator repaints, or a discriminator sees beside pictures.
    """

    optimizer: Side
    part: str
    given: str | None = None
