"""Star fields, made by code: stars and galaxies of known flux under a sky, as a camera counts their photons.

A field depends on the seed and its number alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from impasto.base.checks import check_number
from impasto.base.errors import UserError

WINDOW: Final = (-150.0, 450.0)
"""Electrons above the sky that pictures show from black to white."""
VERSION: Final = 1
"""Raised when the same settings make something else."""


@dataclass(frozen=True)
class StarFields:
    """Fields of the sky; see :class:`~impasto.data.sources.simulated.Simulation`.

    Sides are ``truth``, without noise, ``long``, an exposure of full length, ``short``, a part of it scaled to the same
    length, and ``short_again``, another part; all uint16, 0 to 65,535 over :data:`WINDOW`, with the mean sky taken
    away, as calibrated pictures have it.

    Args:
        fields: how many.
        seed: of all.
        stars: fewest and most in a field.
        galaxies: likewise.
        sky: electrons that the sky sends to a pixel in the long exposure.
        read_noise: deviation of the camera's own noise, in electrons.
        short: length of the short exposures as a share of the long one.

    Raises:
        UserError: a number is out of range.
    """

    fields: int = 300
    seed: int = 0
    stars: tuple[int, int] = (20, 90)
    galaxies: tuple[int, int] = (2, 10)
    sky: float = 400.0
    read_noise: float = 5.0
    short: float = 0.25

    name = "star fields made by code"
    labels = None
    label_sides = ()
    groups = ()

    def __post_init__(self) -> None:
        check_number("data.example.fields", self.fields, 2)
        for name in ("stars", "galaxies"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # config gives lists
            if len(getattr(self, name)) != 2 or not 0 <= getattr(self, name)[0] <= getattr(self, name)[1]:
                raise UserError(f"data.example.{name}: give the fewest and the most, such as [2,10].")
        if not 0 < self.short <= 1 or self.sky < 0 or self.read_noise < 0:
            raise UserError("data.example: short is a share above 0, and sky and read_noise are 0 or more.")

    @property
    def sides(self) -> dict[str, int]:
        """Channels of each side."""
        return {"truth": 1, "long": 1, "short": 1, "short_again": 1}

    @property
    def length(self) -> int:
        """Fields."""
        return self.fields

    @property
    def version(self) -> int:
        """See :data:`VERSION`."""
        return VERSION

    def group(self, number: int) -> int:
        """Each stands alone."""
        return number

    def draw(self, number: int, side: int) -> dict[str, np.ndarray]:
        """All sides of a field by name: (side, side, 1)."""
        random = np.random.default_rng([self.seed, number])
        truth = self.light(random, side)
        exposures = {
            "long": self.exposed(truth, 1.0, random),
            "short": self.exposed(truth, self.short, random),
            "short_again": self.exposed(truth, self.short, random),
        }
        low, high = WINDOW
        return {
            name: np.rint((values - low) * (65535 / (high - low))).clip(0, 65535).astype(np.uint16)[..., None]
            for name, values in {"truth": truth, **exposures}.items()
        }

    def light(self, random: np.random.Generator, side: int) -> np.ndarray:
        """Electrons of stars and galaxies in the long exposure, without sky: (side, side).

        Stars are Moffat profiles (Moffat 1969), their fluxes of a power law, so that most are faint; galaxies are
        exponential discs seen at any angle.
        """
        rows, columns = np.mgrid[:side, :side] + 0.5
        light = np.zeros((side, side))
        width = random.uniform(1.1, 1.7)  # of the seeing, which all stars of a field share
        for _ in range(int(random.integers(self.stars[0], self.stars[1] + 1))):
            x, y = random.uniform(0, side, 2)
            flux = 150 * random.pareto(0.9) + 120
            light += moffat(np.hypot(columns - x, rows - y), width) * min(flux, 1e6)
        for _ in range(int(random.integers(self.galaxies[0], self.galaxies[1] + 1))):
            x, y = random.uniform(0, side, 2)
            turn, flat, size = random.uniform(0, np.pi), random.uniform(0.25, 1), random.uniform(2, 6)
            right, down = columns - x, rows - y
            u = right * np.cos(turn) + down * np.sin(turn)
            v = (down * np.cos(turn) - right * np.sin(turn)) / flat
            flux = random.uniform(1500, 12000)
            light += flux / (2 * np.pi * size**2 * flat) * np.exp(-np.hypot(u, v) / size)
        return light

    def exposed(self, truth: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
        """Electrons above the sky that an exposure counts, scaled to the length of the long one."""
        counted = random.poisson((truth + self.sky) * share) + random.normal(0, self.read_noise, truth.shape)
        return counted / share - self.sky


def moffat(distance: np.ndarray, width: float, beta: float = 3.0) -> np.ndarray:
    """A star of flux 1 (Moffat 1969).

    Args:
        distance: from its middle in pixels.
        width: the profile's alpha, in pixels; half the light of the middle is at 0.51 of it.
        beta: how fast the wings fall.
    """
    return (beta - 1) / (np.pi * width**2) * (1 + (distance / width) ** 2) ** -beta
