"""Pictures of known truth that code makes: several sides of one thing, such as a scan at low and at full dose."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.spec import LabelMap
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import UNLABELLED, Item, Made, Origin


class Simulation(Protocol):
    """Makes things that have several sides, aligned pixel by pixel; a frozen dataclass, whose ``repr`` tells it.

    Thing ``number`` depends on the settings and its number alone.
    """

    @property
    def name(self) -> str:
        """For the record of a run; says that code made it."""
        ...

    @property
    def version(self) -> int:
        """Raised when the same settings make something else."""
        ...

    @property
    def length(self) -> int:
        """How many things there are."""
        ...

    @property
    def sides(self) -> Mapping[str, int]:
        """Channels of each side."""
        ...

    @property
    def labels(self) -> LabelMap | None:
        """The classes of sides that are label maps, ``label_sides``; None if there are none."""
        ...

    @property
    def label_sides(self) -> tuple[str, ...]:
        """Names of the sides that are label maps."""
        ...

    @property
    def groups(self) -> tuple[str, ...]:
        """What several things may belong to, such as patients; empty if each stands alone."""
        ...

    def group(self, number: int) -> int:
        """The group of a thing."""
        ...

    def draw(self, number: int, side: int) -> Mapping[str, np.ndarray]:
        """All sides of a thing by name: uint8 or uint16 (side, side, C)."""
        ...


@dataclass(frozen=True)
class Side:
    """Makes one side of one thing, see :class:`~impasto.data.sources.source.Made`."""

    simulation: Any
    number: int
    side: str
    version: int

    def __call__(self, _nothing: np.ndarray, canvas: int) -> np.ndarray:
        """(canvas, canvas, C)."""
        return _drawn(self.simulation, self.number, canvas)[self.side]


@lru_cache(2)
def _drawn(simulation: Any, number: int, canvas: int) -> Mapping[str, np.ndarray]:
    """Aligned sides are packed one after the other: they are drawn once."""
    return simulation.draw(number, canvas)


@dataclass(frozen=True)
class SimulatedSource:
    """One side of all things.

    Attributes:
        simulation: makes them.
        side: of them.
    """

    simulation: Any
    side: str
    origin: Origin = field(default="sample", init=False)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The groups."""
        return self.simulation.groups

    @property
    def length(self) -> int:
        """How many there are."""
        return self.simulation.length

    def fingerprint(self) -> str:
        """A hash of all settings."""
        return hashlib.sha256(f"{self!r} {self.simulation.version}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The things from position ``start`` on."""
        for number in range(start, self.length):
            group = self.simulation.group(number) if self.class_names else UNLABELLED
            make = Side(self.simulation, number, self.side, self.simulation.version)
            yield Item(f"{number:06d}", Made(np.zeros((1, 1, 3), np.uint8), make), group)


def open_simulation(simulation: Any, sides: Mapping[str, str], remedy: str) -> dict[str, Pictures]:
    """The sides of a simulation as parts; a notice says that they stand in for pictures of one's own.

    Args:
        simulation: a :class:`Simulation`.
        sides: by part, the side that it shows.
        remedy: how to have one's own, a clause.

    Raises:
        UserError: there is no such side.
    """
    for part, side in sides.items():
        if side not in simulation.sides:
            known = ", ".join(simulation.sides)
            raise UserError(f"data.sides.{part}={side} is not known: {simulation.name} have {known}.")
    notice("data.source", f"No folders are given, so {simulation.length} {simulation.name} are taken: {remedy}.")
    return {
        part: Pictures(
            f"{side.replace('_', ' ')} of {simulation.name}",
            SimulatedSource(simulation, side),
            label_map=simulation.labels if side in simulation.label_sides else None,
            grouped=bool(simulation.groups),
        )
        for part, side in sides.items()
    }
