"""Clips of one figure that moves evenly and bounces off the borders, grey on black: shapes, or digits of MNIST."""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from impasto.procedural.moving_shapes import KINDS, Shape

Figures = Literal["shapes", "digits"]
SPEEDS: Final = (0.5, 2.0)
"""Pixels from frame to frame, at 32 pixels a side: the slowest and the fastest."""
RADII: Final = {"disc": 0.17, "square": 0.14, "triangle": 0.2}
"""Of shapes, as shares of the side; their areas are much alike."""


@dataclass(frozen=True)
class MovingFigure:
    """One clip: every frame is a function of the seed and its number alone.

    Attributes:
        seed: of place, direction, speed and brightness.
        kind: of :data:`~impasto.procedural.moving_shapes.KINDS`, or ``digit``.
        side: pixels of the frames' sides.
        digit: uint8 (h, w), the picture that moves, of kind ``digit``.
    """

    seed: tuple[int, ...]
    kind: str
    side: int
    digit: np.ndarray | None = None

    @property
    def shape(self) -> Shape:
        """How it moves: a disc as large as the figure."""
        random = np.random.default_rng(self.seed)
        radius = self.side * RADII.get(self.kind, 0.3)
        angle, speed = random.uniform(0, 2 * np.pi), random.uniform(*SPEEDS) * self.side / 32
        start = radius + random.random(2) * (self.side - 2 * radius)
        bright = np.full(3, random.uniform(170, 255))
        return Shape(self.kind, radius, bright, start, speed * np.array([np.sin(angle), np.cos(angle)]))

    def frame(self, number: int) -> np.ndarray:
        """Frame ``number``, counted from 0: uint8 (side, side, 1)."""
        shape, size = self.shape, (self.side, self.side)
        if self.digit is None:
            share = shape.coverage(number, size)
        else:
            scale = 2 * shape.radius / max(self.digit.shape)
            y, x = shape.centre(number, size) - scale * np.array(self.digit.shape) / 2
            moved = np.array([[scale, 0, x], [0, scale, y]], np.float32)
            share = cv2.warpAffine(self.digit, moved, size, flags=cv2.INTER_LINEAR).astype(np.float32) / 255
        return np.rint(share * shape.color[0]).astype(np.uint8)[..., None]


def kinds_of(figures: Figures) -> tuple[str, ...]:
    """The classes of clips."""
    return KINDS if figures == "shapes" else tuple(map(str, range(10)))
