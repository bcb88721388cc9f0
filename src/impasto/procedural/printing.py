"""Families of flat colour: woodblock, cut paper, poster."""

import cv2
import numpy as np

from impasto.procedural.hand import Hand
from impasto.procedural.lines import ink_lines, wobbled
from impasto.procedural.marks import SCALE
from impasto.procedural.painting import coloured
from impasto.procedural.palettes import LUMA
from impasto.procedural.regions import borders, regions
from impasto.procedural.surfaces import lit, paper


def print_flat(photo: np.ndarray, hand: Hand, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Flat regions of the palette's colours, with ink lines where the hand has them: float32 (H, W, 3)."""
    h, w = photo.shape[:2]
    own = np.random.default_rng([hand.seed, 2])
    picture = wobbled(coloured(photo, hand), hand.wobble * unit, rng, unit)
    labels = regions(picture, hand.palette, hand.smooth * unit)
    size = (labels.shape[1], labels.shape[0])
    colours = np.array(hand.palette, np.float32)
    out = colours[labels]
    grain = paper(size[1], size[0], hand.grain_size * SCALE * unit, own)
    if hand.variant == 0:
        out = woodblock(out, hand, own, unit)
    elif hand.variant == 1:
        out = cut_paper(out, labels, hand, own, grain)
    if hand.outline:
        wide = cv2.resize(wobbled(photo.astype(np.float32) / 255, hand.wobble * unit, rng, unit), size)
        ink = ink_lines(wide @ LUMA, hand.outline_width * unit * SCALE * 0.5)
        if hand.variant == 0:
            ink = np.maximum(ink, borders(colours[labels], hand.outline_width * unit * SCALE))
        out = out + (hand.outline * ink)[..., None] * (np.array(hand.outline_colour, np.float32) - out)
    if hand.grain:
        gap = np.clip((hand.grain * 0.45 - grain) * 6, 0, 1)[..., None] * hand.grain
        out = out + gap * (np.array(hand.ground, np.float32) - out)
    return cv2.resize(out, (w, h), interpolation=cv2.INTER_AREA)


def woodblock(out: np.ndarray, hand: Hand, own: np.random.Generator, unit: float) -> np.ndarray:
    """Wood grain in the colours, and a gradation (bokashi) from the top."""
    h, w = out.shape[:2]
    noise = own.normal(0, 1, (256, 256)).astype(np.float32)
    along = (12.0, 0.6) if hand.angle == 0 else (0.6, 12.0)
    grain = cv2.GaussianBlur(noise, (0, 0), sigmaX=along[0], sigmaY=along[1])
    side = max(256, round(256 * unit * SCALE / 2))
    grain = cv2.resize(grain / grain.std(), (side, side))
    grain = np.tile(grain, (-(-h // side), -(-w // side)))[:h, :w]
    out = out * (1 + 0.05 * hand.edge * grain)[..., None]
    fall = np.clip(1 - np.linspace(0, 3.5, h, dtype=np.float32), 0, 1)[:, None, None]
    deep = np.array(hand.palette[0], np.float32)
    return out + 0.6 * hand.edge * fall * (deep - out)


def cut_paper(
    out: np.ndarray, labels: np.ndarray, hand: Hand, own: np.random.Generator, grain: np.ndarray
) -> np.ndarray:
    """Sheets that lie on each other, with fibres and a small shadow."""
    order = own.permutation(len(hand.palette)).astype(np.float32)
    height = cv2.GaussianBlur(order[labels], (0, 0), 1.2)
    out = out * (0.97 + 0.06 * grain)[..., None]
    return lit(out, height * 0.8, hand.relief, hand.light)
