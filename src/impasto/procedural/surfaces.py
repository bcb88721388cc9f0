"""Surfaces: the grain of paper and canvas, and light on the height of paint."""

import cv2
import numpy as np


def paper(h: int, w: int, size: float, rng: np.random.Generator) -> np.ndarray:
    """Grain of paper, evenly distributed over [0, 1]: float32 (H, W).

    Args:
        h: height in pixels.
        w: width in pixels.
        size: of the grain in pixels.
        rng: of the hand.
    """
    side = 512
    noise = rng.normal(0, 1, (side, side)).astype(np.float32)
    grain = cv2.GaussianBlur(noise, (0, 0), max(0.4, size * 0.45))
    grain = unit_deviation(grain) + 0.25 * unit_deviation(cv2.GaussianBlur(noise, (0, 0), size * 3))
    # The logistic function is near the distribution function of the normal one: an even spread.
    even = 1 / (1 + np.exp(-1.6 * grain))
    times = (-(-h // side), -(-w // side))
    doubled = np.block([[even, even[:, ::-1]], [even[::-1], even[::-1, ::-1]]])
    return np.tile(doubled, times)[:h, :w].astype(np.float32)


def unit_deviation(noise: np.ndarray) -> np.ndarray:
    """Noise scaled to a deviation of 1."""
    return noise / noise.std()


def weave(h: int, w: int, pitch: float) -> np.ndarray:
    """Height of a plain weave in [-1, 1]: float32 (H, W)."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) * np.float32(np.pi / max(pitch, 1.0))
    over = np.sin(x) * np.sin(y) > 0
    return np.where(over, np.abs(np.sin(x)), np.abs(np.sin(y))).astype(np.float32) * 2 - 1


def lit(colour: np.ndarray, height: np.ndarray, strength: float, light: float) -> np.ndarray:
    """Colours under a light from the side: (H, W, 3).

    Args:
        colour: (H, W, 3) in [0, 1].
        height: (H, W).
        strength: of light and shadow.
        light: direction in radians that the light comes from.
    """
    smooth = cv2.GaussianBlur(height, (0, 0), 0.8)
    slope = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) * np.cos(light) + cv2.Sobel(smooth, cv2.CV_32F, 0, 1) * np.sin(light)
    shade = np.tanh(slope * 0.7)[..., None] * np.float32(strength)
    # Light adds white, shadow takes a share of the colour.
    return np.where(shade > 0, colour + shade * 0.35 * (1 - 0.5 * colour), colour * (1 + 0.45 * shade))


def clouds(h: int, w: int, size: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise of deviation 1, about: float32 (H, W).

    Args:
        h: height in pixels.
        w: width in pixels.
        size: of its features in pixels.
        rng: draws it.
    """
    out = np.zeros((h, w), np.float32)
    for octave, share in ((1.0, 0.8), (0.45, 0.45)):
        step = max(1.0, size * octave)
        coarse = rng.normal(0, 1, (int(h / step) + 3, int(w / step) + 3)).astype(np.float32)
        out += np.float32(share * 1.5) * cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC)
    return out
