"""What pictures of coloured shapes show, read from their pixels alone, and whether a caption says so.

The reader knows nothing of how the pictures were made: it finds coloured regions, tells their colour by hue, their
shape by laying a circle, a square and a triangle of the same area and centre of mass over them, their size by area, and
relations by the middles of regions. So chosen, it reads pictures of 32 pixels also when they are blurred by one pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

import cv2
import numpy as np

HUES: Final = {"red": 0, "yellow": 54, "green": 130, "blue": 223}
"""In degrees."""
KINDS: Final = ("circle", "square", "triangle")
"""Shapes; squares and triangles stand on a side."""
RADII: Final = {"small": 0.12, "": 0.16, "large": 0.2}
"""As shares of the side; areas are told by them."""
AREAS: Final = {"triangle": 3 * 3**0.5 * 0.55**2, "circle": np.pi * 0.9**2, "square": 4 * 0.78**2}
"""Of shapes of radius 1."""
COLORED: Final = 0.25
"""Difference of the largest and the smallest channel, of 1, from which on a pixel is of a shape."""
LEAST: Final = 0.008
"""Area of a shape at least, as a share of the picture: a third of the smallest one."""


@dataclass(frozen=True)
class Seen:
    """A coloured region.

    Attributes:
        color: of :data:`HUES`.
        kind: of :data:`KINDS`.
        size: of :data:`RADII`.
        x: of its middle, as a share of the width.
        y: likewise, from the top.
    """

    color: str
    kind: str
    size: str
    x: float
    y: float


@dataclass(frozen=True)
class Described:
    """A thing of a caption; attributes as of :class:`Seen`."""

    color: str
    kind: str
    size: str


def described(caption: str) -> tuple[Described, Described, str] | None:
    """Both things of a caption and the relation of the first to the second; None if the caption is no such sentence."""
    words = [word for word in caption.lower().split() if word not in ("a", "an", "the", "of")]
    relation = next((word for word in words if word in ("left", "right", "above", "below")), None)
    if relation is None:
        return None
    place = words.index(relation)
    things = [_thing(part) for part in (words[:place], words[place + 1 :])]
    first, second = things
    return None if first is None or second is None else (first, second, relation)


def _thing(words: Sequence[str]) -> Described | None:
    colors, kinds = ([word for word in words if word in known] for known in (HUES, KINDS))
    sizes = [word for word in words if word in ("small", "large")]
    return Described(colors[0], kinds[0], sizes[0] if sizes else "") if colors and kinds else None


def look(picture: np.ndarray) -> list[Seen]:
    """The shapes in a picture, uint8 (H, W, 3), the largest first."""
    height, width = picture.shape[:2]
    pixels = picture.astype(np.float32) / 255
    chroma = pixels.max(2) - pixels.min(2)
    hue = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)[..., 0]
    off = np.stack([np.abs((hue - degrees + 180) % 360 - 180) for degrees in HUES.values()])
    nearest = off.argmin(0)
    found: list[tuple[float, Seen]] = []
    for number, color in enumerate(HUES):
        mask = ((chroma > COLORED) & (nearest == number)).astype(np.uint8)
        count, labels = cv2.connectedComponents(mask, connectivity=8)
        for label in range(1, count):
            cover = _cover(chroma, labels == label)
            area = float(cover.sum()) / (height * width)
            if area < LEAST:
                continue
            kind = max(KINDS, key=lambda name: overlap(cover, name))
            radius = (area / AREAS[kind]) ** 0.5
            size = min(RADII, key=lambda name: abs(RADII[name] - radius))
            rows, columns = np.nonzero(labels == label)
            middle = (
                float((columns.min() + columns.max() + 1) / 2 / width),
                float((rows.min() + rows.max() + 1) / 2 / height),
            )
            found.append((area, Seen(color, kind, size, *middle)))
    return [seen for _, seen in sorted(found, key=lambda each: -each[0])]


def _cover(chroma: np.ndarray, region: np.ndarray) -> np.ndarray:
    """How far each pixel is covered by a region, 0 to 1, its border included, which is made twice as steep."""
    around = cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    full = np.percentile(chroma[region], 90)
    cover: np.ndarray = np.where(around, (2 * chroma / full - 0.5).clip(0, 1), 0)
    return cover


def overlap(cover: np.ndarray, kind: str) -> float:
    """What a region (H, W) and a shape of the same area and centre of mass have in common, over what either has."""
    area = cover.sum()
    rows, columns = (np.mgrid[: cover.shape[0], : cover.shape[1]] + 0.5) * cover
    shape = template(kind, float(area), float(rows.sum() / area), float(columns.sum() / area), cover.shape)
    return float(np.minimum(shape, cover).sum() / np.maximum(shape, cover).sum())


def template(kind: str, area: float, row: float, column: float, size: tuple[int, ...], fine: int = 4) -> np.ndarray:
    """How far each pixel is covered by a shape with its centre of mass at a place, 0 to 1: ``size`` (H, W)."""
    y, x = np.meshgrid(
        *((np.arange(n * fine) + 0.5) / fine - at for n, at in zip(size, (row, column), strict=True)), indexing="ij"
    )
    if kind == "circle":
        inside = np.hypot(x, y) < (area / np.pi) ** 0.5
    elif kind == "square":
        inside = np.maximum(np.abs(x), np.abs(y)) < area**0.5 / 2
    else:  # equilateral, whose centre of mass is a third of its height above the base
        side = (area * 4 / 3**0.5) ** 0.5
        height = side * 3**0.5 / 2
        inside = (y < height / 3) & (np.abs(x) < (y + height * 2 / 3) / height * side / 2)
    covered: np.ndarray = inside.reshape(size[0], fine, size[1], fine).mean((1, 3))
    return covered


def holds(first: Seen, second: Seen, relation: str) -> bool:
    """Whether the first is left of, right of, above or below the second, and more so than it is aside."""
    right, down = first.x - second.x, first.y - second.y
    along, across = (right, down) if relation in ("left", "right") else (down, right)
    return abs(along) > abs(across) and (along < 0) == (relation in ("left", "above"))


@dataclass(frozen=True)
class Agreement:
    """What of a caption a picture shows, each 0 or 1.

    Attributes:
        color: both things have their colours.
        shape: both have their shapes.
        relation: the first is where the sentence says.
        all: these three, and there is nothing else.
        size: both have their sizes.
        count: there are two things.
    """

    color: float = 0.0
    shape: float = 0.0
    relation: float = 0.0
    all: float = 0.0
    size: float = 0.0
    count: float = 0.0


def agreement(picture: np.ndarray, caption: str) -> Agreement:
    """Compare a picture, uint8 (H, W, 3), with a caption.

    Of the two largest things, that is taken as the first with which more of the caption is right. A picture with
    fewer than two shows nothing of it.

    Raises:
        ValueError: the caption is no sentence of two coloured shapes.
    """
    told = described(caption)
    if told is None:
        raise ValueError(f"{caption!r} does not describe two coloured shapes and their relation")
    first, second, relation = told
    seen = look(picture)
    if len(seen) < 2:
        return Agreement()
    candidates = []
    for one, other in permutations(seen[:2]):
        matched = [(one, first), (other, second)]
        color, shape, size = (
            float(all(getattr(a, name) == getattr(b, name) for a, b in matched)) for name in ("color", "kind", "size")
        )
        right = float(holds(one, other, relation))
        whole = float(len(seen) == 2 and color * shape * right > 0)
        candidates.append(Agreement(color, shape, right, whole, size, float(len(seen) == 2)))
    return max(candidates, key=lambda each: (each.color + each.shape + each.relation, each.size))
