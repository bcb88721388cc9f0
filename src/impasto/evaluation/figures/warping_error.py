"""Flicker of a painted clip: how far it differs from itself, moved along the motion of what it was painted from."""

from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np

from impasto.video.motion import CUT, consistent, flow, grey, inside, sampled

BOUNDARY: Final = 0.01, 0.002
"""Of a flow's squared length, and in all, that its squared slope may be before it counts as the edge of a thing."""


def error_along(first: np.ndarray, second: np.ndarray, way: np.ndarray, counted: np.ndarray) -> float:
    """Mean square difference of a frame and the next one, moved back (Lai et al. 2018, equation 9).

    Args:
        first: uint8 or uint16 (H, W, C).
        second: likewise, the next one.
        way: (H, W, 2), from the pixels of the first frame to their places in the second.
        counted: bool (H, W), which pixels are seen in both.

    Returns:
        Over pixels that count and channels, of values in [0, 1]; nan if none counts.
    """
    most = float(np.iinfo(first.dtype).max)
    moved = sampled(second, way, cv2.INTER_LINEAR).reshape(second.shape)
    return float(np.square((moved - first) / most)[counted].mean()) if counted.any() else float("nan")


def seen_in_both(way: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Pixels that are neither covered in the next frame nor at the edge of a thing (Ruder et al. 2016, section 3.2).

    Args:
        way: (H, W, 2) from the first frame to the second.
        back: from the second to the first.
    """
    slopes = [np.gradient(way[..., axis]) for axis in (0, 1)]
    slope = sum(np.square(part) for parts in slopes for part in parts)
    share, least = BOUNDARY
    edges = slope > share * np.square(way).sum(-1) + least
    seen: np.ndarray = consistent(way, back) & inside(way) & ~edges
    return seen


class WarpingErrors:
    """Warping errors of several clips that were painted from one, measured together so that motion is found once.

    Attributes:
        errors: of each clip, a list with the error of each pair of neighbouring frames; nan where a scene ends.
    """

    def __init__(self, count: int) -> None:
        self.errors: list[list[float]] = [[] for _ in range(count)]
        self._content: np.ndarray | None = None
        self._frames: list[np.ndarray] = []

    def add(self, content: np.ndarray, frames: list[np.ndarray]) -> None:
        """The next frame.

        Args:
            content: uint8 or uint16 (H, W, 3), what was painted.
            frames: of each clip, (H, W, C).
        """
        now = grey(content)
        if self._content is not None:
            way, back = flow(self._content, now), flow(now, self._content)
            counted = seen_in_both(way, back)
            if consistent(way, back).mean() < CUT:  # another scene: what matches does so by chance
                counted[:] = False
            for errors, first, second in zip(self.errors, self._frames, frames, strict=True):
                errors.append(error_along(first, second, way, counted))
        self._content, self._frames = now, frames


def warping_error(painted: Iterable[np.ndarray], content: Iterable[np.ndarray]) -> float:
    """Mean over all pairs of neighbouring frames; nan for a clip of one frame.

    Args:
        painted: frames uint8 or uint16 (H, W, C), in order.
        content: what they were painted from, (H, W, 3).
    """
    measured = WarpingErrors(1)
    for frame, given in zip(painted, content, strict=True):
        measured.add(given, [frame])
    return mean_error(measured.errors[0])


def mean_error(errors: list[float]) -> float:
    """The mean of those that could be measured; nan if none could."""
    known = [error for error in errors if error == error]
    return float(np.mean(known)) if known else float("nan")
