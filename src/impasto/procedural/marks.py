"""Marks: what a stroke leaves on the canvas, pixel by pixel: bristles, gaps, streaks of colour, height."""

from dataclasses import dataclass

import cv2
import numpy as np

from impasto.procedural.strokes import Strokes, polygons

SCALE = 2
"""Pixels of a canvas per pixel of the picture, on a side; marks are averaged down at the end."""
TABLE = 128
"""Side of the table of bristles."""


@dataclass
class Canvas:
    """What is being painted, at :data:`SCALE` times the picture's size.

    Attributes:
        colour: float32 (h, w, 3) in [0, 1].
        height: float32 (h, w), of the paint.
        grain: float32 (h, w) in [0, 1], of paper or canvas.
    """

    colour: np.ndarray
    height: np.ndarray
    grain: np.ndarray

    def down(self, h: int, w: int) -> np.ndarray:
        """The picture: float32 (H, W, 3)."""
        return cv2.resize(self.colour, (w, h), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class Mark:
    """How a tool marks.

    Attributes:
        opacity: in [0, 1].
        taper: of the ends.
        streaks: strength of streaks of colour along a stroke.
        dry: how far bristles leave gaps towards the end.
        grain: how far the grain of the ground breaks a stroke.
        bristles: streaks across a stroke.
        body: height that a stroke adds.
    """

    opacity: float = 1.0
    taper: float = 0.3
    streaks: float = 0.0
    dry: float = 0.0
    grain: float = 0.0
    bristles: float = 8.0
    body: float = 1.0


def bristle_table(rng: np.random.Generator) -> np.ndarray:
    """Noise that is long along its second axis, in [0, 1], and wraps around: float32 (TABLE, TABLE)."""
    noise = rng.normal(0, 1, (TABLE, TABLE)).astype(np.float32)
    tiled = np.tile(noise, (3, 3))
    smooth = cv2.GaussianBlur(tiled, (0, 0), sigmaX=14, sigmaY=0.8)[TABLE : 2 * TABLE, TABLE : 2 * TABLE]
    ranks = smooth.ravel().argsort().argsort()
    return (ranks / (TABLE * TABLE)).astype(np.float32).reshape(TABLE, TABLE)


def terms_of(strokes: Strokes, rng: np.random.Generator) -> np.ndarray:
    """What the pixels of each stroke need: float32 (N, 11).

    Factors of x and y and a constant, which give the place along the stroke from -1 to 1; the same across it; the sag
    in half widths; length over width; a place in the table of bristles, the end that is dry, and the pressure.
    """
    n = len(strokes)
    c, s = np.cos(strokes.angle), np.sin(strokes.angle)
    fx, fy = c / strokes.length * 2, s / strokes.length * 2
    gx, gy = -s / strokes.width * 2, c / strokes.width * 2
    x0, y0 = strokes.centre[:, 0], strokes.centre[:, 1]
    return np.stack(
        [fx / SCALE, fy / SCALE, -(fx * x0 + fy * y0), gx / SCALE, gy / SCALE, -(gx * x0 + gy * y0),
         strokes.sag / strokes.width * 2, strokes.length / strokes.width, rng.uniform(0, TABLE, n),
         rng.choice([-1.0, 1.0], n), rng.uniform(0.7, 1.3, n)], 1
    ).astype(np.float32)  # fmt: skip


def lay(canvas: Canvas, strokes: Strokes, mark: Mark, table: np.ndarray, rng: np.random.Generator) -> None:
    """Lay strokes, in their order, onto the canvas, in place.

    Where several overlap, the last is seen; where it leaves gaps, what was on the canvas before.
    """
    if not len(strokes):
        return
    h, w = canvas.height.shape
    numbers = np.zeros((h, w), np.int32)
    for number, outline in enumerate(polygons(strokes, mark.taper, SCALE), 1):
        cv2.fillPoly(numbers, [outline], number, cv2.LINE_8, 4)
    pixels = np.flatnonzero(numbers)
    which = numbers.ravel()[pixels] - 1
    y, x = np.divmod(pixels, w)
    x, y = (x + 0.5).astype(np.float32), (y + 0.5).astype(np.float32)
    own = terms_of(strokes, rng)[which]
    u = x * own[:, 0] + y * own[:, 1] + own[:, 2]
    v = x * own[:, 3] + y * own[:, 4] + own[:, 5] - own[:, 6] * (1 - u * u)
    row = (v * (mark.bristles / 2) + own[:, 8]).astype(np.int32) & (TABLE - 1)
    column = (u * own[:, 7] * 6 + own[:, 8] * 3).astype(np.int32) & (TABLE - 1)
    bristle = table[row, column]
    colour = strokes.colour[which]
    if mark.streaks:
        colour = colour + (mark.streaks * (bristle - 0.5))[:, None]
    alpha = np.full(len(pixels), mark.opacity, np.float32)
    if mark.dry:
        along = u * own[:, 9]
        need = mark.dry * (0.45 + 0.55 * along) * own[:, 10]
        alpha *= np.clip((bristle - need) * 5 + 0.5, 0, 1)
    if mark.grain:  # pits stay bare where the stick is not pressed
        need = mark.grain * (0.3 + 0.35 * np.abs(v)) * (2 * own[:, 10] - 1)
        alpha *= np.clip((canvas.grain.ravel()[pixels] - need) * 2.2 + 0.6, 0.08, 1)
    flat = canvas.colour.reshape(-1, 3)
    below = flat[pixels]
    flat[pixels] = below + alpha[:, None] * (colour - below)
    if mark.body:
        # Paint is pushed to the sides and to the end of a stroke.
        ridge = 0.45 + 0.35 * v * v + 0.2 * np.clip(u * own[:, 9], 0, 1) + 0.7 * (bristle - 0.5)
        heights = canvas.height.ravel()
        heights[pixels] += alpha * (mark.body * own[:, 10] * ridge - 0.75 * heights[pixels])
