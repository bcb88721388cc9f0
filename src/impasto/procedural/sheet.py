"""A sheet of hands: what each makes of the same photographs."""

from collections.abc import Sequence

import cv2
import numpy as np

from impasto.procedural.hand import Hand
from impasto.procedural.render import render


def hands_sheet(photos: Sequence[np.ndarray], hands: Sequence[Hand], side: int = 224, gap: int = 4) -> np.ndarray:
    """Photographs in the first row, then a row per hand, a column per photograph.

    Args:
        photos: uint8 (H, W, 3), of any sizes; the middle square of each is shown.
        hands: from the top.
        side: of a cell in pixels.
        gap: white pixels between cells.

    Returns:
        uint8 (h, w, 3).
    """
    squares = [square(photo, side) for photo in photos]
    rows = [squares] + [[render(p, hand, number) for number, p in enumerate(squares)] for hand in hands]
    sheet = np.full((len(rows) * (side + gap) - gap, len(squares) * (side + gap) - gap, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            sheet[i * (side + gap) :, j * (side + gap) :][:side, :side] = cell
    return sheet


def square(photo: np.ndarray, side: int) -> np.ndarray:
    """The middle square of a picture, ``side`` pixels wide."""
    h, w = photo.shape[:2]
    s = min(h, w)
    cut = photo[(h - s) // 2 :, (w - s) // 2 :][:s, :s]
    return cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA if s > side else cv2.INTER_CUBIC)
