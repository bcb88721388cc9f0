"""What a file of measured values holds, whatever its format, and how values become pictures and values again."""

import gzip
import io
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from impasto.data.sources.decode import MAX_BYTES, BadImage

Window = tuple[float, float]
"""The values that networks see as -1 and 1."""
PERCENTILES: Final = (0.5, 99.5)
"""Of the values of a file that does not say how to show it."""
TOP: Final = 65535
MOST: Final = 2**29
"""Values of a file that are read: two GiB of 32-bit floats. A few bytes can say that they are more."""

Encode = Callable[[np.ndarray, str], bytes]
"""Values (slices, H, W, C) in the file's unit, or uint8 colours or numbers of classes, and a sentence of how they were
made, to the bytes of a file of the same kind: spacing and place are kept, and nothing that tells a person."""


@dataclass(frozen=True)
class Measured:
    """A file of measured values.

    Attributes:
        values: float32 (slices, H, W, C), in the file's own unit, such as Hounsfield units; NaN where nothing is known.
        encode: writes a file of the same kind.
        window: that the file asks to be shown with; None if it says nothing.
        spacing: from row to row and from column to column, in the format's unit of length; None if it is not said.
        owner: what tells that files belong together, such as a patient's number: never written anywhere.
        inverted: low values are shown white.
        whole: the range of the file's type, for formats that usual pictures are kept in, too; None for others.
        notes: clauses on what a user must know of the file.
    """

    values: np.ndarray
    encode: Encode
    window: Window | None = None
    spacing: tuple[float, float] | None = None
    owner: str | None = None
    inverted: bool = False
    whole: Window | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def own_window(self) -> Window:
        """The window that the file asks for, or percentiles of its values."""
        if self.window is not None:
            return self.window
        known = self.values[np.isfinite(self.values)]
        if not known.size:
            return 0.0, 1.0
        step = max(1, known.size // 2**20)
        low, high = (float(value) for value in np.percentile(known[::step], PERCENTILES))
        return low, high if high > low else low + 1.0

    def one(self, number: int) -> "Measured":
        """A slice alone."""
        return replace(self, values=self.values[number : number + 1])

    def pictures(self, window: Window | None) -> np.ndarray:
        """The values as uint16 (slices, H, W, C): 0 at the window's lower end and below, 65,535 at its upper end.

        Args:
            window: None takes the file's own.
        """
        found = windowed(self.values, window or self.own_window)
        return TOP - found if self.inverted else found

    def measured_again(self, pictures: np.ndarray, window: Window | None) -> np.ndarray:
        """Values of pictures: what lay outside of the window is as far outside as it was, and NaN stays.

        Args:
            pictures: uint16 of the shape of the values.
            window: that they were seen through, as of :meth:`pictures`.
        """
        low, high = window or self.own_window
        shown = (TOP - pictures if self.inverted else pictures).astype(np.float64)
        outside = self.values - self.values.clip(low, high)
        return (low + shown * ((high - low) / TOP) + outside).astype(np.float32)


def check_count(*axes: int) -> None:
    """Refuse a file by what its header says, before room is made for its values.

    Raises:
        BadImage: it says that it holds more than :data:`MOST`.
    """
    if (count := math.prod(map(int, axes))) > MOST:
        raise BadImage(f"it says that it holds {count:,} values, and {MOST:,} are the most that are read")


def unpacked(data: bytes) -> bytes:
    """The bytes of a file that may be packed by gzip.

    Raises:
        BadImage: they are more than are read of any file.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise BadImage(f"it is larger than {MAX_BYTES:,} bytes when it is unpacked")
    return content


def windowed(values: np.ndarray, window: Window) -> np.ndarray:
    """Measured values as uint16; NaN is 0."""
    low, high = window
    shown = (values.astype(np.float64) - low) * (TOP / (high - low))
    return np.rint(np.nan_to_num(shown, nan=0.0, posinf=TOP, neginf=0).clip(0, TOP)).astype(np.uint16)


def whole_range(kind: str | np.dtype) -> Window | None:
    """The range of a type that usual pictures have, of 8 or 16 bits without a sign; None for another type."""
    kind = np.dtype(kind)
    return (0.0, float(np.iinfo(kind).max)) if kind in (np.uint8, np.uint16) else None


def is_picture(values: np.ndarray) -> bool:
    """Whether values to be written are colours or numbers of classes, which are no measurements."""
    return values.dtype == np.uint8
