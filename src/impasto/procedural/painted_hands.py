"""Hands that paint with strokes of colour: oil, knife, dots, pastel, and watercolour."""

from impasto.procedural.palettes import draw_palette, natural_palette
from impasto.procedural.ranges import INKS, PAPERS, RNG, Values, colouring, directing, ground_colour, log_uniform, pick


def oil(rng: RNG) -> Values:
    """Directed, layered strokes of thick paint."""
    way = int(rng.choice(5, p=[0.34, 0.2, 0.16, 0.16, 0.14]))
    width, ratio, follow, direction = (
        ((4, 9), (2.5, 6), (0.75, 1.0), ("flow", "angle", "swirl")),  # thick strokes along form
        ((3.5, 7), (1.3, 2.6), (0.3, 0.9), ("angle", "flow")),  # broken dabs
        ((5, 10), (2, 4), (0.0, 0.45), ("angle",)),  # parallel, built up
        ((2.6, 5), (5, 11), (0.3, 0.85), ("swirl", "flow")),  # long and whirling
        ((3, 12), (1.5, 8), (0.0, 1.0), ("angle", "flow", "swirl", "radial")),
    )[way]
    broken = float(pick(rng, (0.0, rng.uniform(0.02, 0.08), rng.uniform(0.08, 0.16)), (0.3, 0.45, 0.25)))
    outlined = rng.random() < (0.5 if way in (0, 3) else 0.2)
    layers = pick(rng, ((1.7, 1.0, 0.6), (1.5, 1.0), (2.2, 1.2, 0.7, 0.45), (1.0, 1.0), (1.3, 0.8)))
    wide = log_uniform(rng, *width)
    if wide * layers[-1] > 5:  # so that things are still told apart
        layers = (*layers, 4 / wide)
    return {
        **colouring(rng, 0.3),
        **directing(rng),
        "follow": float(rng.uniform(*follow)),
        "direction": pick(rng, direction),
        "ground": ground_colour(rng),
        "ground_share": float(pick(rng, (0.0, 0.4, 1.0), (0.3, 0.2, 0.5))),
        "width": wide,
        "ratio": log_uniform(rng, *ratio),
        "widths": layers,
        "cover": float(rng.uniform(0.7, 1.6)),
        "detail": float(rng.uniform(0.1, 0.8)),
        "opacity": float(pick(rng, (1.0, rng.uniform(0.7, 1.0)))),
        "spread": float(rng.uniform(0.03, 0.3)),
        "bend": float(rng.uniform(0, 0.12)),
        "taper": float(rng.uniform(0.05, 0.8)),
        "stop": float(rng.uniform(0.25, 0.8)),
        "hue_jitter": broken,
        "light_jitter": float(rng.uniform(0.01, 0.1)),
        "complement": float(pick(rng, (0.0, rng.uniform(0.03, 0.15)), (0.6, 0.4))),
        "streaks": float(rng.uniform(0.08, 0.4)),
        "dry": float(pick(rng, (0.0, rng.uniform(0.2, 0.7)), (0.35, 0.65))),
        "relief": float(pick(rng, (0.0, rng.uniform(0.3, 1.0)), (0.15, 0.85))),
        "weave": float(pick(rng, (0.0, rng.uniform(0.02, 0.07)), (0.7, 0.3))),
        "outline": float(rng.uniform(0.6, 1.0)) if outlined else 0.0,
        "outline_width": float(rng.uniform(1.6, 3.6)),
        "outline_colour": pick(rng, INKS),
        "fine_lines": float(pick(rng, (0.0, rng.uniform(0.4, 0.9)), (0.75, 0.25))),
        "wobble": float(rng.uniform(0, 0.8)),
        **(flattened(rng) if rng.random() < 0.35 else {}),
        "variant": way,
    }


def flattened(rng: RNG) -> Values:
    """Colours simplified to a few, as in a painting that starts from flat areas."""
    natural, count = rng.random() < 0.3, int(rng.integers(6, 13))
    return {
        "palette": natural_palette(rng, count) if natural else draw_palette(rng, count),
        "recolour": float(rng.uniform(0, 0.3) if natural else rng.uniform(0.75, 1.0)),
        "colours": count,
        "flatness": float(rng.uniform(0.4, 0.95)),
        "smooth": float(rng.uniform(0.8, 2.0)),
    }


def knife(rng: RNG) -> Values:
    """Wide short flat blocks of a palette knife."""
    return {
        **colouring(rng, 0.35),
        **directing(rng, 0.0),
        "ground": ground_colour(rng),
        "ground_share": float(pick(rng, (0.0, 1.0))),
        "width": float(rng.uniform(8, 16)),
        "ratio": float(rng.uniform(1.1, 2.4)),
        "widths": pick(rng, ((1.5, 1.0, 0.55), (1.2, 0.8, 0.5, 0.35), (1.3, 0.7))),
        "cover": float(rng.uniform(0.9, 1.6)),
        "detail": float(rng.uniform(0.05, 0.4)),
        "spread": float(rng.uniform(0.1, 0.6)),
        "taper": 0.0,
        "stop": float(rng.uniform(0.35, 0.9)),
        "hue_jitter": float(rng.uniform(0.0, 0.06)),
        "light_jitter": float(rng.uniform(0.02, 0.1)),
        "streaks": float(rng.uniform(0.05, 0.25)),
        "dry": float(rng.uniform(0.1, 0.5)),
        "relief": float(rng.uniform(0.4, 1.0)),
    }


def dots(rng: RNG) -> Values:
    """Points of unmixed colour, of whatever colour or of a few."""
    return {
        **colouring(rng, 0.45, (7, 13)),
        **directing(rng, 0.0),
        "ground": ground_colour(rng),
        "ground_share": float(pick(rng, (0.0, 0.5, 1.0), (0.2, 0.3, 0.5))),
        "width": log_uniform(rng, 3, 7),
        "ratio": float(pick(rng, (1.0, rng.uniform(1.2, 1.8)))),
        "widths": pick(rng, ((1.0,), (1.0, 0.8), (1.2, 0.9), (1.0, 1.0, 0.7))),
        "cover": float(rng.uniform(0.45, 1.0)),
        "detail": float(rng.uniform(0.3, 1.0)),
        "colours": int(pick(rng, (0, 1))),
        "spread": float(rng.uniform(0.05, 0.4)),
        "taper": 1.0,
        "hue_jitter": float(rng.uniform(0.06, 0.2)),
        "light_jitter": float(rng.uniform(0.02, 0.1)),
        "complement": float(rng.uniform(0, 0.25)),
        "relief": float(pick(rng, (0.0, rng.uniform(0.2, 0.7)))),
    }


def pastel(rng: RNG) -> Values:
    """Chalk that the grain of a coloured paper breaks."""
    return {
        **colouring(rng, 0.4),
        **directing(rng, 0.0),
        "ground": ground_colour(rng),
        "ground_share": 1.0,
        "width": log_uniform(rng, 2.5, 8),
        "ratio": log_uniform(rng, 3, 9),
        "widths": pick(rng, ((1.8, 1.0, 0.5), (1.0, 0.7), (1.4, 1.0, 0.6))),
        "cover": float(rng.uniform(0.8, 1.7)),
        "detail": float(rng.uniform(0.2, 0.8)),
        "opacity": float(rng.uniform(0.75, 1.0)),
        "spread": float(rng.uniform(0.05, 0.35)),
        "taper": float(rng.uniform(0, 0.5)),
        "stop": float(rng.uniform(0.3, 0.9)),
        "hue_jitter": float(rng.uniform(0, 0.1)),
        "light_jitter": float(rng.uniform(0.02, 0.08)),
        "complement": float(pick(rng, (0.0, 0.08))),
        "grain": float(rng.uniform(0.3, 0.9)),
        "grain_size": float(rng.uniform(0.4, 1.0)),
        "outline": float(pick(rng, (0.0, rng.uniform(0.4, 0.9)), (0.6, 0.4))),
        "outline_width": float(rng.uniform(1.2, 2.6)),
        "outline_colour": pick(rng, INKS),
    }


def wash(rng: RNG) -> Values:
    """Watercolour, with or without pen lines."""
    return {
        **colouring(rng, 0.45),
        "contrast": float(rng.uniform(0.9, 1.3)),
        "colours": int(rng.integers(3, 8)),
        "ground": pick(rng, PAPERS[:3]) if rng.random() < 0.8 else pick(rng, PAPERS),
        "opacity": float(rng.uniform(0.6, 1.0)),
        "cover": float(rng.uniform(0.75, 1.05)),
        "smooth": float(rng.uniform(1.0, 3.2)),
        "wobble": float(rng.uniform(0.3, 2.0)),
        "edge": float(rng.uniform(0.3, 1.0)),
        "flow": float(rng.uniform(0.2, 1.0)),
        "bend": float(pick(rng, (0.0, rng.uniform(0.3, 1.0)))),
        "grain": float(rng.uniform(0.2, 1.0)),
        "grain_size": float(rng.uniform(0.5, 1.3)),
        "outline": float(pick(rng, (0.0, rng.uniform(0.5, 0.95)), (0.6, 0.4))),
        "outline_width": float(rng.uniform(0.7, 1.5)),
        "outline_colour": pick(rng, INKS),
    }
