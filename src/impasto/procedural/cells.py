"""Micrographs of cells, made by code: fluorescence with the noise of counted photons, label-free phase, and a stain.

Cells have a nucleus and a body of known place. A field of view depends on the seed and its number alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.spec import LabelMap

CLASSES: Final = ("background", "cell", "nucleus")
LABELS: Final = LabelMap(CLASSES, ((20, 20, 30), (220, 130, 170), (90, 60, 160)), (0, 1, 2))
"""Numbers and colours of the classes."""
WINDOW: Final = (-0.25, 1.5)
"""Brightness that pictures show from black to white: below 0, since a dark pixel's noise goes both ways."""
STAINS: Final = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105]])
"""Optical density of haematoxylin and eosin in red, green and blue (Ruifrok and Johnston 2001, table 1)."""
VERSION: Final = 1
"""Raised when the same settings make something else."""


@dataclass(frozen=True)
class Micrographs:
    """Fields of view; see :class:`~impasto.data.sources.simulated.Simulation`.

    Sides are ``clean`` fluorescence of nuclei and the fibres around them, two exposures of it with noise of their own,
    ``noisy`` and ``noisy_again``, ``phase``, which no stain was needed for, ``stained``, in colours of haematoxylin and
    eosin, and ``labels``. The first four are uint16.

    Args:
        fields: of view.
        seed: of all.
        photons: that the brightest nuclei send to a pixel, fewest and most of a field.
        read_noise: deviation of the camera's own noise, in photons.

    Raises:
        UserError: a number is out of range.
    """

    fields: int = 300
    seed: int = 0
    photons: tuple[float, float] = (8.0, 30.0)
    read_noise: float = 1.0

    name = "micrographs made by code"
    labels = LABELS
    label_sides = ("labels",)
    groups = ()

    def __post_init__(self) -> None:
        check_number("data.example.fields", self.fields, 2)
        object.__setattr__(self, "photons", tuple(self.photons))  # config gives lists
        if len(self.photons) != 2 or not 0 < self.photons[0] <= self.photons[1] or self.read_noise < 0:
            raise UserError("data.example: photons are [fewest, most], above 0, and read_noise is 0 or more.")

    @property
    def sides(self) -> dict[str, int]:
        """Channels of each side."""
        return {"clean": 1, "noisy": 1, "noisy_again": 1, "phase": 1, "stained": 3, "labels": 1}

    @property
    def length(self) -> int:
        """Fields of view."""
        return self.fields

    @property
    def version(self) -> int:
        """See :data:`VERSION`."""
        return VERSION

    def group(self, number: int) -> int:
        """Each stands alone."""
        return number

    def draw(self, number: int, side: int) -> dict[str, np.ndarray]:
        """All sides of a field of view by name: (side, side, C)."""
        random = np.random.default_rng([self.seed, number])
        nuclei, bodies = cells(random, side)
        grain = texture(random, side, 0.012)
        fibres = bodies * (1 - nuclei) * np.clip(texture(random, side, 0.02, stretched=True), 0, None)
        light = 0.06 + nuclei * (0.75 + 0.35 * grain) + 0.35 * fibres
        clean = gaussian_filter(light.clip(0, 1.3), 0.008 * side)
        photons = random.uniform(*self.photons)
        shots = [
            (random.poisson(clean * photons) + random.normal(0, self.read_noise, clean.shape)) / photons
            for _ in range(2)
        ]
        phase = 0.15 + 0.5 * gaussian_filter(bodies, 0.02 * side) + nuclei * (0.22 * grain - 0.06)
        phase = gaussian_filter(phase, 0.004 * side) + random.normal(0, 0.01, phase.shape)
        # Chromatin takes haematoxylin up by its grain, the body eosin.
        densities = np.stack([nuclei * (1.1 + 0.5 * grain), 0.55 * bodies * (1 - 0.6 * nuclei)], -1).clip(0, None)
        stained = np.rint(250 * np.exp(-np.log(10) * 0.7 * densities @ STAINS)).astype(np.uint8)
        numbers = np.where(nuclei > 0.5, 2, (bodies > 0.5).astype(int)).astype(np.uint8)
        shown = {"clean": clean, "noisy": shots[0], "noisy_again": shots[1], "phase": phase}
        low, high = WINDOW
        deep = {
            name: np.rint((values - low) * (65535 / (high - low))).clip(0, 65535).astype(np.uint16)[..., None]
            for name, values in shown.items()
        }
        return {**deep, "stained": stained, "labels": numbers[..., None]}


def cells(random: np.random.Generator, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Nuclei and whole cells on a jittered grid, of which some places are empty: two (side, side) in 0..1."""
    across = int(random.integers(4, 8))
    pitch = 1 / across
    places = (np.stack(np.meshgrid(*[np.arange(across)] * 2), -1).reshape(-1, 2) + 0.5) * pitch
    places = places[random.uniform(0, 1, len(places)) < random.uniform(0.55, 0.95)]
    places = places + random.uniform(-0.25, 0.25, places.shape) * pitch
    rows, columns = (np.mgrid[:side, :side].astype(np.float32) + 0.5) / side
    nuclei, nearest = np.zeros((side, side), np.float32), np.full((side, side), np.inf, np.float32)
    second = nearest.copy()
    for x, y in places:
        radius, turn = pitch * random.uniform(0.16, 0.26), random.uniform(0, np.pi)
        a, b = radius * random.uniform(1.0, 1.25), radius * random.uniform(0.75, 1.0)
        right, down = columns - x, rows - y
        u, v = right * np.cos(turn) + down * np.sin(turn), down * np.cos(turn) - right * np.sin(turn)
        angle = np.arctan2(v, u)
        rim = 1 + 0.08 * np.sin(3 * angle + random.uniform(0, 6)) + 0.05 * np.sin(5 * angle + random.uniform(0, 6))
        distance = (np.hypot(u / a, v / b) - rim) * radius * side
        nuclei = np.maximum(nuclei, random.uniform(0.7, 1.0) * np.clip(0.5 - distance, 0, 1))
        away = np.hypot(u, v * random.uniform(0.9, 1.2)) + 0.02 * pitch * np.sin(4 * angle)
        nearest, second = np.minimum(nearest, away), np.minimum(np.maximum(nearest, away), second)
    inside = np.clip((0.52 * pitch - nearest) * side / 2, 0, 1)
    apart = np.clip((second - nearest) * side / 1.5, 0, 1)  # neighbours leave a gap
    return nuclei, np.maximum(inside * apart, nuclei > 0).astype(np.float32)


def texture(random: np.random.Generator, side: int, grain: float, stretched: bool = False) -> np.ndarray:
    """Smooth noise of deviation 0.5 within about [-1, 1].

    Args:
        random: draws it.
        side: in pixels.
        grain: size of its spots as a share of the side.
        stretched: four times as long as they are wide, in one direction.
    """
    size = (4 * grain * side, grain * side) if stretched else (grain * side,) * 2
    values = gaussian_filter(random.normal(0, 1, (side, side)), size, mode="wrap")
    return np.clip(0.5 * values / values.std(), -1, 1)
