"""Ink hatching: lines in several directions, denser where it is darker."""

import cv2
import numpy as np

from impasto.procedural.directions import directions, form, own_field
from impasto.procedural.hand import Hand
from impasto.procedural.lines import ink_lines, wobbled
from impasto.procedural.marks import SCALE, Canvas, Mark, bristle_table, lay
from impasto.procedural.painting import coloured
from impasto.procedural.palettes import LUMA, blurred
from impasto.procedural.strokes import at, traced
from impasto.procedural.surfaces import paper

STEP = 0.34
"""Darkness over which the lines of one direction become as dense as they get."""


def hatch(photo: np.ndarray, hand: Hand, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Lines in several directions, each where it is dark enough for it: float32 (H, W, 3)."""
    h, w = photo.shape[:2]
    own = np.random.default_rng([hand.seed, 3])
    picture = coloured(photo, hand)
    source = photo.astype(np.float32) / 255
    dark = 1 - stretched(source @ LUMA, hand.contrast)
    size = (w * SCALE, h * SCALE)
    grain = paper(size[1], size[0], hand.grain_size * SCALE * unit, own)
    ground = np.array(hand.ground, np.float32) * (0.97 + 0.05 * grain)[..., None]
    if hand.variant == 2:  # a thin wash of colour under the lines
        wash = cv2.resize(blurred(picture, 3 * unit), size)
        ground = ground * (1 - hand.edge) + hand.edge * ground * (0.35 + 0.65 * wash)
    canvas = Canvas(np.ascontiguousarray(ground, np.float32), np.zeros((size[1], size[0]), np.float32), grain)
    tangents, _ = form(source, 2 * unit)
    table = bristle_table(own)
    ink = np.array(hand.outline_colour, np.float32)
    bright_ground = float(np.array(hand.ground) @ LUMA) > 0.4
    if not bright_ground:  # light lines on a dark ground show what is light
        dark, ink = 1 - dark, 1 - ink * 0.6
    for number, angle in enumerate(hand.angles):
        angles = directions(tangents, own_field(h, w, "angle", angle, 0, own), hand.follow)
        if hand.follow and number:
            angles = angles + (angle - hand.angles[0])
        least = 0.12 + 0.6 * number / max(2, len(hand.angles))
        hatching_lines(canvas, picture, dark, angles, angle, least, hand, rng, table, unit, ink)
    if hand.outline:
        wide = cv2.resize(wobbled(source, hand.wobble * unit, rng, unit), size)
        drawn = ink_lines(wide @ LUMA, hand.outline_width * unit * SCALE * 0.5)
        canvas.colour += (hand.outline * drawn)[..., None] * (ink - canvas.colour)
    return canvas.down(h, w)


def stretched(grey: np.ndarray, contrast: float) -> np.ndarray:
    """Brightness between its extremes, half of it above 0.55 or so: every picture has lights and darks."""
    low, high = np.quantile(grey, [0.02, 0.98])
    if high - low < 0.02:
        return grey
    even = np.clip((grey - low) / (high - low), 0, 1)
    even = even ** np.clip(np.log(0.55) / np.log(np.clip(np.median(even), 0.05, 0.95)), 0.5, 1.8)
    return np.clip(0.5 + contrast * (even - 0.5), 0, 1).astype(np.float32)


def hatching_lines(
    canvas: Canvas,
    picture: np.ndarray,
    dark: np.ndarray,
    angles: np.ndarray,
    angle: float,
    least: float,
    hand: Hand,
    rng: np.random.Generator,
    table: np.ndarray,
    unit: float,
    ink: np.ndarray,
) -> None:
    """One direction of hatching where the picture is darker than ``least``, denser and wider where it is darker."""
    h, w = dark.shape
    width, spacing = max(0.6, hand.width * unit), max(1.5, hand.spacing * unit)
    length = width * hand.ratio
    places, order = ruled(h, w, angle, spacing, length, rng)
    shade = at(blurred(dark, 1.0 * unit), places)
    keep = shade + rng.normal(0, 0.04, len(shade)) > least + order
    places, shade, order = places[keep], shade[keep], order[keep]
    n = len(places)
    colour = np.broadcast_to(ink, (n, 3))
    if hand.variant == 1:  # lines in the colours of the picture, dark enough to be seen
        colour = at(blurred(picture, 1.5 * unit), places) * 0.75
        colour = colour if ink.mean() < 0.5 else 0.25 + colour
    level = np.repeat(np.floor(np.clip(blurred(dark, 1.5 * unit), 0, 0.999) * 5)[..., None].astype(np.float32), 3, -1)
    strokes = traced(
        places,
        angles,
        level,
        length=length * rng.uniform(0.7, 1.4, n),
        width=width * (0.6 + 0.7 * (shade - least)) * rng.uniform(0.8, 1.2, n),
        turn=rng.normal(0, hand.spread * 0.5, n),
        stop=2.5 if hand.taper < 0.6 else 3.5,  # one level of five, or two
        colour=colour,
    )
    strokes.sag[:] += rng.normal(0, hand.bend, n) * strokes.length * 0.5
    lay(canvas, strokes, Mark(0.92, hand.taper, 0.0, 0.0, hand.grain, body=0.0), table, rng)


def ruled(
    h: int, w: int, angle: float, spacing: float, length: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Places of strokes along parallel lines: (N, 2); and how much darker it must be for them than for the first: (N,).

    Args:
        h: height in pixels.
        w: width in pixels.
        angle: of the lines in radians.
        spacing: of the lines in pixels.
        length: of the strokes in pixels.
        rng: of this picture.
    """
    reach = float(np.hypot(h, w)) / 2
    across, along = np.mgrid[-reach : reach + 1 : spacing, -reach : reach + 1 : length * 0.7]
    along = along + rng.uniform(-0.5, 0.5, along.shape) * length + rng.uniform(0, length, (len(along), 1))
    across = across + rng.normal(0, spacing * 0.1, across.shape)
    c, s = np.cos(angle), np.sin(angle)
    places = np.stack([w / 2 + along * c - across * s, h / 2 + along * s + across * c], -1).reshape(-1, 2)
    # Of four lines, one is drawn first, and the others one by one as it gets darker.
    order = np.array([0.0, 0.5, 0.25, 0.75], np.float32)[np.arange(len(across)) % 4] * STEP
    order = np.repeat(order, across.shape[1])
    inside = (places[:, 0] >= 0) & (places[:, 1] >= 0) & (places[:, 0] < w) & (places[:, 1] < h)
    return places[inside].astype(np.float32), order[inside]
