"""Phantoms of the abdomen in computed tomography, made by code: patients of ellipsoids whose truth is known.

In the manner of the head phantom of Shepp and Logan (1974), whose ellipses add up, with the organs, the values and the
lesions of an abdomen. Nothing here was taken from a person. A patient depends on the seed and its number alone, and has
several slices, which belong together.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.spec import LabelMap
from impasto.procedural.tomography import Geometry, counted, projections, reconstruct

CLASSES: Final = ("background", "body", "liver", "kidneys", "spine", "lesion")
LABELS: Final = LabelMap(
    CLASSES,
    ((0, 0, 0), (225, 178, 132), (150, 62, 48), (196, 98, 148), (240, 236, 216), (92, 190, 110)),
    tuple(range(len(CLASSES))),
)
"""Numbers and colours of the classes; pictures in colour are painted with them, too."""
WINDOW: Final = (-160.0, 240.0)
"""Hounsfield units that pictures show from black to white: the usual window for the abdomen."""
VERSION: Final = 1
"""Raised when the same settings make something else."""
AIR: Final = -1000.0


@dataclass(frozen=True)
class Ellipsoid:
    """A body of one value.

    Attributes:
        kind: of :data:`CLASSES`.
        centre: x, y and z, in [-1, 1].
        axes: half axes.
        angle: from x to the first axis in radians, around z.
        value: Hounsfield units that it adds to what it lies in.
    """

    kind: str
    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    angle: float
    value: float

    def at(self, z: float) -> np.ndarray | None:
        """The ellipse at a height: (6,) as :func:`~impasto.procedural.tomography.projections` takes it; or None."""
        share = 1 - ((z - self.centre[2]) / self.axes[2]) ** 2
        if share <= 0:
            return None
        a, b = np.sqrt(share) * self.axes[0], np.sqrt(share) * self.axes[1]
        return np.array([self.centre[0], self.centre[1], a, b, self.angle, self.value / 1000])


def patient(random: np.random.Generator, lesions: tuple[int, int]) -> list[Ellipsoid]:
    """The bodies of one patient, those inside after those around them.

    Args:
        random: draws it.
        lesions: fewest and most in the liver.
    """
    size, tall = random.uniform(0.84, 1.0), 4.0  # tall bodies look the same in every slice

    def body(kind: str, x: float, y: float, a: float, b: float, c: float, value: float, z: float = 0.0) -> Ellipsoid:
        jitter = random.normal(0, 0.015, 2)
        stretch = random.uniform(0.92, 1.08, 2)
        place = size * (x + jitter[0]), size * (y + jitter[1]), z
        return Ellipsoid(
            kind, place, (size * a * stretch[0], size * b * stretch[1], c), random.uniform(-0.15, 0.15), value
        )

    wide, deep = random.uniform(0.86, 0.94), random.uniform(0.64, 0.74)
    fat = random.uniform(0.03, 0.10)
    skin = Ellipsoid("body", (0.0, 0.0, 0.0), (size * wide, size * deep, tall), 0.0, AIR * -1 - 95)
    muscle = Ellipsoid("body", (0.0, 0.0, 0.0), (size * (wide - fat), size * (deep - fat), tall), 0.0, 150.0)
    liver = body("liver", -0.36, -0.14, 0.36, 0.30, random.uniform(1.0, 1.6), random.uniform(45, 65))
    spleen = body("body", 0.52, 0.04, 0.14, 0.21, 1.2, random.uniform(35, 60), random.uniform(-0.3, 0.3))
    stomach = body("body", 0.26, -0.34, 0.18, 0.13, 1.2, random.uniform(-45, -20), random.uniform(-0.3, 0.3))
    kidneys = [
        body("kidneys", side * 0.37, 0.33, 0.12, 0.15, 1.1, random.uniform(90, 130), random.uniform(-0.3, 0.3))
        for side in (-1, 1)
    ]
    spine = body("spine", 0.0, 0.36, 0.125, 0.11, tall, random.uniform(220, 380))
    canal = body("body", 0.0, 0.40, 0.05, 0.045, tall, -230.0)
    aorta = body("body", 0.05, 0.17, 0.06, 0.06, tall, random.uniform(70, 150))
    return [
        *(skin, muscle, liver, spleen, stomach, *kidneys, spine, canal, aorta),
        *_small(random, liver, "liver", int(random.integers(3, 7)), (0.015, 0.035), (25, 60), tall=True),
        *_small(random, stomach, "body", 4, (0.02, 0.05), (-40, 40), tall=False),
        *_small(random, liver, "lesion", int(random.integers(lesions[0], lesions[1] + 1)), (0.05, 0.12), (-75, -40)),
    ]


def _small(
    random: np.random.Generator,
    around: Ellipsoid,
    kind: str,
    count: int,
    radii: tuple[float, float],
    values: tuple[float, float],
    tall: bool = False,
) -> list[Ellipsoid]:
    """Small bodies inside another one, such as vessels, contents and lesions; lesions do not touch each other."""
    found: list[Ellipsoid] = []
    for _ in range(20 * count):
        if len(found) == count:
            break
        radius = random.uniform(*radii)
        away, turn = np.sqrt(random.uniform(0, 1)) * 0.95, random.uniform(0, 2 * np.pi)
        room = [max(axis - 1.3 * radius, 0.0) for axis in around.axes[:2]]
        x, y = (around.centre[0] + away * room[0] * np.cos(turn), around.centre[1] + away * room[1] * np.sin(turn))
        z = random.uniform(-0.5, 0.5)
        apart = all(
            np.hypot(x - other.centre[0], y - other.centre[1]) > 1.3 * (radius + max(other.axes[:2])) for other in found
        )
        if kind == "lesion" and not apart:
            continue
        axes = radius, radius * random.uniform(0.7, 1.0), 4.0 if tall else random.uniform(6, 9) * radius
        value = random.uniform(*values)
        found.append(Ellipsoid(kind, (float(x), float(y), z), axes, random.uniform(0, np.pi), value))
    return found


@dataclass(frozen=True)
class Phantoms:
    """Slices of phantoms, and what a scanner makes of them; see :class:`~impasto.data.sources.simulated.Simulation`.

    Sides are ``truth``, without noise; ``full_dose`` and ``low_dose``, reconstructed from counted photons; ``soft``,
    with a soft kernel, at full dose; ``colour``, the truth in the colours of tissues; and ``labels``. All but the last
    two are uint16, 0 to 65,535 over :data:`WINDOW`.

    Args:
        patients: how many.
        slices: of each.
        seed: of all.
        photons: that a ray starts with at full and at low dose.
        lesions: fewest and most of a patient.
        soft: deviation of the soft kernel, in rays.

    Raises:
        UserError: a number is out of range.
    """

    patients: int = 150
    slices: int = 4
    seed: int = 0
    photons: tuple[float, float] = (2e6, 1e5)
    lesions: tuple[int, int] = (0, 4)
    soft: float = 2.0

    name = "CT phantoms made by code"
    labels = LABELS
    label_sides = ("labels",)
    window = WINDOW

    def __post_init__(self) -> None:
        check_number("data.example.patients", self.patients, 2)
        check_number("data.example.slices", self.slices, 1)
        for name, count in (("photons", 2), ("lesions", 2)):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # config gives lists
            if len(getattr(self, name)) != count or min(getattr(self, name)) < 0:
                raise UserError(f"data.example.{name}={list(getattr(self, name))}: give two numbers from 0 on.")
        if not 0 < self.photons[1] <= self.photons[0] or self.lesions[1] < self.lesions[0]:
            raise UserError("data.example: photons are [full dose, low dose], and lesions [fewest, most].")

    @property
    def sides(self) -> dict[str, int]:
        """Channels of each side."""
        return {"truth": 1, "full_dose": 1, "low_dose": 1, "soft": 1, "colour": 3, "labels": 1}

    @property
    def length(self) -> int:
        """Slices of all patients."""
        return self.patients * self.slices

    @property
    def version(self) -> int:
        """See :data:`VERSION`."""
        return VERSION

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The patients, whose slices belong together."""
        return tuple(f"patient {number:05d}" for number in range(self.patients))

    def group(self, number: int) -> int:
        """The patient of a slice."""
        return number // self.slices

    def draw(self, number: int, side: int) -> dict[str, np.ndarray]:
        """All sides of a slice by name: (side, side, C)."""
        bodies = patient(np.random.default_rng([self.seed, self.group(number)]), self.lesions)
        random = np.random.default_rng([self.seed, self.group(number), 1 + number % self.slices])
        z = (number % self.slices + 0.5) / self.slices * 1.2 - 0.6
        cut = [(body.kind, ellipse) for body in bodies if (ellipse := body.at(z)) is not None]
        geometry = Geometry(side, rays=int(1.4 * side), angles=side)
        exact = projections(np.stack([ellipse for _, ellipse in cut]), geometry)
        full, low = (counted(exact, photons, geometry, random) for photons in self.photons)
        sharp, soft = reconstruct(np.stack([full, low]), geometry), reconstruct(full[None], geometry, self.soft)
        values, labels = rasterised(cut, side)
        scans = {"truth": values, "full_dose": sharp[0], "low_dose": sharp[1], "soft": soft[0]}
        shown = {name: windowed(1000 * scan - 1000, WINDOW)[..., None] for name, scan in scans.items()}
        tint = 0.6 + 0.4 * shown["truth"] / 65535
        colour = np.rint(np.array(LABELS.colors)[labels] * tint).astype(np.uint8)
        return {**shown, "colour": colour, "labels": labels[..., None]}


def rasterised(cut: list[tuple[str, np.ndarray]], side: int) -> tuple[np.ndarray, np.ndarray]:
    """Ellipses on a grid.

    Args:
        cut: kind and ellipse of each body, those inside after those around them.
        side: in pixels.

    Returns:
        Values (side, side), the mean of 3 x 3 points of each pixel; and the classes at the middles of pixels, uint8.
    """
    fine = 3 * side
    ticks = ((np.arange(fine) + 0.5) / fine * 2 - 1).astype(np.float32)
    values, labels = np.zeros((fine, fine), np.float32), np.zeros((fine, fine), np.uint8)
    for kind, (x, y, a, b, phi, value) in cut:
        reach = max(a, b)
        rows, columns = (
            slice(*np.clip(np.searchsorted(ticks, (at - reach, at + reach)), 0, fine).tolist()) for at in (y, x)
        )
        right, down = ticks[None, columns] - x, ticks[rows, None] - y
        u, v = right * np.cos(phi) + down * np.sin(phi), down * np.cos(phi) - right * np.sin(phi)
        inside = (u / a) ** 2 + (v / b) ** 2 <= 1
        values[rows, columns] += value * inside
        labels[rows, columns][inside] = CLASSES.index(kind)
    return values.reshape(side, 3, side, 3).mean((1, 3)), np.ascontiguousarray(labels[1::3, 1::3])


def windowed(values: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Measured values as uint16: 0 at the window's lower end and below, 65,535 at its upper end and above."""
    low, high = window
    return np.rint((values.astype(np.float64) - low) * (65535 / (high - low))).clip(0, 65535).astype(np.uint16)
