"""What families of hands share: ways to draw numbers, colours and directions."""

from typing import Any, Final

import numpy as np

from impasto.procedural.palettes import Colour, draw_palette, natural_palette

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


def ground_colour(rng: RNG) -> Colour:
    """A paper, a dark or a coloured ground."""
    kind = rng.random()
    if kind < 0.4:
        return pick(rng, PAPERS)  # type: ignore[no-any-return]
    if kind < 0.6:
        return pick(rng, INKS)  # type: ignore[no-any-return]
    return pick(rng, draw_palette(rng, 4))  # type: ignore[no-any-return]
