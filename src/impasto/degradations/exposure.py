"""Too dark: by a gamma curve, or for want of light."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np

from impasto.base.ranges import Positive
from impasto.degradations.degradation import Damage, Degradation, Degrade
from impasto.degradations.light import MID_GREY, decoded, encoded, from_linear, to_linear

ELECTRONS: Final = 2000.0
"""At white of a well-lit picture, unless said otherwise."""


def gamma(pixels: np.ndarray, stops: float, _random: np.random.Generator) -> np.ndarray:
    """A power of the samples that makes mid-grey as dark as ``stops`` less light would; white stays white."""
    table = np.rint(255 * (np.arange(256) / 255) ** gamma_of(stops)).astype(np.uint8)
    return table[pixels]


def gamma_of(stops: float) -> float:
    """The power that makes mid-grey as dark as ``stops`` less light would."""
    dark = float(encoded(decoded(np.array(MID_GREY)) / 2**stops))
    return math.log(dark) / math.log(MID_GREY)


def low_light(
    pixels: np.ndarray, stops: float, random: np.random.Generator, electrons: float = ELECTRONS
) -> np.ndarray:
    """Less light, in which the noise of counting it shows.

    Args:
        pixels: uint8 (H, W, C).
        stops: how many times the light is halved.
        random: source of the noise: normal, of the variance of a Poisson number of electrons.
        electrons: at white of the well-lit picture.
    """
    light = to_linear(pixels) / np.float32(2**stops)
    noise = np.sqrt(light / np.float32(electrons)) * random.standard_normal(light.shape, np.float32)
    return from_linear(light + noise)


class LowLight(Degradation):
    """Too dark; the strength is by how many stops, of which each halves the light.

    Args:
        electrons: that a sensor counts at white of a well-lit picture; fewer make low light noisier.
        **settings: of :class:`~impasto.degradations.degradation.Degradation`.
    """

    known: ClassVar[Mapping[str, Degrade]] = {"gamma": gamma, "low_light": low_light}
    unit: ClassVar[str] = "stops, each of which halves the light"
    limits: ClassVar[tuple[float, float]] = (0.0, 8.0)

    def __init__(self, *, electrons: Positive = ELECTRONS, **settings: Any) -> None:
        super().__init__(**settings)
        self.electrons = electrons

    def __call__(self, pixels: np.ndarray, damage: Damage, random: np.random.Generator) -> np.ndarray:
        """A dark picture: uint8 (H, W, C)."""
        if damage.kind == "low_light":
            return low_light(pixels, damage.strength, random, self.electrons)
        return super().__call__(pixels, damage, random)

    def record(self) -> dict[str, Any]:
        """All settings, plain values."""
        return {"electrons": self.electrons, **super().record()}
