"""Painting a clip so that it does not flicker: strokes stay on what they are painted on, and are painted anew in turn.

Painted frame by frame, every stroke would be another one in every frame. A mean of paintings along the motion is calm,
but strokes that lie elsewhere in each of them average out, and the style with them. So nothing is averaged here:

- the painting before is carried along the motion of the scene, as paint would be;
- the picture is divided into cells, and in each frame some of them are painted anew, in turn, before what is carried is
  worn out by resampling or slides off. What comes into view, is uncovered or changes is painted anew at once;
- resampling and the seams between cells take fine contrast away, which is brought back to that of the frame as it is
  painted by itself;
- if the network draws noise by place, from which strokes grow, the noise moves with what it lies on, so that a cell
  that is painted anew looks much like before;
- statistics of the picture by which a network normalises change slowly, as eyes adapt.
"""

from types import TracebackType
from typing import Final

import cv2
import numpy as np

from impasto.inference.carried import CarriedNoise, CarriedStatistics
from impasto.networks.layers.placed import Drifting
from impasto.painters.painter import Painter
from impasto.video.motion import Motion, motion, squares

TURN: Final = 12
"""Frames after which a cell is painted anew, unless told otherwise."""
FADE: Final = 4
"""Part of its turn in which the new painting of a cell takes the place of the old one."""
CELL: Final = 40
"""Pixels from cell to cell at least, a few strokes; and the twelfth part of the shorter side of large frames."""
SEAM: Final = 2.0
"""Standard deviation in pixels by which the edges of cells are softened."""
CHANGED: Final = 16.0
"""Difference of a pixel from its place in the frame before, of 255, at which it begins to count as something else."""
BANDS: Final = (1.0, 2.0, 4.0)
"""Standard deviations in pixels between which contrast is compared."""
AROUND: Final = 16
"""Pixels of the neighbourhood in which it is compared."""
MOST: Final = 2.0
"""Factor by which contrast is changed at most."""


class Steadying:
    """Carries a painting along the motion of one clip; a context, within which the painter's network is told of it.

    Args:
        painter: that paints the frames, one after the other.
        turn: frames after which each part is painted anew.
    """

    def __init__(self, painter: Painter, turn: int = TURN) -> None:
        self.turn = turn
        self._drifting = [part for part in painter.network.modules() if isinstance(part, Drifting)]
        self._noise = CarriedNoise()
        self._statistics = CarriedStatistics(painter.network)
        self._motion: Motion | None = None
        self._frame: np.ndarray | None = None
        self._painted = np.empty(0, np.float32)
        self._mask: np.ndarray | None = None
        self._turns = np.empty((0, 0), np.int64)
        self._number = 0

    def __enter__(self) -> "Steadying":
        self._statistics.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._statistics.__exit__(kind, problem, trace)
        for part in self._drifting:
            part.drift = None

    def look(self, pixels: np.ndarray) -> None:
        """See the next frame, before it is painted.

        Args:
            pixels: uint8 or uint16 (H, W, 3).
        """
        found = None if self._frame is None else motion(self._frame, pixels)
        self._motion = None if found is None or found.is_cut else found
        if self._motion is not None and self._frame is not None:
            self._known = unchanged(self._frame, pixels, self._motion)
        self._frame = pixels
        self._number = 0 if self._motion is None else self._number + 1
        self._statistics.next_frame(afresh=self._motion is None)
        if self._drifting:
            drift = self._noise.moved(self._motion, *pixels.shape[:2])
            for part in self._drifting:
                part.drift = drift

    def steadied(self, painted: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """The painting of the frame that was seen last, with what is carried from the one before.

        Args:
            painted: uint8 or uint16 (H, W, C); it may be larger or smaller than the frame.
            mask: uint8 (H, W), 0 where it is not painted; None for everywhere.

        Returns:
            Of the same type and shape.
        """
        values = painted.astype(np.float32)
        if self._motion is not None:
            size = painted.shape[0], painted.shape[1]
            kept = resized(self._known, size) * (1 - self._anew(*size))
            moved = self._motion.resized(*size)
            if mask is not None and self._mask is not None:  # only what was painted, and still is
                kept = kept * np.minimum(mask, moved.carried(self._mask).reshape(size)) / 255
            carried = moved.carried(self._painted).reshape(values.shape)
            values = with_contrast(values + kept[..., None] * (carried - values), values, kept)
        self._mask = None if mask is None else mask.astype(np.float32)
        self._painted = values.clip(0, np.iinfo(painted.dtype).max)
        return self._painted.round().astype(painted.dtype)

    def _anew(self, height: int, width: int) -> np.ndarray:
        """By how much each pixel is painted anew in this frame: float32 (H, W) in [0, 1]."""
        if self._turns.shape != (height, width):
            self._turns = turns(height, width, self.turn)
        step, steps = (self._number - self._turns) % self.turn + 1, max(self.turn // FADE, 1)
        return cv2.GaussianBlur(np.where(step <= steps, step / steps, 0).astype(np.float32), (0, 0), SEAM)


def turns(height: int, width: int, count: int) -> np.ndarray:
    """Cells around points on a shaken grid, each with its turn: int64 (H, W) in 0..count - 1."""
    side = max(CELL, min(height, width) // 12)
    draws = np.random.default_rng(0)
    rows, columns = -(-height // side) + 2, -(-width // side) + 2
    down, right = draws.uniform(0, 1, (2, rows, columns))
    down, right = (np.arange(rows)[:, None] - 1 + down) * side, (np.arange(columns) - 1 + right) * side
    y, x = np.mgrid[:height, :width]
    nearest, found = np.full((height, width), np.inf), np.zeros((height, width), np.int64)
    for below in (0, 1, 2):
        for beside in (0, 1, 2):
            at = y // side + below, x // side + beside
            distance = (down[at] - y) ** 2 + (right[at] - x) ** 2
            closer = distance < nearest
            nearest[closer], found[closer] = distance[closer], (at[0] * columns + at[1])[closer]
    cells, cell = np.unique(found, return_inverse=True)
    turn: np.ndarray = draws.permutation(len(cells))[cell.reshape(height, width)] % count
    return turn


def unchanged(before: np.ndarray, now: np.ndarray, found: Motion) -> np.ndarray:
    """Where a frame shows what the one before did, moved: float32 (H, W) in [0, 1], soft at the edges.

    Args:
        before: uint8 or uint16 (H, W, 3).
        now: likewise.
        found: motion from one to the other.
    """
    difference = np.abs(found.carried(before) - now)
    changed = np.einsum("hwc->hw", difference) * (255 / 3 / np.iinfo(now.dtype).max)
    known = found.known.astype(np.float32)
    known = np.minimum(cv2.GaussianBlur(known, (0, 0), 1.0), known)
    weight: np.ndarray = known * (2 - cv2.GaussianBlur(changed, (0, 0), 1.0) / CHANGED).clip(0, 1)
    return weight


def with_contrast(mixed: np.ndarray, single: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """A painting with the local contrast of another, in bands of size.

    Args:
        mixed: (H, W, C).
        single: likewise; its contrast is taken.
        kept: (H, W); where it is 0 nothing changes.
    """
    total, changes = mixed.copy(), kept > 0
    for width in BANDS:
        low, wanted_low = (cv2.GaussianBlur(x, (0, 0), width).reshape(x.shape) for x in (mixed, single))
        ours, wanted = energy(mixed - low), energy(single - wanted_low)
        factor = resized(np.sqrt((wanted + 1e-3) / (ours + 1e-3)).clip(1 / MOST, MOST), kept.shape)
        total += (mixed - low) * np.where(changes, factor - 1, 0)[..., None]
        mixed, single = low, wanted_low
    return total


def energy(band: np.ndarray) -> np.ndarray:
    """Mean square around each place, at an eighth of the size: (H, W, C) to float32 (h, w)."""
    height, width = (-(-side // 8) for side in band.shape[:2])
    small = cv2.resize(squares(band), (width, height), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), AROUND / 8)


def resized(values: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(h, w) to another size, bilinear."""
    return values if values.shape == size else cv2.resize(values, size[::-1])
