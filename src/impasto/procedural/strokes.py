"""Strokes as arrays: where they are set, how they run along a field of directions, and their outlines."""

from dataclasses import dataclass, fields

import numpy as np

CORNERS = 6
"""Of a stroke's outline, on each side."""


@dataclass(frozen=True)
class Strokes:
    """Curved strokes in picture coordinates: arcs of parabolas.

    Attributes:
        centre: (N, 2), x and y in pixels, the middle of the chord.
        angle: (N,), of the chord in radians.
        length: (N,), of the chord in pixels.
        width: (N,), in the middle, in pixels.
        sag: (N,), how far the middle lies off the chord, in pixels.
        colour: (N, 3), in [0, 1].
    """

    centre: np.ndarray
    angle: np.ndarray
    length: np.ndarray
    width: np.ndarray
    sag: np.ndarray
    colour: np.ndarray

    def __len__(self) -> int:
        return len(self.angle)

    def taken(self, which: np.ndarray) -> "Strokes":
        """Those of a mask or a list of numbers, in its order."""
        return Strokes(*(getattr(self, field.name)[which] for field in fields(self)))


def at(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of (H, W, ...) at the pixels nearest to points (N, 2), clipped to the picture."""
    h, w = field.shape[:2]
    x = np.clip(points[:, 0].astype(np.int32), 0, w - 1)
    y = np.clip(points[:, 1].astype(np.int32), 0, h - 1)
    return field[y, x]


def jittered_grid(h: int, w: int, area: float, rng: np.random.Generator) -> np.ndarray:
    """Places, one per ``area`` square pixels, evenly but irregularly, in random order: (N, 2)."""
    step = max(1.0, float(np.sqrt(area)))
    y, x = np.mgrid[-step / 2 : h + step / 2 : step, -step / 2 : w + step / 2 : step]
    points = np.stack([x.ravel(), y.ravel()], 1) + rng.uniform(0, step, (x.size, 2))
    return rng.permutation(points).astype(np.float32)


def traced(
    places: np.ndarray,
    angles: np.ndarray,
    picture: np.ndarray,
    *,
    length: np.ndarray,
    width: np.ndarray,
    turn: np.ndarray,
    stop: float = 2.0,
    colour: np.ndarray | None = None,
) -> Strokes:
    """Run strokes from their places both ways along a field of directions.

    Args:
        places: (N, 2), where they start.
        angles: (H, W), the field in radians.
        picture: (H, W, 3), whose colour they take where they start.
        length: (N,), in pixels, as far as they run if nothing stops them.
        width: (N,), in pixels.
        turn: (N,), radians added to the field.
        stop: a stroke ends where the picture's colour is so far from that of its start (Litwinowicz 1997).
        colour: (N, 3) instead of the picture's.
    """
    start = at(picture, places)
    steps = 4
    ends = []
    for sign in (1, -1):
        point, last = places.copy(), at(angles, places) + turn
        running = np.ones(len(places), bool)
        for _ in range(steps):
            heading = at(angles, point) + turn
            # A direction has no sign: keep to the side that turns less.
            heading = heading + np.pi * np.round((last - heading) / np.pi)
            step = sign * length / 2 / steps
            ahead = point + np.stack([np.cos(heading), np.sin(heading)], 1) * step[:, None]
            if stop < 2:
                running &= np.abs(at(picture, ahead) - start).sum(1) < stop
            point = np.where(running[:, None], ahead, point)
            last = heading
        ends.append(point)
    chord = ends[0] - ends[1]
    span = np.hypot(chord[:, 0], chord[:, 1])
    angle = np.where(span > 1e-3, np.arctan2(chord[:, 1], chord[:, 0]), at(angles, places) + turn)
    middle = (ends[0] + ends[1]) / 2
    off = places - middle
    sag = -np.sin(angle) * off[:, 0] + np.cos(angle) * off[:, 1]
    span = np.maximum(span, width)
    sag = np.clip(np.where(np.abs(span - length) < length * 0.9, sag, 0), -span * 0.45, span * 0.45)
    values = (middle, angle, span, width, sag, start if colour is None else colour)
    return Strokes(*(value.astype(np.float32) for value in values))


def polygons(strokes: Strokes, taper: float, scale: float) -> np.ndarray:
    """Outlines in 16ths of a pixel for OpenCV: int32 (N, 2 * CORNERS, 2).

    Args:
        strokes: to draw.
        taper: 0 for round blunt ends, 1 for pointed ones.
        scale: of the drawing over the picture.
    """
    u = np.sin(np.linspace(-np.pi / 2, np.pi / 2, CORNERS)).astype(np.float32)  # denser at the ends
    round_end = (1 - np.abs(u) ** 6) ** 0.5
    profile = (1 - taper) * np.maximum(round_end, 0.55) + taper * np.sqrt(1 - u * u)
    along = u[None] * (strokes.length / 2)[:, None]
    bow = strokes.sag[:, None] * (1 - u[None] ** 2)
    half = profile[None] * (strokes.width / 2)[:, None]
    x = np.concatenate([along, along[:, ::-1]], 1)
    y = np.concatenate([bow - half, (bow + half)[:, ::-1]], 1)
    c, s = np.cos(strokes.angle)[:, None], np.sin(strokes.angle)[:, None]
    px = strokes.centre[:, :1] + x * c - y * s
    py = strokes.centre[:, 1:] + x * s + y * c
    return np.round((np.stack([px, py], -1) * scale - 0.5) * 16).astype(np.int32)
