"""Networks and layers for which it matters where in its picture a tile lies."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Placed(Protocol):
    """A network or layer whose noise, or anything else, belongs to places of a picture.

    A picture that is painted in tiles must be painted as one: otherwise every tile starts the noise anew.

    Attributes:
        place: row and column at which the part that is painted next lies in its picture, in pixels; (0, 0) for whole
            pictures.
    """

    place: tuple[int, int]
