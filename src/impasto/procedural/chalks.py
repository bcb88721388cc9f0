"""Charcoal, pencil and crayon: dry sticks on the grain of paper."""

import cv2
import numpy as np

from impasto.procedural.directions import directions, form, own_field
from impasto.procedural.hand import Hand
from impasto.procedural.hatching import stretched
from impasto.procedural.lines import wobbled
from impasto.procedural.marks import SCALE, Canvas, Mark, bristle_table, lay
from impasto.procedural.painting import coloured, contours, layer
from impasto.procedural.palettes import LUMA, blurred
from impasto.procedural.regions import borders, regions
from impasto.procedural.strokes import at, jittered_grid, traced
from impasto.procedural.surfaces import paper


def draw_charcoal(photo: np.ndarray, hand: Hand, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Tones rubbed into paper, strokes of one stick over them, and light chalk where the hand has it."""
    h, w = photo.shape[:2]
    size = (w * SCALE, h * SCALE)
    own = np.random.default_rng([hand.seed, 6])
    source = photo.astype(np.float32) / 255
    light = stretched(source @ LUMA, hand.contrast)
    grain = paper(size[1], size[0], hand.grain_size * SCALE * unit, own)
    ink, sheet = np.array(hand.outline_colour, np.float32), np.array(hand.ground, np.float32)
    rubbed = cv2.resize(blurred(1 - light, hand.smooth * unit), size)
    tone = (hand.edge * rubbed**1.3 * np.clip(0.5 + 0.8 * (1 - grain), 0, 1.2))[..., None]
    colour = sheet * (0.97 + 0.05 * grain)[..., None]
    colour = colour + np.clip(tone, 0, 1) * (ink - colour)
    canvas = Canvas(np.ascontiguousarray(colour, np.float32), np.zeros((size[1], size[0]), np.float32), 1 - grain)
    tangents, strength = form(source, 2.0 * unit)
    own_angles = own_field(h, w, hand.direction, hand.angle, hand.flow, own)
    angles = directions(tangents, own_angles, hand.follow)
    table = bristle_table(own)
    picture = np.repeat(light[..., None], 3, -1)
    for factor in hand.widths:
        width = max(1.0, hand.width * factor * unit)
        length = width * hand.ratio
        places = jittered_grid(h, w, width * length * 0.4 / hand.cover, rng)
        shade = 1 - at(blurred(light, width * 0.4), places)
        white = (shade < 0.18) & (hand.variant == 1)
        keep = rng.random(len(places)) < np.where(white, 0.5, np.clip((shade - 0.2) * 1.3, 0, 1))
        places, shade, white = places[keep], shade[keep], white[keep]
        n = len(places)
        chalk = np.where(white[:, None], np.float32(0.97), ink)
        strokes = traced(
            places,
            angles,
            picture,
            length=length * rng.uniform(0.5, 1.3, n),
            width=width * rng.uniform(0.5, 1.2, n),
            turn=rng.normal(0, hand.spread, n),
            stop=hand.stop,
            colour=chalk,
        )
        for low, high in ((0.0, 0.45), (0.45, 0.75), (0.75, 1.1)):  # the stick is pressed harder where it is darker
            chosen = (shade >= low) & (shade < high)
            mark = Mark(0.35 + 0.5 * low, hand.taper, 0.0, 0.0, hand.grain * (2.0 - 1.4 * low), body=0.0)
            lay(canvas, strokes.taken(chosen), mark, table, rng)
    if hand.outline:
        contours(canvas, 0 * picture + ink, tangents, strength, hand, rng, table, unit)
    return canvas.down(h, w)


def draw_crayon(photo: np.ndarray, hand: Hand, rng: np.random.Generator, unit: float) -> np.ndarray:
    """As a child draws: a few fat crayons, scribbled within wobbly shapes, and shaky outlines: float32 (H, W, 3)."""
    h, w = photo.shape[:2]
    size = (w * SCALE, h * SCALE)
    own = np.random.default_rng([hand.seed, 8])
    shaky = wobbled(coloured(photo, hand), hand.wobble * unit, rng, 2.2 * unit)
    labels = regions(shaky, hand.palette, hand.smooth * unit)
    colours = np.array(hand.palette, np.float32)
    wide = colours[labels]
    small = np.ascontiguousarray(wide[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE])
    grain = paper(size[1], size[0], hand.grain_size * SCALE * unit, own)
    sheet = np.array(hand.ground, np.float32) * (0.98 + 0.04 * grain)[..., None]
    canvas = Canvas(np.ascontiguousarray(sheet, np.float32), np.zeros((size[1], size[0]), np.float32), grain)
    # Each colour is scribbled in a direction of its own.
    turned = own.normal(0, 0.5, len(colours))[labels[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]]
    angles = (hand.angle + turned).astype(np.float32)
    table = bristle_table(own)
    for factor in hand.widths:
        layer(canvas, small, angles, hand, rng, table, None, max(1.5, hand.width * factor * unit))
    if hand.outline:
        line = borders(wide, hand.outline_width * unit * SCALE)
        line = wobbled(line, 1.2 * unit * SCALE, rng, unit * SCALE)
        broken = np.clip((grain - 0.35 * hand.grain) * 5 + 0.6, 0, 1)
        ink = np.array(hand.outline_colour, np.float32)
        canvas.colour += (hand.outline * line * broken)[..., None] * (ink - canvas.colour)
    return canvas.down(h, w)
