"""Lines: ink outlines from differences of Gaussians, and the wobble of a hand that draws them."""

import cv2
import numpy as np

from impasto.procedural.palettes import blurred

SHARP = 0.98
"""Weight of the wider Gaussian: nearer to 1 draws lines alone, lower fills dark places."""
STEEP = 40.0
"""Steepness of the threshold."""


def ink_lines(grey: np.ndarray, width: float) -> np.ndarray:
    """Where ink lies: the extended difference of Gaussians (Winnemöller 2011, equations 4 and 5).

    Args:
        grey: float32 (H, W) in [0, 1].
        width: of lines in pixels, about.

    Returns:
        float32 (H, W), 0 for paper, 1 for ink.
    """
    deviation = max(0.6, width * 0.55)
    difference = blurred(grey, deviation) - SHARP * blurred(grey, deviation * 1.6)
    limit = (1 - SHARP) * 0.5 - 0.012
    return np.where(difference > limit, 0, np.tanh(STEEP * (limit - difference))).astype(np.float32)


def wobbled(picture: np.ndarray, size: float, rng: np.random.Generator, unit: float) -> np.ndarray:
    """The picture moved by a smooth random field, as by a hand that does not draw straight.

    Args:
        picture: (H, W, ...), float32.
        size: deviation of the movement in pixels; 0 leaves it as it is.
        rng: of this picture.
        unit: pixels that one pixel of a picture of 224 x 224 is here.
    """
    if size < 0.05:
        return picture
    h, w = picture.shape[:2]
    step = 9 * unit
    coarse = rng.normal(0, 1, (2, max(2, int(h / step) + 2), max(2, int(w / step) + 2))).astype(np.float32)
    dx, dy = (cv2.resize(c, (w, h), interpolation=cv2.INTER_CUBIC) * np.float32(size) for c in coarse)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    return cv2.remap(picture, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
