"""The embedded example of captions: two coloured shapes, drawn by code, and a sentence that says what there is.

Such as "a red circle left of a small blue square". Pictures of one seed are the same on every machine and for every
count: picture i depends on the seed and i alone.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from impasto.base.errors import UserError
from impasto.data.sources.opening import Pictures
from impasto.data.sources.shapes import FORMS, in_hue
from impasto.data.sources.source import Item, Made, Origin

COLORS: Final = {"red": 0.0, "yellow": 0.15, "green": 0.36, "blue": 0.62}
"""Hues, 0 to 1."""
KINDS: Final = {"circle": "disc", "square": "square", "triangle": "triangle"}
"""The form of each shape."""
SIZES: Final = {"small": 0.12, "": 0.16, "large": 0.2}
"""Radii as shares of the side; one of the middle size is not called anything."""
RELATIONS: Final = {"left of": (0, 1), "right of": (0, -1), "above": (1, 1), "below": (1, -1)}
"""The axis along which the second thing lies, 0 for columns, and on which side of the first: 1 behind it."""
GAP: Final = 0.06
"""Between the shapes, as a share of the side."""
ASIDE: Final = 0.15
"""How far the second lies aside of the first at most, as a share of the side."""
DRAWING_VERSION: Final = 1
"""Raised when the same settings draw something else."""


@dataclass(frozen=True)
class Thing:
    """A shape.

    Attributes:
        color: of :data:`COLORS`.
        kind: of :data:`KINDS`.
        size: of :data:`SIZES`.
    """

    color: str
    kind: str
    size: str

    @property
    def words(self) -> str:
        """Such as "a small red circle"."""
        return " ".join(word for word in ("a", self.size, self.color, self.kind) if word)


@dataclass(frozen=True)
class Scene:
    """What a picture shows.

    Attributes:
        first: what the sentence begins with.
        second: the other thing.
        relation: where the first is, seen from the second, of :data:`RELATIONS`.
    """

    first: Thing
    second: Thing
    relation: str

    @property
    def caption(self) -> str:
        """The sentence."""
        return f"{self.first.words} {self.relation} {self.second.words}"


def scene_of(seed: int, number: int) -> Scene:
    """What picture ``number`` shows; every scene is equally likely."""
    random = np.random.default_rng([seed, number, 0])

    def some(names: Mapping[str, Any]) -> str:
        return list(names)[int(random.integers(len(names)))]

    first, second = (Thing(some(COLORS), some(KINDS), some(SIZES)) for _ in range(2))
    return Scene(first, second, some(RELATIONS))


def draw(scene: Scene, random: np.random.Generator, side: int) -> np.ndarray:
    """A picture of a scene: uint8 (side, side, 3). Places, tints and the grey of the ground are drawn at random."""
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    picture = np.ones((side, side, 3)) * random.uniform(0.75, 0.95)
    radii = [SIZES[thing.size] for thing in (scene.first, scene.second)]
    for thing, radius, (x, y) in zip((scene.first, scene.second), radii, places(scene, radii, random), strict=True):
        color = in_hue((COLORS[thing.color] + random.uniform(-0.02, 0.02)) % 1, *random.uniform(0.75, 0.95, 2))
        distance = FORMS[KINDS[thing.kind]]((columns - x) / radius, (rows - y) / radius) * radius
        cover = np.clip(0.5 - distance * side, 0, 1)[..., None]
        picture = picture * (1 - cover) + color * cover
    return np.rint(255 * picture).astype(np.uint8)


def places(scene: Scene, radii: list[float], random: np.random.Generator) -> list[tuple[float, float]]:
    """Where the middles of both things are, as shares of the side from the left and the top."""
    axis, direction = RELATIONS[scene.relation]
    ahead, behind = (0, 1) if direction == 1 else (1, 0)
    along, across = [0.0, 0.0], [0.0, 0.0]
    apart = random.uniform(sum(radii) + GAP, 1 - sum(radii) * 1.1)
    along[ahead] = random.uniform(radii[ahead] * 1.1, 1 - radii[behind] * 1.1 - apart)
    along[behind] = along[ahead] + apart
    middle = random.uniform(0.2 + ASIDE / 2, 0.8 - ASIDE / 2)
    aside = random.uniform(-ASIDE, ASIDE) / 2
    across[0], across[1] = middle + aside, middle - aside
    pairs = [(along[i], across[i]) for i in range(2)]
    return pairs if axis == 0 else [(y, x) for x, y in pairs]


@dataclass(frozen=True)
class Picture:
    """Draws one picture, see :class:`~impasto.data.sources.source.Made`."""

    seed: int
    number: int
    version: int = DRAWING_VERSION

    def __call__(self, _nothing: np.ndarray, canvas: int) -> np.ndarray:
        """uint8 (canvas, canvas, 3)."""
        return draw(scene_of(self.seed, self.number), np.random.default_rng([self.seed, self.number, 1]), canvas)


@dataclass(frozen=True)
class CaptionedShapes:
    """The pictures.

    Attributes:
        count: of them.
        seed: of all of them.
    """

    count: int
    seed: int
    origin: Origin = field(default="sample", init=False)
    class_names: tuple[str, ...] = field(default=(), init=False)

    @property
    def length(self) -> int:
        """How many there are."""
        return self.count

    def fingerprint(self) -> str:
        """A hash of all settings."""
        return hashlib.sha256(f"{self!r} {DRAWING_VERSION}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures from position ``start`` on."""
        for number in range(start, self.count):
            yield Item(f"{number:06d}", Made(np.zeros((1, 1, 3), np.uint8), Picture(self.seed, number)))

    def captions(self) -> dict[str, str]:
        """The sentence of each picture, by name."""
        return {f"{number:06d}": scene_of(self.seed, number).caption for number in range(self.count)}


def open_captioned_shapes(count: int = 20_000, drawing_seed: int = 0) -> Pictures:
    """Pictures of two shapes with captions.

    Args:
        count: pictures.
        seed: of all of them.

    Raises:
        UserError: a number is out of range.
    """
    if count < 1 or drawing_seed < 0:
        raise UserError(f"data.count={count}, data.drawing_seed={drawing_seed}: give at least 1, and a seed from 0.")
    source = CaptionedShapes(count, drawing_seed)
    return Pictures(f"{count} drawn pairs of shapes", source, captions=source.captions)
