"""One frame of a clip, and what is known of the whole."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True)
class Frame:
    """One picture of a clip.

    Attributes:
        pixels: uint8 (H, W, 3) in RGB of full range, upright; uint16 over 0..65535 of a clip of more than 8 bits.
        ticks: when it is shown, counted in ``time_base`` from the beginning of the clip; it may be negative.
        time_base: seconds of a tick.
        duration: ticks for which it is shown; 0 if the file does not say.
        repeated: whether the file's own is damaged or missing, so that this is the one before once more.
    """

    pixels: np.ndarray
    ticks: int
    time_base: Fraction
    duration: int = 0
    repeated: bool = False

    @property
    def time(self) -> float:
        """Seconds from the beginning of the clip."""
        return float(self.ticks * self.time_base)


@dataclass(frozen=True)
class Color:
    """How colours are coded; the numbers are those of ITU-T H.273, and 2 is not specified.

    Attributes:
        matrix: from RGB to luma and chroma.
        primaries: of RGB.
        transfer: curve from light to values.
        full: whether 0 is black and the largest value white, rather than 16 and 235 of 255.
    """

    matrix: int = 2
    primaries: int = 2
    transfer: int = 2
    full: bool = False


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip before it is decoded.

    Attributes:
        width: of the frames as they are shown, upright, in pixels.
        height: likewise.
        frames: how many there are, as the file says or as its length suggests; 0 if neither is known.
        duration: in seconds; 0 if it is not known.
        rate: frames per second, on average.
        time_base: seconds of a tick.
        depth: bits per sample.
        pixel_aspect: width of a pixel divided by its height, upright.
        color: how colours are coded.
        sounds: names of the codecs of its sound tracks.
        tags: title and the like.
        notes: clauses about what is not kept.
    """

    width: int
    height: int
    frames: int
    duration: float
    rate: Fraction
    time_base: Fraction
    depth: int = 8
    pixel_aspect: Fraction = Fraction(1)
    color: Color = Color()
    sounds: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
