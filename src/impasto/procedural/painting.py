"""Families that lay strokes of colour in layers: oil, knife, dots, pastel."""

from typing import Final

import cv2
import numpy as np

from impasto.procedural.directions import directions, form, own_field
from impasto.procedural.hand import Hand
from impasto.procedural.lines import ink_lines, wobbled
from impasto.procedural.marks import SCALE, Canvas, Mark, bristle_table, lay
from impasto.procedural.palettes import LUMA, blurred, jittered, nearest, recoloured
from impasto.procedural.regions import regions
from impasto.procedural.strokes import at, jittered_grid, traced
from impasto.procedural.surfaces import lit, paper, weave

BRISTLES: Final = {"oil": 10.0, "knife": 5.0, "dots": 3.0, "pastel": 8.0}


def coloured(photo: np.ndarray, hand: Hand) -> np.ndarray:
    """The photograph in the hand's colours: uint8 to float32 (H, W, 3) in [0, 1]."""
    picture = photo.astype(np.float32) / 255
    return recoloured(picture, hand.palette, hand.recolour, hand.toning, hand.saturation, hand.contrast)


def paint(photo: np.ndarray, hand: Hand, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Lay the hand's layers over its ground.

    Args:
        photo: uint8 (H, W, 3).
        hand: of a family of strokes.
        rng: of this picture.
        unit: pixels that one pixel of a picture of 224 x 224 is here.

    Returns:
        float32 (H, W, 3) in [0, 1], about.
    """
    h, w = photo.shape[:2]
    own = np.random.default_rng([hand.seed, 1])
    picture = coloured(photo, hand)
    if hand.flatness:
        wide = np.array(hand.palette, np.float32)[regions(picture, hand.palette, hand.smooth * unit)]
        picture = picture + hand.flatness * (cv2.resize(wide, (w, h), interpolation=cv2.INTER_AREA) - picture)
    tangents, strength = form(photo.astype(np.float32) / 255, max(1.0, hand.width * unit * 0.35))
    angles = directions(tangents, own_field(h, w, hand.direction, hand.angle, hand.flow, own), hand.follow)
    canvas = primed(picture, hand, own, unit)
    table = bristle_table(own)
    busy = blurred(strength, 3 * unit)
    busy = busy / (busy.mean() * 2 + 1e-3)
    for number, factor in enumerate(hand.widths):
        last = number == len(hand.widths) - 1 and number > 0
        layer(canvas, picture, angles, hand, rng, table, busy if last else None, max(1.2, hand.width * factor * unit))
    if hand.outline:
        contours(canvas, picture, tangents, strength, hand, rng, table, unit)
    if hand.fine_lines:
        drawn = wobbled(photo.astype(np.float32) / 255, hand.wobble * unit, rng, unit) @ LUMA
        line = ink_lines(cv2.resize(drawn, (w * SCALE, h * SCALE)), hand.outline_width * unit * SCALE * 0.35)
        ink = np.array(hand.outline_colour, np.float32)
        canvas.colour += (hand.fine_lines * line)[..., None] * (ink - canvas.colour)
    if hand.relief:
        canvas.colour = lit(canvas.colour, canvas.height, hand.relief, hand.light)
    out = canvas.down(h, w)
    if hand.weave:
        out = out * (1 + hand.weave * weave(h, w, max(2.0, 2 * hand.grain_size * unit)))[..., None]
    return out


def primed(picture: np.ndarray, hand: Hand, own: np.random.Generator, unit: float) -> Canvas:
    """A canvas with ground or underpainting."""
    h, w = picture.shape[:2]
    size = (w * SCALE, h * SCALE)
    under = cv2.resize(blurred(picture, max(1.0, hand.width * unit)), size, interpolation=cv2.INTER_LINEAR)
    ground = under + hand.ground_share * (np.array(hand.ground, np.float32) - under)
    if hand.grain:
        grain = paper(size[1], size[0], hand.grain_size * SCALE * unit, own)
        ground = ground * (0.96 + 0.08 * grain)[..., None]
    else:
        grain = np.ones((size[1], size[0]), np.float32)
    return Canvas(np.ascontiguousarray(ground, np.float32), np.zeros((size[1], size[0]), np.float32), grain)


def layer(
    canvas: Canvas,
    picture: np.ndarray,
    angles: np.ndarray,
    hand: Hand,
    rng: np.random.Generator,
    table: np.ndarray,
    busy: np.ndarray | None,
    width: float,
) -> None:
    """One layer of strokes of about one width; with ``busy``, only where it is high or the hand adds some anyway."""
    h, w = picture.shape[:2]
    length = max(width * hand.ratio, width)
    places = jittered_grid(h, w, width * length * 0.62 / hand.cover, rng)
    if busy is not None:
        places = places[rng.random(len(places)) < np.maximum(np.clip(at(busy, places) - 0.3, 0, 1), hand.detail)]
    n = len(places)
    seen = blurred(picture, width * 0.35)
    at_224 = width * 224 / float(np.sqrt(h * w))
    calm = min(1.0, at_224 / 5 if hand.family == "dots" else 0.25 + at_224 / 8)  # small strokes would read as noise
    colour = jittered(at(seen, places), rng, hand.hue_jitter * calm, hand.light_jitter * calm, hand.complement * calm)
    if hand.family == "dots" and hand.colours:  # unmixed paint: mixing is left to the eye
        pure = np.array(hand.palette, np.float32)[nearest(colour[None], hand.palette)[0]]
        colour = pure + 0.25 * (colour - pure)
    strokes = traced(
        places,
        angles,
        seen,
        length=length * rng.uniform(0.6, 1.3, n),
        width=width * rng.uniform(0.7, 1.25, n),
        turn=rng.normal(0, hand.spread, n),
        stop=hand.stop,
        colour=colour,
    )
    strokes.sag[:] += rng.normal(0, hand.bend, n) * strokes.length
    body = 1.0 if hand.relief else 0.0
    mark = Mark(hand.opacity, hand.taper, hand.streaks, hand.dry, hand.grain, BRISTLES.get(hand.family, 8.0), body)
    lay(canvas, strokes, mark, table, rng)


def contours(
    canvas: Canvas,
    picture: np.ndarray,
    tangents: np.ndarray,
    strength: np.ndarray,
    hand: Hand,
    rng: np.random.Generator,
    table: np.ndarray,
    unit: float,
) -> None:
    """Dark strokes along the strongest edges, with the same brush."""
    h, w = strength.shape
    width = max(1.0, hand.outline_width * unit)
    angles = 0.5 * np.arctan2(tangents[..., 1], tangents[..., 0])
    # Ridges of the gradient: no neighbour across the edge is stronger.
    y, x = np.mgrid[0:h, 0:w]
    across = np.stack([x - np.sin(angles), y + np.cos(angles)], -1).reshape(-1, 2) + 0.5
    back = np.stack([x + np.sin(angles), y - np.cos(angles)], -1).reshape(-1, 2) + 0.5
    flat = strength.ravel()
    floor = max(0.12, float(np.quantile(flat, 0.86)))
    ridge = np.flatnonzero((flat >= at(strength, across)) & (flat >= at(strength, back)) & (flat > floor))
    length = width * 5
    count = int(len(ridge) / (length * 0.4)) + 1
    if not len(ridge):
        return
    chosen = rng.choice(ridge, min(count, len(ridge)), replace=False)
    places = np.stack([chosen % w, chosen // w], 1).astype(np.float32) + 0.5
    places += rng.normal(0, 0.3 + hand.wobble * unit, places.shape).astype(np.float32)
    n = len(places)
    ink = np.array(hand.outline_colour, np.float32)
    colour = ink + 0.15 * (at(picture, places) - at(picture, places) @ LUMA[:, None])
    strokes = traced(
        places,
        angles,
        picture,
        length=length * rng.uniform(0.5, 1.3, n),
        width=width * rng.uniform(0.6, 1.2, n),
        turn=rng.normal(0, 0.05, n),
        colour=np.clip(colour, 0, 1),
    )
    lay(canvas, strokes, Mark(hand.outline, 0.6, hand.streaks * 0.5, hand.dry * 0.6, hand.grain * 0.7), table, rng)
