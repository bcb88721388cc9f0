"""Clips of shapes that move evenly and bounce off the borders: motion that is known exactly."""

from dataclasses import dataclass
from typing import Final

import numpy as np

KINDS: Final = ("disc", "square", "triangle")


@dataclass(frozen=True)
class Shape:
    """A shape of one colour.

    Attributes:
        kind: one of :data:`KINDS`.
        radius: in pixels, from the centre to the rim of a disc, to the sides of the others.
        color: (3,) in 0..255.
        start: (2,), the centre (y, x) in frame 0.
        velocity: (2,), pixels that it moves down and to the right from frame to frame.
    """

    kind: str
    radius: float
    color: np.ndarray
    start: np.ndarray
    velocity: np.ndarray

    def centre(self, number: int, size: tuple[int, int]) -> np.ndarray:
        """(y, x) in frame ``number``: the rim never leaves the picture of ``size`` (h, w)."""
        room = np.array(size) - 2 * self.radius
        way = (self.start - self.radius + number * self.velocity) % (2 * room)
        return self.radius + np.minimum(way, 2 * room - way)

    def coverage(self, number: int, size: tuple[int, int]) -> np.ndarray:
        """Share of each pixel that it covers: float32 (h, w), a ramp of one pixel at the rim."""
        y, x = self.centre(number, size)
        down, right = np.arange(size[0])[:, None] + 0.5 - y, np.arange(size[1])[None] + 0.5 - x
        if self.kind == "disc":
            outside = np.hypot(down, right) - self.radius
        elif self.kind == "square":
            outside = np.maximum(abs(down), abs(right)) - self.radius
        else:  # upright, with equal sides, whose inscribed circle has half the radius
            outside = np.maximum(down, 0.75**0.5 * abs(right) - down / 2) - self.radius / 2
        return np.clip(0.5 - outside, 0, 1).astype(np.float32)


class MovingShapes:
    """One clip: every frame is a function of the seed and its number alone.

    Args:
        seed: one number or several.
        size: (h, w) of the frames.
        shapes: how many; later ones are in front.
        fastest: pixels that a shape moves from frame to frame at most; at least a quarter of that.
    """

    def __init__(
        self, seed: int | tuple[int, ...], size: tuple[int, int], shapes: int = 3, fastest: float = 3.0
    ) -> None:
        random = np.random.default_rng(seed)
        self.size = size
        self.ground = random.uniform(40, 215, (2, 3))
        side = min(size)
        self.shapes = []
        for _ in range(shapes):
            kind, radius = KINDS[random.integers(len(KINDS))], side * random.uniform(0.1, 0.2)
            angle, speed = random.uniform(0, 2 * np.pi), fastest * random.uniform(0.25, 1)
            start = radius + random.random(2) * (np.array(size) - 2 * radius)
            velocity = speed * np.array([np.sin(angle), np.cos(angle)])
            self.shapes.append(Shape(kind, radius, random.uniform(0, 255, 3), start, velocity))

    def frame(self, number: int) -> np.ndarray:
        """Frame ``number``, counted from 0: uint8 (h, w, 3)."""
        down = np.linspace(0, 1, self.size[0])[:, None, None]
        pixels = np.broadcast_to(self.ground[0] * (1 - down) + self.ground[1] * down, (*self.size, 3))
        for shape in self.shapes:
            share = shape.coverage(number, self.size)[..., None]
            pixels = pixels * (1 - share) + shape.color * share
        return np.rint(pixels).astype(np.uint8)
