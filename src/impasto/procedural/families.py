"""Families of hands: how often each is drawn, and from which ranges."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from impasto.procedural.palettes import draw_palette, natural_palette

Values = dict[str, Any]
"""Fields of a :class:`impasto.procedural.hand.Hand` by name."""
RNG = np.random.Generator
PAPERS: Final = ((0.97, 0.95, 0.9), (0.93, 0.87, 0.74), (0.98, 0.98, 0.97), (0.85, 0.78, 0.66), (0.75, 0.77, 0.78))
INKS: Final = ((0.08, 0.07, 0.07), (0.2, 0.12, 0.07), (0.08, 0.1, 0.25), (0.3, 0.07, 0.05), (0.05, 0.15, 0.12))
CRAYONS: Final = (
    (0.86, 0.12, 0.14), (0.96, 0.5, 0.1), (0.98, 0.83, 0.12), (0.55, 0.78, 0.2), (0.1, 0.5, 0.22), (0.35, 0.7, 0.9),
    (0.12, 0.28, 0.72), (0.47, 0.22, 0.6), (0.95, 0.55, 0.68), (0.48, 0.29, 0.14), (0.93, 0.74, 0.56), (0.5, 0.5, 0.52),
)  # fmt: skip


def log_uniform(rng: RNG, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def pick(rng: RNG, values: Any, shares: Any = None) -> Any:
    """One of the values."""
    return values[int(rng.choice(len(values), p=shares))]


def colouring(rng: RNG, keep: float = 0.3, count: tuple[int, int] = (4, 9)) -> Values:
    """Palette, and how far the photograph's colours move to it.

    Args:
        rng: draws.
        keep: share of hands that keep the photograph's colours.
        count: of colours, from and up to.
    """
    kept = rng.random() < keep
    return {
        "palette": (natural_palette if rng.random() < 0.25 else draw_palette)(rng, int(rng.integers(*count))),
        "recolour": float(rng.uniform(0, 0.25) if kept else rng.uniform(0.7, 1.0)),
        "toning": float(rng.choice([0.0, rng.uniform(0.2, 0.7)], p=[0.6, 0.4])),
        "saturation": float(rng.uniform(0.9, 1.7) if kept else rng.uniform(0.8, 1.4)),
        "contrast": float(rng.uniform(0.85, 1.35)),
    }


def directing(rng: RNG, low: float = 0.3) -> Values:
    """Directions of strokes."""
    return {
        "follow": float(rng.uniform(low, 1.0)),
        "direction": pick(rng, ("angle", "flow", "swirl", "radial"), (0.35, 0.35, 0.22, 0.08)),
        "angle": float(rng.uniform(0, np.pi)),
        "flow": float(rng.uniform(0.1, 0.7)),
        "light": float(rng.uniform(0, 2 * np.pi)),
    }


def ground_colour(rng: RNG) -> tuple[float, float, float]:
    """A paper, a dark or a coloured ground."""
    kind = rng.random()
    if kind < 0.4:
        return pick(rng, PAPERS)  # type: ignore[no-any-return]
    if kind < 0.6:
        return pick(rng, INKS)  # type: ignore[no-any-return]
    return pick(rng, draw_palette(rng, 4))  # type: ignore[no-any-return]


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
    """Points of unmixed colour."""
    return {
        **colouring(rng, 0.45),
        **directing(rng, 0.0),
        "ground": ground_colour(rng),
        "ground_share": float(pick(rng, (0.0, 0.5, 1.0), (0.2, 0.3, 0.5))),
        "width": log_uniform(rng, 3, 7),
        "ratio": float(pick(rng, (1.0, rng.uniform(1.2, 1.8)))),
        "widths": pick(rng, ((1.3, 1.0, 0.8), (1.0, 1.0), (1.0, 1.0, 0.7, 0.7))),
        "cover": float(rng.uniform(0.6, 1.3)),
        "detail": float(rng.uniform(0.5, 1.0)),
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
        "grain": float(rng.uniform(0.35, 0.95)),
        "grain_size": float(rng.uniform(0.5, 1.3)),
        "outline": float(pick(rng, (0.0, rng.uniform(0.4, 0.9)), (0.6, 0.4))),
        "outline_width": float(rng.uniform(1.2, 2.6)),
        "outline_colour": pick(rng, INKS),
    }


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


def hatching(rng: RNG) -> Values:
    """Ink lines whose density follows darkness, in one or several directions, on the tone of paper."""
    first = float(rng.uniform(0, np.pi))
    turns = pick(rng, ((0.0,), (0.0, np.pi / 2), (0.0, np.pi / 3, -np.pi / 3), (0.0, np.pi / 4, np.pi / 2, -np.pi / 4)))
    return {
        **colouring(rng, 0.5),
        "angle": first,
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


def tiles(rng: RNG) -> Values:
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


@dataclass(frozen=True)
class Family:
    """How often a kind of hand is drawn, and what draws its values."""

    share: float
    draw: Callable[[RNG], Values]


FAMILIES: Final = {
    "oil": Family(0.45, oil),
    "knife": Family(0.06, knife),
    "dots": Family(0.07, dots),
    "pastel": Family(0.06, pastel),
    "flat": Family(0.1, flat),
    "hatching": Family(0.07, hatching),
    "wash": Family(0.06, wash),
    "charcoal": Family(0.04, charcoal),
    "tiles": Family(0.04, tiles),
    "child": Family(0.03, child),
    "pixel": Family(0.02, pixel),
}


def draw_family(name: str, rng: RNG) -> Values:
    """Values of a hand of that family."""
    return FAMILIES[name].draw(rng)
