"""Missing parts of pictures: free-form strokes, boxes and text."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

import cv2
import numpy as np

from impasto.degradations.degradation import Degradation, Degrade

HOLE: Final = 128
"""What missing pixels hold, in every channel: mid-grey, which networks see as 0.004."""
KNOWN: Final = 255
"""Of the mask where the picture is known, which networks see as 1; 0, seen as -1, where it is missing."""
LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
FONTS: Final = (
    *(cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX),
    *(cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX),
)
MOST_LINES: Final = 500
"""Of strokes and of text; a picture that then still shows more than wanted stays so."""

Shape = tuple[int, int]


def with_mask(pixels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A picture without its missing part, and the mask as its last channel.

    Args:
        pixels: uint8 (H, W, C).
        known: bool (H, W).

    Returns:
        uint8 (H, W, C + 1): :data:`HOLE` where the picture is missing; the last channel is :data:`KNOWN` or 0.
    """
    result = np.empty((*pixels.shape[:2], pixels.shape[2] + 1), np.uint8)
    result[..., :-1] = np.where(known[..., None], pixels, HOLE)
    result[..., -1] = np.where(known, KNOWN, 0)
    return result


def box(shape: Shape, share: float, random: np.random.Generator) -> np.ndarray:
    """Which pixels are outside of one rectangle of that share of the area, its sides at most 2 to 1: bool (H, W)."""
    height, width = shape
    wanted = share * height * width
    tall = min(max(math.sqrt(wanted * 2 ** random.uniform(-1, 1)), wanted / width), height)
    rows = max(1, round(tall))
    columns = min(round(wanted / rows), width)
    top, left = (int(random.integers(room - side + 1)) for room, side in ((height, rows), (width, columns)))
    known = np.ones(shape, bool)
    known[top : top + rows, left : left + columns] = False
    return known


def free_form(shape: Shape, share: float, random: np.random.Generator) -> np.ndarray:
    """Which pixels are outside of strokes of a round brush that bends as it goes (Yu et al. 2019): bool (H, W).

    Strokes are drawn until they cover the share; the last one may cover a little more.
    """
    side = min(shape)
    missing = np.zeros(shape, np.uint8)
    for _ in range(MOST_LINES):
        x, y = random.uniform(0, shape[1]), random.uniform(0, shape[0])
        angle, thickness = random.uniform(0, 2 * math.pi), max(1, round(side * random.uniform(0.02, 0.1)))
        for bend, length in zip(random.normal(0, 0.7, 8), random.uniform(0.05, 0.2, 8) * side, strict=True):
            if missing.mean() >= share:
                return missing == 0
            angle += bend
            start = round(x), round(y)
            x, y = x + length * math.cos(angle), y + length * math.sin(angle)
            cv2.line(missing, start, (round(x), round(y)), 1, thickness)
            cv2.circle(missing, (round(x), round(y)), thickness // 2, 1, -1)
    return missing == 0


def text(shape: Shape, share: float, random: np.random.Generator) -> np.ndarray:
    """Which pixels are outside of lines of random letters at random places: bool (H, W).

    Lines are written until they cover the share; the last one may cover a little more.
    """
    side = min(shape)
    missing = np.zeros(shape, np.uint8)
    for _ in range(MOST_LINES):
        if missing.mean() >= share:
            break
        letters = "".join(LETTERS[i] for i in random.integers(len(LETTERS), size=int(random.integers(4, 16))))
        tall = side * random.uniform(0.05, 0.15)  # of a capital letter, which is 22 pixels tall at scale 1
        place = int(random.integers(-side // 4, shape[1])), int(random.integers(shape[0]))
        font = FONTS[int(random.integers(len(FONTS)))]
        cv2.putText(missing, letters, place, font, tall / 22, 1, max(1, round(tall / 8)))
    return missing == 0


def _masked(
    mask: Callable[[Shape, float, np.random.Generator], np.ndarray],
    pixels: np.ndarray,
    share: float,
    random: np.random.Generator,
) -> np.ndarray:
    return with_mask(pixels, mask((pixels.shape[0], pixels.shape[1]), share, random))


class Inpainting(Degradation):
    """Parts of the picture are missing; the strength is their share. The mask is an additional last channel."""

    known: ClassVar[Mapping[str, Degrade]] = {
        "free_form": partial(_masked, free_form),
        "box": partial(_masked, box),
        "text": partial(_masked, text),
    }
    unit: ClassVar[str] = "share of the pixels that is missing"
    limits: ClassVar[tuple[float, float]] = (0.0, 0.9)

    def channels(self, clean: int) -> int:
        """One more, the mask."""
        return clean + 1

    def record(self) -> dict[str, Any]:
        """All settings, plain values."""
        return {"hole": HOLE, **super().record()}
