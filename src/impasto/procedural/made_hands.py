"""Hands that print or put together: flat colour, mosaics and textiles, pixels and screens."""

import numpy as np

from impasto.procedural.palettes import draw_palette, natural_palette
from impasto.procedural.ranges import INKS, PAPERS, RNG, Values, colouring, ground_colour, log_uniform, pick


def flat(rng: RNG) -> Values:
    """Flat colours with or without ink outlines: woodblock, cut paper, poster."""
    way = int(rng.choice(3, p=[0.5, 0.25, 0.25]))
    lined = way == 0 or (way == 2 and rng.random() < 0.5)
    natural = rng.random() < 0.5
    colours = int(rng.integers(5 if natural else 3, 13 if way == 0 else 9))
    return {
        "palette": natural_palette(rng, colours) if natural else draw_palette(rng, colours),
        "recolour": float(rng.uniform(0, 0.5) if natural else rng.uniform(0.6, 1.0)),
        "toning": float(rng.uniform(0, 0.6)),
        "saturation": float(rng.uniform(0.9, 1.3)),
        "contrast": float(rng.uniform(1.0, 1.3)),
        "colours": colours,
        "ground": pick(rng, PAPERS),
        "smooth": float(rng.uniform(1.0, 3.0) if way == 0 else rng.uniform(1.6, 4.0)),
        "wobble": float(rng.uniform(0, 1.5)),
        "outline": float(rng.uniform(0.75, 1.0)) if lined else 0.0,
        "outline_width": float(rng.uniform(0.8, 2.4)),
        "outline_colour": pick(rng, INKS),
        "grain": float(rng.uniform(0.0, 0.5)),
        "grain_size": float(rng.uniform(0.4, 1.2)),
        "relief": float(rng.uniform(0.3, 0.9)) if way == 1 else 0.0,
        "light": float(rng.uniform(0, 2 * np.pi)),
        "angle": float(pick(rng, (0.0, np.pi / 2))),
        "edge": float(rng.uniform(0, 0.6)),
        "variant": way,
    }


def pieces(rng: RNG) -> Values:
    """Mosaic, stained glass, weave, knitting and cross-stitch."""
    way = int(rng.choice(5, p=[0.3, 0.15, 0.25, 0.15, 0.15]))
    spacing = ((4, 10), (9, 20), (2.2, 5), (3.5, 6.5), (3.5, 7))[way]
    quantised = rng.random() < (0.3 if way < 2 else 0.6)
    count = int(rng.integers(4, 13))
    return {
        **colouring(rng, 0.4),
        "palette": draw_palette(rng, count),
        "recolour": float(rng.uniform(0.7, 1)) if quantised else float(pick(rng, (0.1, 0.9))),
        "colours": count if quantised else 0,
        "spacing": log_uniform(rng, *spacing),
        "ground": (0.05, 0.05, 0.06) if way == 1 else ground_colour(rng),
        "edge": float(rng.uniform(0.6, 1.0)),
        "outline_width": float(rng.uniform(1.0, 3.5)),
        "relief": float(rng.uniform(0.1, 0.7)),
        "light": float(rng.uniform(0, 2 * np.pi)),
        "light_jitter": float(rng.uniform(0.01, 0.09)),
        "hue_jitter": float(rng.uniform(0, 0.06)),
        "grain": float(rng.uniform(0, 1)),
        "angle": float(rng.uniform(0, np.pi)),
        "variant": way,
    }


def pixel(rng: RNG) -> Values:
    """Pixels of few colours, plain or dithered, and the dots or lines of a printing screen."""
    way = int(rng.choice(4, p=[0.3, 0.2, 0.3, 0.2]))
    count = int(rng.integers(3, 17))
    plain = rng.random() < (0.25 if way < 2 else 0.5)
    return {
        **colouring(rng, 0.0),
        "palette": natural_palette(rng, count) if rng.random() < 0.4 else draw_palette(rng, count),
        "colours": 0 if plain else count,
        "spacing": float(rng.uniform(3, 9) if way == 0 else rng.uniform(2, 4) if way == 1 else rng.uniform(3, 8)),
        "ground": pick(rng, PAPERS) if rng.random() < 0.7 else ground_colour(rng),
        "outline_colour": pick(rng, INKS) if rng.random() < 0.5 else pick(rng, draw_palette(rng, 4, "dark")),
        "angle": float(rng.uniform(0, np.pi)),
        "flow": float(pick(rng, (0.0, rng.uniform(0.3, 1.5)))),
        "variant": way,
    }
