"""Networks and layers for which it matters where in its picture a tile lies."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Placed(Protocol):
    """A network or layer whose noise, or anything else, belongs to places of a picture.

    A picture that is painted in tiles must be painted as one: otherwise every tile starts the noise anew.

    Attributes:
        place: row and column at which the part that is painted next lies in its picture, in pixels; (0, 0) for whole
            pictures.
    """

    place: tuple[int, int]


@dataclass(frozen=True)
class Drift:
    """Where the noise of a picture is drawn, if it belongs to what the picture shows and not to its places.

    Attributes:
        way: (N or 1, 2, h, w), of any size: how far to go right and down from a place to where its noise is drawn, in
            parts of the picture's width and height.
        height: of the whole picture in pixels, at the size at which it is painted; 0 if what is painted is the whole.
        width: likewise.
    """

    way: Tensor
    height: int = 0
    width: int = 0


@runtime_checkable
class Drifting(Protocol):
    """A network whose noise can be attached to what a picture shows: to a scene that moves, in a clip.

    Attributes:
        drift: where noise is drawn; None draws it at each pixel's own place.
    """

    drift: Drift | None
