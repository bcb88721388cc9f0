"""The embedded example of label maps: shapes on a textured ground, drawn by code, with classes and objects.

Pictures of one seed are the same on every machine and for every count: picture i depends on the seed and i alone.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

from impasto.base.errors import UserError
from impasto.base.spec import LabelMap
from impasto.data.sources.source import Item, Made, Origin

CLASSES: Final = ("ground", "disc", "ring", "square", "triangle", "cross")
LABELS: Final = LabelMap(
    CLASSES,
    ((40, 40, 40), (230, 80, 60), (250, 190, 60), (70, 150, 90), (60, 110, 200), (150, 80, 170)),
    tuple(range(len(CLASSES))),
)
"""Numbers and colours of the classes."""
DRAWING_VERSION: Final = 2
"""Raised when the same settings draw something else."""

Side = Literal["pictures", "labels"]


@dataclass(frozen=True)
class Drawing:
    """How scenes are drawn.

    Args:
        count: pictures.
        seed: of all of them.
        shapes: fewest and most in a picture; later ones cover earlier ones.
        size: smallest and largest radius, as shares of the picture's side.
        hues: how far the hue of a shape strays from that of its class, 0 to 0.5; at 0.5 a hue tells nothing.
        contrast: of textures: 0 leaves plain colours.
        noise: deviation of the noise on each pixel, of 1 between black and white.

    Raises:
        UserError: a number is out of range.
    """

    count: int = 600
    seed: int = 0
    shapes: tuple[int, int] = (2, 6)
    size: tuple[float, float] = (0.13, 0.26)
    hues: float = 0.15
    contrast: float = 0.5
    noise: float = 0.04

    def __post_init__(self) -> None:
        checks: dict[str, bool] = {
            "count": self.count >= 1,
            "seed": self.seed >= 0,
            "shapes": len(self.shapes) == 2 and 0 <= self.shapes[0] <= self.shapes[1] <= 254,
            "size": len(self.size) == 2 and 0 < self.size[0] <= self.size[1] <= 1,
            "hues": 0 <= self.hues <= 0.5,
            "contrast": 0 <= self.contrast <= 1,
            "noise": 0 <= self.noise <= 1,
        }
        for name, fine in checks.items():
            if not fine:
                raise UserError(
                    f"data.example.{name}={getattr(self, name)} is out of range: see conf/data/segmentation.yaml."
                )

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Drawing":
        """From settings; lists become pairs.

        Raises:
            UserError: one is not known.
        """
        if unknown := sorted(set(settings) - set(cls.__dataclass_fields__)):
            known = ", ".join(cls.__dataclass_fields__)
            raise UserError(f"data.example.{unknown[0]} is not known: choose from {known}.")
        pairs = {name: tuple(value) for name, value in settings.items() if name in ("shapes", "size")}
        return cls(**{**settings, **pairs})


@dataclass(frozen=True)
class Scene:
    """Draws one scene, see :class:`~impasto.data.sources.source.Made`.

    Attributes:
        drawing: how.
        number: of the scene.
        side: what of it.
        version: of the drawing.
    """

    drawing: Drawing
    number: int
    side: Side
    version: int = DRAWING_VERSION

    def __call__(self, _nothing: np.ndarray, canvas: int) -> np.ndarray:
        """The picture, uint8 (canvas, canvas, 3), or labels (canvas, canvas, 2): classes and objects, as of draw()."""
        picture, classes, objects = draw(self.drawing, self.number, canvas)
        return picture if self.side == "pictures" else np.stack([classes, objects], -1)


@dataclass(frozen=True)
class ShapesSource:
    """One side of the scenes.

    Attributes:
        drawing: how scenes are drawn.
        side: the pictures or the labels.
        objects: labels have the numbers of objects as a second channel.
    """

    drawing: Drawing
    side: Side
    objects: bool = False
    origin: Origin = field(default="sample", init=False)
    class_names: tuple[str, ...] = field(default=(), init=False)

    @property
    def length(self) -> int:
        """How many there are."""
        return self.drawing.count

    def fingerprint(self) -> str:
        """A hash of all settings."""
        return hashlib.sha256(f"{self!r} {DRAWING_VERSION}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The scenes from position ``start`` on."""
        for number in range(start, self.drawing.count):
            scene = Scene(self.drawing, number, self.side)
            make: Callable[[np.ndarray, int], np.ndarray] = (
                scene if self.side == "pictures" or self.objects else Alone(scene)
            )
            yield Item(f"scene {number:06d}", Made(np.zeros((1, 1, 3), np.uint8), make))


@dataclass(frozen=True)
class Alone:
    """Labels of a scene without the numbers of objects."""

    scene: Scene

    def __call__(self, nothing: np.ndarray, canvas: int) -> np.ndarray:
        """uint8 (canvas, canvas, 1)."""
        return self.scene(nothing, canvas)[..., :1]


def draw(drawing: Drawing, number: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A scene at any size, the same one but for its noise.

    Args:
        drawing: how.
        number: of the scene.
        side: in pixels.

    Returns:
        The picture uint8 (side, side, 3), classes uint8 (side, side), and objects uint8 (side, side), 0 for the ground.
    """
    random = np.random.default_rng([drawing.seed, number])
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    picture = ground(random, rows, columns, drawing.contrast)
    classes, objects = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
    for place in range(1, int(random.integers(drawing.shapes[0], drawing.shapes[1] + 1)) + 1):
        kind = int(random.integers(1, len(CLASSES)))
        radius = random.uniform(*drawing.size)
        middle = random.uniform(0.5 * radius, 1 - 0.5 * radius, 2)
        angle = random.uniform(0, 2 * np.pi)
        down, right = rows - middle[0], columns - middle[1]
        x, y = np.cos(angle) * right + np.sin(angle) * down, np.cos(angle) * down - np.sin(angle) * right
        distance = FORMS[CLASSES[kind]](x / radius, y / radius) * radius
        paint = textured(random, kind, x, y, drawing)
        cover = np.clip(0.5 - distance * side, 0, 1)[..., None]
        picture = picture * (1 - cover) + paint * cover
        inside = distance < 0
        classes[inside], objects[inside] = kind, place
    light = random.normal(0, 0.25, 2)
    picture = picture * (1 + light[0] * (rows - 0.5) + light[1] * (columns - 0.5))[..., None]
    picture = picture + random.normal(0, drawing.noise, picture.shape)
    return np.rint(255 * picture.clip(0, 1)).astype(np.uint8), classes, objects


def ground(random: np.random.Generator, rows: np.ndarray, columns: np.ndarray, contrast: float) -> np.ndarray:
    """A pale colour of any hue with soft waves: (side, side, 3) in 0..1."""
    base = in_hue(random.uniform(0, 1), random.uniform(0.05, 0.35), random.uniform(0.35, 0.85))
    waves = sum(
        np.sin(2 * np.pi * (fx * columns + fy * rows) + phase) / 3
        for fx, fy, phase in zip(*random.uniform(-5, 5, (2, 3)), random.uniform(0, 2 * np.pi, 3), strict=True)
    )
    return base + 0.25 * contrast * np.asarray(waves)[..., None]


def textured(random: np.random.Generator, kind: int, x: np.ndarray, y: np.ndarray, drawing: Drawing) -> np.ndarray:
    """The colours of a shape: a hue near that of its class, and the texture of its class: (side, side, 3)."""
    hue = (kind - 1) / (len(CLASSES) - 1) + random.uniform(-drawing.hues, drawing.hues)
    base = in_hue(hue % 1, random.uniform(0.45, 0.9), random.uniform(0.5, 0.95))
    pattern = TEXTURES[kind - 1](x * random.uniform(14, 24), y * random.uniform(14, 24))
    return base * (1 + drawing.contrast * pattern[..., None])


def in_hue(hue: float, saturation: float, value: float) -> np.ndarray:
    """A colour (3,) in 0..1 from hue, saturation and value in 0..1."""
    wheel = np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    return value * (1 - saturation + saturation * wheel.clip(0, 1))


def _disc(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.hypot(x, y) - 0.9


def _ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.abs(np.hypot(x, y) - 0.72) - 0.24


def _square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(x), np.abs(y)) - 0.78


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    sides = [np.cos(angle) * x + np.sin(angle) * y for angle in np.pi / 2 + 2 * np.pi / 3 * np.arange(3)]
    return np.maximum.reduce(sides) - 0.55


def _cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    bars = [np.maximum(np.abs(a) - 0.95, np.abs(b) - 0.3) for a, b in ((x, y), (y, x))]
    return np.minimum(*bars)


FORMS: Final[dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
}
"""Signed distances from the border of a form of radius 1, negative inside."""

TEXTURES: Final[tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], ...]] = (
    lambda x, _: 0.5 * np.sin(2 * x),
    lambda x, y: 0.5 * np.sin(0.8 * np.hypot(x, y)),
    lambda x, y: 0.5 * np.sign(np.sin(1.4 * x) * np.sin(1.4 * y)),
    lambda x, y: 0.08 * (x + y).clip(-6, 6),
    lambda x, y: 0.8 * (np.cos(2.4 * x) * np.cos(2.4 * y) > 0.3) - 0.4,
)
"""Patterns in -1..1 by class: stripes, rings, checks, a slope, dots."""
