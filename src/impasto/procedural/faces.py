"""Faces drawn by code from parameters, so that what was asked for, and what an edit changed, can be measured."""

import colorsys
from collections.abc import Mapping
from typing import Final

import numpy as np

FACES_VERSION: Final = 1
"""Raised when the same parameters draw something else."""
PARAMETERS: Final = (
    "smile",
    "open_mouth",
    "eyes",
    "brows",
    "hair_length",
    "hair_light",
    "skin_light",
    "wide",
    "glasses",
    "turn",
)
"""Each from -1 to 1: corners of the mouth down or up, mouth shut or open, eyes small or large, brows low or high, hair
short or long, dark or light, skin dark or light, face narrow or wide, without or with glasses (above 0), looking left
or right."""
LANDMARKS: Final = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
"""Points whose places are known, as CelebA has them; left is left in the picture."""


def parameters_of(seed: int, number: int) -> dict[str, float]:
    """The parameters of face ``number`` of a seed: each uniform in -1..1, and glasses -1 or 1."""
    values = np.random.default_rng([seed, number, 0]).uniform(-1, 1, len(PARAMETERS))
    found = dict(zip(PARAMETERS, map(float, values), strict=True))
    return {**found, "glasses": 1.0 if found["glasses"] > 0 else -1.0}


def landmarks_of(p: Mapping[str, float]) -> np.ndarray:
    """Where the points of :data:`LANDMARKS` are: (5, 2), x and y as shares of the side."""
    x, turn = 0.5, 0.05 * p["turn"]
    corner = 0.72 - 0.035 * p["smile"]
    return np.array(
        [
            [x - 0.13 + turn, 0.47],
            [x + 0.13 + turn, 0.47],
            [x + 1.4 * turn, 0.59],
            [x - 0.1 + turn, corner],
            [x + 0.1 + turn, corner],
        ]
    )


def draw_face(p: Mapping[str, float], random: np.random.Generator, side: int) -> np.ndarray:
    """A face: uint8 (side, side, 3). The ground, the colour of eyes and clothes, and light are drawn at random.

    Args:
        p: of :data:`PARAMETERS`.
        random: of what no parameter tells.
        side: in pixels.
    """
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    points = landmarks_of(p)
    turn = 0.05 * p["turn"]
    canvas = np.ones((side, side, 3)) * random.uniform(0.45, 0.9, 3) * (1.05 - 0.2 * rows)[..., None]
    light = 1 + random.uniform(-0.15, 0.15) * (columns - 0.5)[..., None] * 2
    skin = np.array(colorsys.hsv_to_rgb(0.07, 0.48 - 0.12 * p["skin_light"], 0.68 + 0.24 * p["skin_light"]))
    hair = np.array(colorsys.hsv_to_rgb(0.09, 0.6, 0.4 + 0.34 * p["hair_light"]))
    cloth, iris = random.uniform(0.15, 0.8, 3), np.array(colorsys.hsv_to_rgb(random.uniform(0.08, 0.6), 0.6, 0.5))

    def cover(distance: np.ndarray, color: np.ndarray) -> None:
        """Paint where a distance, as a share of the side, is negative, with a border of a pixel."""
        share = np.clip(0.5 - distance * side, 0, 1)[..., None]
        canvas[:] = canvas * (1 - share) + color * share

    def oval(x: float, y: float, wide: float, high: float) -> np.ndarray:
        return (np.hypot((columns - x) / wide, (rows - y) / high) - 1) * min(wide, high)

    wide = 0.225 + 0.035 * p["wide"]
    long = 0.62 + 0.2 * p["hair_length"]
    cover(np.maximum(oval(0.5 + turn / 2, 0.45, wide + 0.08, 0.36), rows - long), hair * 0.8)
    sides = np.maximum(np.abs(columns - 0.5) - wide - 0.07, np.abs(rows - (0.42 + long) / 2) - (long - 0.42) / 2)
    cover(sides, hair * 0.8)
    cover(oval(0.5, 1.08, 0.36, 0.24), cloth)
    cover(np.maximum(np.abs(columns - 0.5) - 0.09, np.abs(rows - 0.8) - 0.1), skin * 0.85)
    cover(oval(0.5 + turn / 3, 0.54, wide, 0.3), skin)
    cover(np.maximum(oval(0.5 + turn / 3, 0.5, wide + 0.02, 0.29), rows - 0.34 - 0.1 * np.abs(columns - 0.45)), hair)
    size = 0.037 + 0.011 * p["eyes"]
    for x, y in points[:2]:
        cover(oval(x, y, 1.4 * size, size), np.array([0.97, 0.97, 0.95]))
        cover(oval(x + 0.3 * turn, y, 0.8 * size, 0.8 * size), iris)
        cover(oval(x + 0.3 * turn, y, 0.4 * size, 0.4 * size), np.array([0.05, 0.05, 0.08]))
        brow = y - 0.075 - 0.022 * p["brows"] + 0.35 * (columns - x) ** 2 / 0.06
        cover(np.maximum(np.abs(rows - brow) - 0.011, np.abs(columns - x) - 0.065), hair * 0.6)
    cover(oval(*points[2], 0.028, 0.022), skin * 0.8)  # type: ignore[call-arg]
    across = (columns - 0.5 - turn) / 0.1
    middle = 0.72 + 0.035 * p["smile"]
    mouth = middle + (points[3, 1] - middle) * across**2
    gap = 0.012 + 0.022 * (p["open_mouth"] + 1) / 2 * np.clip(1 - across**2, 0, 1)
    cover(np.maximum(np.abs(rows - mouth) - gap - 0.008, (np.abs(across) - 1) * 0.1), np.array([0.66, 0.22, 0.24]))
    if p["open_mouth"] > -0.6:
        cover(np.maximum(np.abs(rows - mouth) - gap + 0.01, (np.abs(across) - 0.85) * 0.1), np.array([0.3, 0.05, 0.08]))
    if p["glasses"] > 0:
        for x, y in points[:2]:
            cover(np.abs(oval(x, y, 0.085, 0.075)) - 0.01, np.array([0.1, 0.1, 0.12]))
        cover(np.maximum(np.abs(rows - 0.46) - 0.01, np.abs(columns - 0.5 - turn) - 0.045), np.array([0.1, 0.1, 0.12]))
    noise = random.normal(0, 0.012, canvas.shape)
    return np.rint(255 * np.clip(canvas * light + noise, 0, 1)).astype(np.uint8)
