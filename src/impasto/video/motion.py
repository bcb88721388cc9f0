"""Motion between two frames of a clip, and where it can be relied upon.

The flow is that of OpenCV's dense inverse search (DIS; Kroeger et al. 2016). It needs no weights and no GPU, and comes
with a library that is there anyway; it matches patches of 8 pixels from coarse to fine before it refines every pixel,
so that it follows motion of many pixels and is still fast. Networks for optical flow are more exact at thin things and
at large motion. What DIS gets wrong there is found by the check forth and back, and nothing is carried along it.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

CUT: Final = 0.25
"""Share of pixels that can be followed below which two frames are of different scenes."""


@dataclass(frozen=True)
class Motion:
    """Where the pixels of a frame were in the frame before.

    Attributes:
        flow: float32 (H, W, 2), pixels to the right and down to go from a pixel to its place in the frame before.
        known: bool (H, W), where that can be relied upon.
    """

    flow: np.ndarray
    known: np.ndarray

    @property
    def is_cut(self) -> bool:
        """Whether the frames are of different scenes."""
        return float(self.known.mean()) < CUT

    def carried(self, before: np.ndarray) -> np.ndarray:
        """What belongs to the frame before, moved to this one: float32 (H, W) or (H, W, C); edges continued."""
        return sampled(before, self.flow, cv2.INTER_LANCZOS4)  # the one that blurs least when repeated

    def resized(self, height: int, width: int) -> "Motion":
        """The same motion of frames of another size."""
        own = self.known.shape
        if own == (height, width):
            return self
        factor = np.array([width / own[1], height / own[0]], np.float32)
        known = cv2.resize(self.known.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        return Motion(cv2.resize(self.flow, (width, height)) * factor, known > 0)


def motion(before: np.ndarray, now: np.ndarray) -> Motion:
    """Motion from a frame to the one before it.

    Args:
        before: uint8 or uint16 (H, W, 3).
        now: likewise, of the same size.
    """
    old, new = grey(before), grey(now)
    back, forth = flow(new, old), flow(old, new)
    known = consistent(back, forth)
    still = is_still(old, new, back)
    back[still] = 0
    return Motion(back, known | still)


def is_still(before: np.ndarray, now: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Where a frame is as like the one before without the motion that was found: the motion is that of grain.

    Args:
        before: uint8 (H, W).
        now: likewise.
        way: (H, W, 2), from the second to the first.

    Returns:
        bool (H, W).
    """
    moved, unmoved = (np.square(now - x) for x in (sampled(before, way, cv2.INTER_LINEAR), before.astype(np.float32)))
    moved, unmoved = (cv2.GaussianBlur(x, (0, 0), GRAIN) for x in (moved, unmoved))
    still: np.ndarray = (unmoved < NO_BETTER * moved + 1) & (squares(way) < 1)
    return still


def grey(pixels: np.ndarray) -> np.ndarray:
    """Brightness as uint8 (H, W)."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def flow(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pixels to go from each place in one picture to the same thing in the other: float32 (H, W, 2).

    Args:
        one: uint8 (H, W).
        other: likewise.
    """
    height, width = one.shape
    if min(height, width) < SMALLEST:  # the search needs room for its patches
        pad = ((0, max(SMALLEST - height, 0)), (0, max(SMALLEST - width, 0)))
        one, other = np.pad(one, pad, "edge"), np.pad(other, pad, "edge")
    search = cv2.DISOpticalFlow.create(cv2.DISOpticalFlow_PRESET_MEDIUM)
    return np.asarray(search.calc(one, other, None), np.float32)[:height, :width]  # type: ignore[call-overload]


SMALLEST: Final = 32
"""Pixels high and wide of what is searched."""
GRAIN: Final = 4.0
"""Standard deviation in pixels of the neighbourhood in which it is decided whether something moves."""
NO_BETTER: Final = 1.3
"""Factor by which the difference must shrink for a motion of less than a pixel to count."""


def consistent(way: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Where a flow can be relied upon: the way back leads to where it began (Sundaram et al. 2010, equation 5).

    Args:
        way: (H, W, 2) from here to there.
        back: (H, W, 2) from there to here.

    Returns:
        bool (H, W); False also where the flow leaves the picture.
    """
    returned = sampled(back, way, cv2.INTER_LINEAR)
    return (squares(way + returned) < 0.01 * (squares(way) + squares(returned)) + 0.5) & inside(way)


def squares(values: np.ndarray) -> np.ndarray:
    """Sums of squares over the last axis."""
    return np.einsum("...c,...c->...", values, values)


def inside(way: np.ndarray) -> np.ndarray:
    """Where a flow (H, W, 2) stays within the picture: bool (H, W)."""
    height, width = way.shape[:2]
    x, y = places(way)
    found: np.ndarray = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return found


def places(way: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a flow (H, W, 2) leads: columns and rows, float32 (H, W) each."""
    height, width = way.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return (columns + way[..., 0]).astype(np.float32), (rows + way[..., 1]).astype(np.float32)


def sampled(picture: np.ndarray, way: np.ndarray, how: int) -> np.ndarray:
    """A picture's values at the places to which a flow leads; beyond its edges, those of its edges.

    Args:
        picture: (H, W) or (H, W, C).
        way: (H, W, 2).
        how: OpenCV's interpolation.

    Returns:
        float32 of the picture's shape.
    """
    x, y = places(way)
    return cv2.remap(np.asarray(picture, np.float32), x, y, how, borderMode=cv2.BORDER_REPLICATE)
