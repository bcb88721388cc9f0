"""Noise: Gaussian, of counted photons, and of a sensor behind a Bayer mosaic."""

from collections.abc import Mapping
from typing import ClassVar, Final

import cv2
import numpy as np

from impasto.degradations.degradation import Degradation, Degrade, to_bytes
from impasto.degradations.light import MID_GREY, SLOPE, decoded, from_linear, to_linear


def gaussian(pixels: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Independent normal noise in every sample, rounded and clipped to 8 bits as a file holds it.

    Args:
        pixels: uint8 (H, W, C).
        sigma: standard deviation, in levels of 255.
        random: source of the noise.
    """
    noise = random.standard_normal(pixels.shape, np.float32)
    noise *= sigma
    noise += pixels
    return to_bytes(noise)


def poisson(pixels: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Counts of photons: a sample x of 255 becomes a Poisson number whose variance is in proportion to x.

    Args:
        pixels: uint8 (H, W, C).
        sigma: standard deviation at mid-grey, in levels of 255.
        random: source of the counts.
    """
    if sigma == 0:
        return pixels.copy()
    photons = photons_at_white(sigma)
    expected = (np.arange(256) * (photons / 255))[pixels]
    return to_bytes(random.poisson(expected) * (255 / photons))


def photons_at_white(sigma: float) -> float:
    """So many that their noise has the standard deviation ``sigma``, in levels of 255, at mid-grey."""
    # N photons at white give x N at x, with standard deviation sqrt(x N), which is sqrt(x / N) of white.
    return MID_GREY * (255 / sigma) ** 2


def sensor(pixels: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """As a camera makes it: shot and read noise in linear light, at the sites of a Bayer mosaic, then interpolated.

    The variance is a x + b at linear light x (Foi et al. 2008); the share of shot noise, a x, at mid-grey is drawn from
    0.9 to 1, which covers the cameras that Brooks et al. (2019, section 3.1) fit. Noise alone passes through the
    mosaic, since bilinear interpolation is linear: the picture loses no detail, and its noise becomes coloured blotches
    two pixels wide. Samples are steeper in dark parts, where noise is stronger. Grey pictures have no mosaic.

    Args:
        pixels: uint8 (H, W, 1 or 3).
        sigma: standard deviation at mid-grey of what a site of the mosaic counts, in levels of 255.
        random: source of everything else.
    """
    light = to_linear(pixels)
    middle = float(decoded(np.array(MID_GREY)))
    variance = (sigma / 255 / SLOPE) ** 2  # at mid-grey, in linear light
    shot = random.uniform(0.9, 1.0)
    deviation = np.sqrt(variance * (shot / middle * light + (1 - shot)))
    if pixels.shape[2] == 1:
        return from_linear(light + deviation * random.standard_normal(light.shape, np.float32))
    noise = deviation * random.standard_normal((*light.shape[:2], 1), np.float32)  # one number a site
    return from_linear(light + demosaiced(noise, *random.integers(0, 2, 2)))


_CROSS: Final = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.float32) / 4
_SQUARE: Final = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 4


def demosaiced(colors: np.ndarray, top: int, left: int) -> np.ndarray:
    """Values that a Bayer mosaic picks from each pixel's colours, interpolated bilinearly: float32 (H, W, 3).

    Args:
        colors: float32 (H, W, 3), left as they are.
        top: 0 or 1, the first row with red sites.
        left: 0 or 1, their first column.
    """
    result = np.empty_like(colors)
    for channel, sites in enumerate(([(top, left)], [(top, 1 - left), (1 - top, left)], [(1 - top, 1 - left)])):
        picked = np.zeros(colors.shape[:2], np.float32)
        for row, column in sites:
            picked[row::2, column::2] = colors[row::2, column::2, channel]
        # Reflection about the outermost pixels keeps the places of sites.
        result[..., channel] = cv2.filter2D(picked, -1, _CROSS if len(sites) == 2 else _SQUARE)
    return result


class Noise(Degradation):
    """Noise, whose strength is its standard deviation at mid-grey."""

    known: ClassVar[Mapping[str, Degrade]] = {"gaussian": gaussian, "poisson": poisson, "sensor": sensor}
    unit: ClassVar[str] = "levels of 255, standard deviation at mid-grey"
    limits: ClassVar[tuple[float, float]] = (0.0, 255.0)
