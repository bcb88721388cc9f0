"""Watercolour: transparent pigment that darkens at the edges of a wash and settles in the paper's grain."""

import cv2
import numpy as np

from impasto.procedural.hand import Hand
from impasto.procedural.lines import ink_lines, wobbled
from impasto.procedural.painting import coloured
from impasto.procedural.palettes import LUMA, blurred
from impasto.procedural.surfaces import clouds, paper

SCALE = 2
"""Pixels painted per pixel of the picture, on a side."""


def paint_wash(photo: np.ndarray, hand: Hand, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Washes of transparent pigment on paper: float32 (H, W, 3).

    Pigment density d changes a colour C to C - (C - C^2)(d - 1) (Bousseau et al. 2006, section 3.1); d holds the
    darkened edges, the turbulent flow, blooms and the granulation.
    """
    h, w = photo.shape[:2]
    size, big = (w * SCALE, h * SCALE), unit * SCALE
    own = np.random.default_rng([hand.seed, 4])
    picture = wobbled(coloured(photo, hand), hand.wobble * unit, rng, unit)
    calm = picture
    for _ in range(3):
        calm = cv2.bilateralFilter(calm, 7, 0.15, 3) if min(h, w) > 8 else calm
    calm = cv2.resize(blurred(calm, hand.smooth * unit * 0.5), size, interpolation=cv2.INTER_CUBIC)
    levels = max(3, hand.colours)
    # Bands of brightness are the washes, laid one over another from light to dark.
    grey = np.clip(calm @ LUMA, 0, 1) * levels + 0.22 * clouds(size[1], size[0], 12 * big, rng)
    band = np.clip(np.floor(grey), 0, levels - 1)
    shapes = blurred(band.astype(np.float32), hand.smooth * big * 0.6)
    flatness = 0.75
    bright = calm + flatness * ((shapes + 0.5 - grey) / levels)[..., None] * 0.8
    inside = blurred(shapes, 2.2 * big)
    rim = np.clip(inside - shapes, 0, 1)  # a darker wash is darkest where it ends
    wet = np.clip(0.5 + 0.6 * clouds(size[1], size[0], 30 * big, rng), 0, 1)  # where the paper was wet, edges run
    grain = paper(size[1], size[0], hand.grain_size * big, own)
    density = (
        1
        + hand.edge * 3.5 * rim * (1 - 0.7 * wet)
        + 0.13 * hand.flow * clouds(size[1], size[0], 9 * big, rng)
        + hand.grain * 0.7 * (0.5 - grain)
        + hand.bend * blooms(size[1], size[0], big, rng)
    )
    bright = np.clip(bright * (1 - wet[..., None]) + wet[..., None] * blurred(bright, 2 * big), 0.02, 1)
    pigment = 1 - hand.opacity * (1 - bright)
    out = pigment - (pigment - pigment**2) * (density - 1)[..., None]
    white = np.clip((grey / levels - hand.cover) * 8, 0, 1)[..., None]  # the lightest places stay paper
    out = out + white * (1 - out)
    sheet = np.array(hand.ground, np.float32) * (0.97 + 0.05 * grain)[..., None]
    out = np.clip(out, 0, 1) * sheet
    if hand.outline:
        wide = cv2.resize(wobbled(photo.astype(np.float32) / 255, hand.wobble * unit, rng, unit), size)
        ink = ink_lines(wide @ LUMA, hand.outline_width * big * 0.5)
        out = out + (hand.outline * ink)[..., None] * (np.array(hand.outline_colour, np.float32) - out)
    return cv2.resize(out, (w, h), interpolation=cv2.INTER_AREA)


def blooms(h: int, w: int, unit: float, rng: np.random.Generator) -> np.ndarray:
    """Where water ran back into a drying wash: light inside, with a dark ragged rim: float32 (h, w) in [-1, 1]."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    ragged = 5 * unit * clouds(h, w, 5 * unit, rng)
    out = np.zeros((h, w), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        r = unit * rng.uniform(8, 30)
        off = (np.hypot(x - rng.random() * w, y - rng.random() * h) + ragged - r) / (2.5 * unit)
        out += 0.7 * np.exp(-off * off) - 0.5 * np.clip(-off * 0.3, 0, 1)
    return np.clip(out, -1, 1)
