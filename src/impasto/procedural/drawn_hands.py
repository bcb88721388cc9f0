"""Hands that draw: ink hatching, charcoal, crayons."""

import numpy as np

from impasto.procedural.palettes import draw_palette
from impasto.procedural.ranges import (
    CRAYONS,
    INKS,
    PAPERS,
    RNG,
    Values,
    colouring,
    directing,
    ground_colour,
    log_uniform,
    pick,
)


def hatching(rng: RNG) -> Values:
    """Ink lines whose density follows darkness, in one or several directions, on the tone of paper."""
    first = float(rng.uniform(0, np.pi))
    turns = pick(rng, ((0.0,), (0.0, np.pi / 2), (0.0, np.pi / 3, -np.pi / 3), (0.0, np.pi / 4, np.pi / 2, -np.pi / 4)))
    return {
        **colouring(rng, 0.5),
        "angles": tuple(float(first + t) for t in turns),
        "follow": float(pick(rng, (0.0, rng.uniform(0.4, 1.0)), (0.55, 0.45))),
        "ground": pick(rng, PAPERS) if rng.random() < 0.75 else ground_colour(rng),
        "spacing": log_uniform(rng, 1.9, 4.2),
        "width": float(rng.uniform(0.7, 1.6)),
        "ratio": log_uniform(rng, 6, 24),
        "spread": float(rng.uniform(0.01, 0.15)),
        "bend": float(rng.uniform(0, 0.06)),
        "taper": float(rng.uniform(0.2, 1.0)),
        "contrast": float(rng.uniform(1.0, 1.5)),
        "grain": float(pick(rng, (0.0, rng.uniform(0.1, 0.5)))),
        "grain_size": float(rng.uniform(0.4, 1.0)),
        "outline": float(pick(rng, (0.0, rng.uniform(0.7, 1.0)), (0.25, 0.75))),
        "outline_width": float(rng.uniform(0.8, 1.8)),
        "outline_colour": pick(rng, INKS),
        "wobble": float(rng.uniform(0, 1.2)),
        "edge": float(pick(rng, (0.0, rng.uniform(0.3, 0.8)), (0.6, 0.4))),
        "variant": int(rng.choice(3, p=[0.6, 0.25, 0.15])),
    }


def charcoal(rng: RNG) -> Values:
    """Charcoal, graphite or red chalk on paper, one colour, sometimes with white chalk."""
    fine = rng.random() < 0.35
    toned = rng.random() < 0.35
    return {
        "palette": draw_palette(rng, 3, "tint"),
        **directing(rng, 0.2),
        "ground": pick(rng, PAPERS[1:2] + PAPERS[3:]) if toned else pick(rng, PAPERS),
        "outline_colour": pick(rng, (*INKS[:2], (0.15, 0.15, 0.17), (0.5, 0.16, 0.1))),
        "contrast": float(rng.uniform(0.95, 1.4)),
        "width": float(rng.uniform(1.2, 2.2) if fine else rng.uniform(2.5, 7)),
        "ratio": float(rng.uniform(8, 16) if fine else rng.uniform(3, 8)),
        "widths": pick(rng, ((1.0, 0.6), (1.6, 0.7), (1.0,))),
        "cover": float(rng.uniform(0.6, 1.5)),
        "spread": float(rng.uniform(0.05, 0.3)),
        "bend": float(rng.uniform(0, 0.08)),
        "taper": float(rng.uniform(0.1, 0.8)),
        "stop": float(rng.uniform(0.4, 1.0)),
        "smooth": float(rng.uniform(1.0, 4.0)),
        "edge": float(rng.uniform(0.1, 0.85)),
        "grain": float(rng.uniform(0.4, 1.0)),
        "grain_size": float(rng.uniform(0.5, 1.2)),
        "outline": float(pick(rng, (0.0, rng.uniform(0.6, 1.0)), (0.25, 0.75))),
        "outline_width": float(rng.uniform(1.2, 3.0)),
        "wobble": float(rng.uniform(0, 0.8)),
        "variant": int(toned),
    }


def child(rng: RNG) -> Values:
    """A child's drawing: few fat crayons, shaky outlines, paper between the scribbles."""
    box = rng.random() < 0.6  # a box of crayons, chosen by the things' own colours
    count = int(rng.integers(5, 10))
    chosen = rng.permutation(len(CRAYONS))[:count]
    crayons = tuple(CRAYONS[i] for i in sorted(chosen))
    drawn = draw_palette(rng, count, pick(rng, ("bright", "bright", "any")))
    return {
        "palette": (*(crayons if box else drawn), (0.12, 0.1, 0.1), (0.97, 0.96, 0.93)),
        "recolour": float(rng.uniform(0.0, 0.15) if box else rng.uniform(0.5, 1.0)),
        "saturation": float(rng.uniform(1.2, 2.2)),
        "contrast": float(rng.uniform(1.0, 1.3)),
        "colours": count,
        "ground": pick(rng, PAPERS[:3]),
        "width": float(rng.uniform(2.5, 6)),
        "ratio": float(rng.uniform(4, 12)),
        "widths": pick(rng, ((1.0,), (1.0, 0.9), (1.3, 0.8))),
        "cover": float(rng.uniform(0.7, 1.4)),
        "opacity": float(rng.uniform(0.8, 1.0)),
        "spread": float(rng.uniform(0.05, 0.3)),
        "bend": float(rng.uniform(0.02, 0.12)),
        "taper": float(rng.uniform(0, 0.5)),
        "stop": 0.3,
        "angle": float(rng.uniform(0, np.pi)),
        "light_jitter": float(rng.uniform(0, 0.04)),
        "smooth": float(rng.uniform(2.5, 5)),
        "wobble": float(rng.uniform(1.5, 4)),
        "grain": float(rng.uniform(0.3, 0.9)),
        "grain_size": float(rng.uniform(0.6, 1.2)),
        "outline": float(pick(rng, (0.0, rng.uniform(0.7, 1.0)), (0.2, 0.8))),
        "outline_width": float(rng.uniform(2.0, 4.5)),
        "outline_colour": pick(rng, INKS),
    }
