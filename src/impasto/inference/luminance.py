"""Luminance kept bit for bit: BT.601 luma as Pillow computes it of RGB, ``Image.convert("L")``."""

from itertools import product
from typing import Final

import numpy as np

WEIGHTS: Final = (19595, 38470, 7471)
"""Of red, green and blue, in 65536ths; their sum is 65536, so that a grey has its own value."""
STEPS: Final = sorted(
    product(range(-4, 5), range(-2, 3), range(-9, 10)), key=lambda steps: sum(step**2 for step in steps)
)[1:]
"""By how many levels each channel may move, the smallest steps first; any channel alone can make up for a level."""


def luminance(pixels: np.ndarray) -> np.ndarray:
    """uint8 or uint16 (H, W, 3) or (H, W, 1) to the same type (H, W)."""
    if pixels.shape[2] == 1:
        return pixels[..., 0]
    total = sum(pixels[..., i].astype(np.int64) * weight for i, weight in enumerate(WEIGHTS))
    return ((np.asarray(total) + 0x8000) >> 16).astype(pixels.dtype)


def with_luminance(pixels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Colours that are within about a level of a luminance, moved as little as it takes to be exactly of it.

    A pixel that is further off turns grey.

    Args:
        pixels: uint8 or uint16 (H, W, 3).
        wanted: of the same type (H, W).

    Returns:
        As ``pixels``.
    """
    result, most = pixels.copy(), np.iinfo(pixels.dtype).max
    wrong = np.nonzero(luminance(pixels) != wanted)
    old, target = pixels[wrong].astype(np.int64), wanted[wrong]
    new = np.repeat(target[:, None], 3, 1)
    left = np.arange(len(old))
    for steps in STEPS:
        if not len(left):
            break
        moved = old[left] + np.array(steps)
        inside = ((moved >= 0) & (moved <= most)).all(1)
        moved = moved.clip(0, most).astype(pixels.dtype)
        fits = inside & (luminance(moved[:, None])[:, 0] == target[left])
        new[left[fits]] = moved[fits]
        left = left[~fits]
    result[wrong] = new
    return result
