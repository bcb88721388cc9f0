"""Families of hands: how often each is drawn, and what draws it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from impasto.procedural.drawn_hands import charcoal, child, hatching
from impasto.procedural.made_hands import flat, pieces, pixel
from impasto.procedural.painted_hands import dots, knife, oil, pastel, wash
from impasto.procedural.ranges import RNG, Values


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
    "pieces": Family(0.04, pieces),
    "child": Family(0.03, child),
    "pixel": Family(0.02, pixel),
}


def draw_family(name: str, rng: RNG) -> Values:
    """Values of a hand of that family."""
    return FAMILIES[name].draw(rng)
