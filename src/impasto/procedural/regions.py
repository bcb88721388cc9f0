"""Flat regions of a palette's colours, and the lines between them."""

from collections.abc import Sequence

import cv2
import numpy as np

from impasto.procedural.marks import SCALE
from impasto.procedural.palettes import Colour, blurred, nearest


def regions(picture: np.ndarray, palette: Sequence[Colour], smooth: float) -> np.ndarray:
    """Numbers of the palette's colours in smooth regions, at :data:`SCALE` times the size: int64 (h, w).

    Each colour's mask is blurred and the highest wins: a mode filter, whose borders are smooth curves.

    Args:
        picture: float32 (H, W, 3) in [0, 1].
        palette: colours in [0, 1].
        smooth: deviation of the masks' blur in pixels.
    """
    h, w = picture.shape[:2]
    calm = picture
    for _ in range(2):
        calm = cv2.bilateralFilter(calm, 5, 0.12, 3) if min(h, w) > 8 else calm
    calm = blurred(calm, smooth * 0.4)
    labels = nearest(calm, palette)
    masks = [(labels == k).astype(np.float32) for k in range(len(palette))]
    size = (w * SCALE, h * SCALE)
    soft = [cv2.resize(cv2.GaussianBlur(m, (0, 0), max(0.5, smooth)), size) for m in masks]
    return np.argmax(soft, axis=0)


def borders(out: np.ndarray, width: float) -> np.ndarray:
    """Lines between regions whose colours differ clearly: float32 (h, w) in [0, 1]."""
    edge = np.zeros(out.shape[:2], np.float32)
    edge[1:] = np.maximum(edge[1:], np.abs(out[1:] - out[:-1]).sum(-1) > 0.45)
    edge[:, 1:] = np.maximum(edge[:, 1:], np.abs(out[:, 1:] - out[:, :-1]).sum(-1) > 0.45)
    side = max(1, round(width))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return cv2.GaussianBlur(cv2.dilate(edge, kernel), (0, 0), 0.7)
