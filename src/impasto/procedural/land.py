"""Land seen from above in several bands, made by code: fields, forest, a river, soil and roofs of known place.

Spectra and textures are in the manner of 10 m satellite pictures. A scene depends on the seed and its number alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.spec import LabelMap
from impasto.procedural.cells import texture

CLASSES: Final = ("water", "forest", "crops", "soil", "built")
LABELS: Final = LabelMap(
    CLASSES, ((40, 90, 180), (20, 90, 40), (150, 200, 70), (190, 150, 100), (200, 60, 60)), tuple(range(5))
)
"""Numbers and colours of the classes."""
BANDS: Final = ("blue", "green", "red", "near infrared", "short-wave infrared")
SPECTRA: Final = np.array(
    [
        [0.060, 0.055, 0.040, 0.025, 0.012],
        [0.030, 0.050, 0.032, 0.270, 0.130],
        [0.040, 0.075, 0.050, 0.330, 0.190],
        [0.085, 0.120, 0.160, 0.230, 0.300],
        [0.130, 0.145, 0.160, 0.200, 0.210],
    ]
)
"""Reflectance of each class in each band."""
WINDOW: Final = (0.0, 0.5)
"""Reflectance that pictures show from black to white."""
VERSION: Final = 1
"""Raised when the same settings make something else."""


@dataclass(frozen=True)
class Land:
    """Scenes of land; see :class:`~impasto.data.sources.simulated.Simulation`.

    Sides are ``bands``, five of reflectance as uint16 over :data:`WINDOW`, ``clear``, the same without haze and noise,
    ``colour``, red, green and blue of those as uint8, and ``labels``.

    Args:
        scenes: how many.
        seed: of all.
        haze: most of the light that haze sends, as reflectance in blue; it is less in longer waves.
        noise: deviation of the noise, as reflectance.

    Raises:
        UserError: a number is out of range.
    """

    scenes: int = 300
    seed: int = 0
    haze: float = 0.08
    noise: float = 0.012

    name = "scenes of land made by code"
    labels = LABELS
    label_sides = ("labels",)
    groups = ()

    def __post_init__(self) -> None:
        check_number("data.example.scenes", self.scenes, 2)
        if self.haze < 0 or self.noise < 0:
            raise UserError("data.example: haze and noise are 0 or more.")

    @property
    def sides(self) -> dict[str, int]:
        """Channels of each side."""
        return {"bands": len(BANDS), "clear": len(BANDS), "colour": 3, "labels": 1}

    @property
    def length(self) -> int:
        """Scenes."""
        return self.scenes

    @property
    def version(self) -> int:
        """See :data:`VERSION`."""
        return VERSION

    def group(self, number: int) -> int:
        """Each stands alone."""
        return number

    def draw(self, number: int, side: int) -> dict[str, np.ndarray]:
        """All sides of a scene by name: (side, side, C)."""
        random = np.random.default_rng([self.seed, number])
        classes, shade = ground(random, side)
        clear = SPECTRA[classes] * (1 + shade)[..., None]
        clear = gaussian_filter(clear, (0.6, 0.6, 0))  # a pixel sees its neighbours, too
        veil = random.uniform(0, self.haze) * (0.6 + 0.4 * texture(random, side, 0.12))
        falling = np.array([1.0, 0.75, 0.55, 0.25, 0.08])  # Rayleigh's and aerosols' light falls with the wave length
        bands = clear * (1 - veil[..., None] * falling) + veil[..., None] * falling
        bands = bands * random.uniform(0.8, 1.15) + random.normal(0, self.noise, bands.shape)
        low, high = WINDOW
        deep = {
            name: np.rint((values - low) * (65535 / (high - low))).clip(0, 65535).astype(np.uint16)
            for name, values in {"bands": bands, "clear": clear}.items()
        }
        colour = np.rint(255 * (clear[..., [2, 1, 0]] / 0.25).clip(0, 1) ** 0.7).astype(np.uint8)
        return {**deep, "colour": colour, "labels": classes[..., None].astype(np.uint8)}


def ground(random: np.random.Generator, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes (side, side), and by how much each pixel is lighter than its class, as a share.

    Parcels on a turned grid are crops, in rows, or bare soil; woods are mottled; a river winds through; a village has
    roofs between gardens.
    """
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    turn, pitch = random.uniform(0, np.pi / 2), random.uniform(0.12, 0.25)
    u, v = columns * np.cos(turn) + rows * np.sin(turn), rows * np.cos(turn) - columns * np.sin(turn)
    deep = pitch * random.uniform(0.5, 1)
    parcel = (np.floor(u / pitch).astype(int) * 7 + np.floor(v / deep).astype(int) * 13) % 31
    kinds = random.choice([2, 2, 3], 31)
    growth, angle = random.normal(0, 0.22, 31), random.uniform(0, np.pi, 31)
    classes = kinds[parcel]
    stripes = np.sin((u * np.cos(angle[parcel]) + v * np.sin(angle[parcel])) * side * 1.6)
    shade = growth[parcel] + np.where(classes == 2, 0.07 * stripes, 0.04 * texture(random, side, 0.01))
    woods = texture(random, side, 0.09) > random.uniform(0.1, 0.5)
    classes[woods] = 1
    shade[woods] = (0.45 * texture(random, side, 0.008))[woods]
    _village(random, classes, shade, rows, columns)
    _river(random, classes, shade, rows, columns)
    return classes, shade


def _village(
    random: np.random.Generator, classes: np.ndarray, shade: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> None:
    side = len(rows)
    middle, reach = random.uniform(0.2, 0.8, 2), random.uniform(0.08, 0.2)
    lots = np.floor(rows * side / 4).astype(int) * 1009 + np.floor(columns * side / 4).astype(int)
    share = random.uniform(0, 1, lots.max() + 1)
    inside = np.hypot(rows - middle[0], columns - middle[1]) < reach * (1 + 0.3 * texture(random, side, 0.05))
    houses = inside & (share[lots] < 0.7)
    classes[houses] = 4
    shade[houses] = (random.normal(0, 0.35, lots.max() + 1)[lots])[houses]


def _river(
    random: np.random.Generator, classes: np.ndarray, shade: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> None:
    along, across = (rows, columns) if random.uniform() < 0.5 else (columns, rows)
    bend, phase, at = random.uniform(0.04, 0.12), random.uniform(0, 6), random.uniform(0.2, 0.8)
    middle = at + bend * np.sin(5 * along + phase) + 0.3 * bend * np.sin(13 * along + 2 * phase)
    wet = np.abs(across - middle) < random.uniform(0.015, 0.04)
    classes[wet] = 0
    shade[wet] = 0.1 * random.normal()
