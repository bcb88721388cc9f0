"""Painting a photograph by a hand."""

from collections.abc import Callable
from typing import Final

import numpy as np

from impasto.base.errors import UserError
from impasto.procedural.chalks import draw_charcoal, draw_crayon
from impasto.procedural.hand import Hand
from impasto.procedural.hatching import hatch
from impasto.procedural.painting import paint
from impasto.procedural.pieces import put_together, rasterise
from impasto.procedural.printing import print_flat
from impasto.procedural.washes import paint_wash

RENDERER_VERSION: Final = 2
"""Raised whenever a seed draws another hand, or a hand paints another picture: what is kept of it is painted anew."""

Renderer = Callable[[np.ndarray, Hand, np.random.Generator, float], np.ndarray]
RENDERERS: Final[dict[str, Renderer]] = {
    "oil": paint,
    "knife": paint,
    "dots": paint,
    "pastel": paint,
    "flat": print_flat,
    "hatching": hatch,
    "wash": paint_wash,
    "charcoal": draw_charcoal,
    "pieces": put_together,
    "child": draw_crayon,
    "pixel": rasterise,
}


def render(photo: np.ndarray, hand: Hand, seed: int) -> np.ndarray:
    """Paint a photograph: a function of its pixels, the hand and the seed alone.

    Args:
        photo: uint8 (H, W, 3), any size.
        hand: what makes the artist; see :func:`impasto.procedural.hand.draw_hand`.
        seed: of this picture's strokes; another gives another picture by the same hand.

    Returns:
        uint8 (H, W, 3).

    Raises:
        UserError: not such a picture.
    """
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or 0 in photo.shape:
        raise UserError(f"The photograph is {photo.dtype} {photo.shape}: give uint8 of (height, width, 3).")
    h, w = photo.shape[:2]
    unit = float(np.sqrt(h * w)) / 224
    out = RENDERERS[hand.family](photo, hand, np.random.default_rng([hand.seed, seed, 7]), unit)
    return np.clip(out * 255 + 0.5, 0, 255).astype(np.uint8)
