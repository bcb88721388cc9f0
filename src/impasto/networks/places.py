"""Where parts can be put into a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from impasto.networks.layers.ladder import Size


@dataclass(frozen=True)
class Place:
    """A feature map between two layers.

    Attributes:
        module: dotted name of a submodule that takes one feature map and returns one.
        channels: of the map.
        size: height and width of the map.
        before: the map is what the module takes, not what it returns.
    """

    module: str
    channels: int
    size: Size
    before: bool = False


@runtime_checkable
class HasPlaces(Protocol):
    """A network that takes parts, see :mod:`impasto.networks.insertions`."""

    def places(self, height: int, width: int) -> Sequence[Place]:
        """Places in the order in which a picture of this size, or noise that becomes one, passes them."""
        ...


@dataclass(frozen=True)
class Resampling:
    """A layer that changes the size of a feature map.

    Attributes:
        module: dotted name.
        grows: whether it enlarges; it may then take further arguments.
    """

    module: str
    grows: bool


@runtime_checkable
class HasResamplings(Protocol):
    """A network whose resampling can be blurred."""

    def resamplings(self) -> Sequence[Resampling]:
        """Layers inside that change the size, but none that would blur the picture that is judged or painted."""
        ...
