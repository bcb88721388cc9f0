"""Blur: of a moving camera, out of focus, and Gaussian."""

import math
from collections.abc import Mapping
from typing import ClassVar, Final

import cv2
import numpy as np

from impasto.degradations.degradation import Damage, Degradation, Degrade, to_bytes

FINE: Final = 8
"""Parts of a pixel, along each side, over which the edge of a disk is averaged."""
POINTS: Final = 65
"""Places along the path of a moving camera."""


def motion(pixels: np.ndarray, spread: float, random: np.random.Generator) -> np.ndarray:
    """A camera that moves along an arc, from straight to a quarter of a circle, while the shutter is open.

    Args:
        pixels: uint8 (H, W, C).
        spread: standard deviation of the path along its longest direction, in pixels; a straight path is as long as
            3.5 times that.
        random: decides direction and bend.
    """
    return blurred(pixels, random_motion(spread, random))


def random_motion(spread: float, random: np.random.Generator) -> np.ndarray:
    """The kernel of :func:`motion`."""
    return motion_kernel(spread, random.uniform(0, 2 * math.pi), random.uniform(-1, 1) * math.pi / 2)


def defocus(pixels: np.ndarray, spread: float, _random: np.random.Generator) -> np.ndarray:
    """Out of focus: every point becomes a disk.

    Args:
        pixels: uint8 (H, W, C).
        spread: standard deviation of the disk in each direction, in pixels: half its radius.
    """
    return blurred(pixels, disk_kernel(2 * spread))


def gaussian_blur(pixels: np.ndarray, spread: float, _random: np.random.Generator) -> np.ndarray:
    """Gaussian blur of the standard deviation ``spread`` in pixels; at the borders the picture is mirrored."""
    if spread == 0:
        return pixels.copy()
    reach = 2 * math.ceil(4 * spread) + 1
    # As numbers with fractions: OpenCV's own arithmetic of bytes rounds its weights.
    smooth = cv2.GaussianBlur(pixels.astype(np.float32), (reach, reach), spread)
    return to_bytes(np.asarray(smooth)).reshape(pixels.shape)


def blurred(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Weighted means of neighbours; at the borders the picture is mirrored.

    Args:
        pixels: uint8 (H, W, C).
        kernel: float32 (k, k) that sums to 1, k odd.
    """
    return cv2.filter2D(pixels, -1, kernel).reshape(pixels.shape)


def disk_kernel(radius: float) -> np.ndarray:
    """A disk about the middle pixel, its edge averaged over each pixel: float32 (k, k) that sums to 1."""
    reach = math.ceil(radius)
    size = 2 * reach + 1
    places = (np.arange(size * FINE) + 0.5) / FINE - size / 2
    inside = np.hypot(places[:, None], places[None]) <= max(radius, 0.5)
    kernel = inside.reshape(size, FINE, size, FINE).mean((1, 3))
    return (kernel / kernel.sum()).astype(np.float32)


def motion_kernel(spread: float, angle: float, turn: float) -> np.ndarray:
    """Where a moving camera spends its time: float32 (k, k) that sums to 1.

    Args:
        spread: standard deviation along the longest direction, in pixels.
        angle: direction at half time, in radians.
        turn: by how much the direction changes from start to end, in radians; 0 is a straight line.
    """
    directions = angle + turn * np.linspace(-0.5, 0.5, POINTS)
    path = np.stack([np.cumsum(np.sin(directions)), np.cumsum(np.cos(directions))])  # rows, columns
    path -= path.mean(1, keepdims=True)
    path *= spread / math.sqrt(float(np.linalg.eigvalsh(path @ path.T / POINTS)[-1]))
    reach = math.ceil(float(np.abs(path).max())) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    first = np.floor(path).astype(int)
    share = path - first
    for row in (0, 1):
        for column in (0, 1):  # each place among its four neighbouring pixels
            weight = np.abs(1 - row - share[0]) * np.abs(1 - column - share[1])
            np.add.at(kernel, (first[0] + row + reach, first[1] + column + reach), weight)
    return (kernel / kernel.sum()).astype(np.float32)


class Blur(Degradation):
    """Blur, whose strength is the standard deviation of the kernel along its longest direction."""

    known: ClassVar[Mapping[str, Degrade]] = {"motion": motion, "defocus": defocus, "gaussian": gaussian_blur}
    unit: ClassVar[str] = "pixels, standard deviation of the kernel"
    limits: ClassVar[tuple[float, float]] = (0.0, 50.0)

    def kernel(self, damage: Damage, random: np.random.Generator) -> np.ndarray:
        """What a single bright pixel becomes under a damage: float32 (k, k), odd, that sums to 1.

        Args:
            damage: kind and strength.
            random: in the state in which it damages a picture.
        """
        if damage.kind == "gaussian":
            reach = 2 * math.ceil(4 * damage.strength) + 1
            line = cv2.getGaussianKernel(reach, max(damage.strength, 1e-3), cv2.CV_32F)
            return line @ line.T
        kernel = (
            disk_kernel(2 * damage.strength) if damage.kind == "defocus" else random_motion(damage.strength, random)
        )
        return kernel[::-1, ::-1].copy()  # pictures are correlated with it
