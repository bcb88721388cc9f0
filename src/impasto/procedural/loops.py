"""Fire and water that move without end: sprites with opacity, whose last frame goes over into the first."""

from typing import Final

import cv2
import numpy as np

EFFECTS: Final = ("fire", "water")
FLAME: Final = np.array([[60, 10, 20], [190, 40, 20], [250, 130, 20], [255, 220, 90], [255, 250, 220]], np.float32)
SEA: Final = np.array([[18, 60, 120], [30, 100, 170], [60, 150, 210], [150, 215, 240], [240, 250, 255]], np.float32)


def periodic_noise(random: np.random.Generator, frames: int, side: int, cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise that repeats in time and along columns: float32 (frames, side, side) in about [0, 1].

    Args:
        random: of its values.
        frames: of a period.
        side: pixels of the frames' sides.
        cells: values in time, and along each side.
    """
    coarse = random.random((cells[0], cells[1], cells[1])).astype(np.float32)
    wrapped = np.pad(coarse, ((0, 0), (1, 1), (1, 1)), "wrap")
    wide = np.stack(
        [
            cv2.resize(each, None, fx=side / cells[1], fy=side / cells[1], interpolation=cv2.INTER_CUBIC)
            for each in wrapped
        ]
    )
    margin = round(side / cells[1])
    space = wide[:, margin : margin + side, margin : margin + side]
    at = np.arange(frames) * cells[0] / frames
    before, share = at.astype(int), (at % 1)[:, None, None]
    eased = share * share * (3 - 2 * share)
    return (space[before % cells[0]] * (1 - eased) + space[(before + 1) % cells[0]] * eased).astype(np.float32)


def draw_loop(effect: str, seed: tuple[int, ...], frames: int, side: int) -> np.ndarray:
    """A clip that loops: uint8 (frames, side, side, 4), colours multiplied by opacity.

    Args:
        effect: of :data:`EFFECTS`.
        seed: of its noise and strength.
        frames: of the loop.
        side: pixels of the frames' sides.
    """
    random = np.random.default_rng(seed)
    noise = 0.65 * periodic_noise(random, frames, side, (4, 4)) + 0.35 * periodic_noise(random, frames, side, (8, 8))
    down = np.linspace(0, 1, side, dtype=np.float32)[:, None]
    strength = random.uniform(0.85, 1.15)
    if effect == "fire":
        # What burns rises: in a loop every row has moved up once around the noise, which repeats.
        risen = np.stack([np.roll(each, -number * side // frames, 0) for number, each in enumerate(noise)])
        across = np.abs(np.linspace(-1, 1, side, dtype=np.float32))[None]
        heat = strength * (0.35 + 1.3 * risen) * (1.25 * down - 0.15) - 1.1 * across**2 * (1.4 - down)
        return _colored(heat, heat - 0.12, FLAME)
    level = 0.35 + 0.12 * random.random()
    phase = (
        2
        * np.pi
        * (np.arange(side)[None, None] / side * random.integers(1, 3) + np.arange(frames)[:, None, None] / frames)
    )
    surface = level + 0.05 * strength * np.sin(phase + random.uniform(0, 6.3))
    depth = down[None] - surface
    foam = np.exp(-((depth / 0.06) ** 2))
    shine = 0.25 + 0.45 * noise - 0.35 * depth
    return _colored(np.maximum(shine, foam), depth + 0.04, SEA)


def _colored(values: np.ndarray, inside: np.ndarray, ramp: np.ndarray) -> np.ndarray:
    """Values as colours of a ramp, opaque where ``inside`` is positive."""
    steps = np.clip(values, 0, 1) * (len(ramp) - 1)
    opaque = (inside > 0)[..., None]
    colors = ramp[np.rint(steps).astype(int)] * opaque
    return np.concatenate([colors, 255 * opaque], -1).astype(np.uint8)
