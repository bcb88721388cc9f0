"""Computed tomography of ellipses: exact projections, photons that are counted, and filtered backprojection.

The projections are line integrals in closed form, not sums over pixels, so that what is reconstructed was never drawn
on the grid of the picture. The geometry is of parallel rays (Kak and Slaney 1988, Principles of Computerized
Tomographic Imaging, chapter 3). The field of view is the square [-1, 1] x [-1, 1], x to the right and y down.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import sparse

WATER: Final = 0.0192
"""Attenuation of water at 70 keV, per millimetre (NIST XCOM)."""


@dataclass(frozen=True)
class Geometry:
    """Parallel rays around a square field of view.

    Attributes:
        side: of reconstructed pictures, in pixels.
        field: side of the field of view in millimetres.
        angles: views over half a turn.
        rays: of a view, over 2.4 times half the field of view.
    """

    side: int
    field: float = 350.0
    angles: int = 180
    rays: int = 192

    @property
    def pitch(self) -> float:
        """From ray to ray, where the field of view has a side of 2."""
        return 2.4 / self.rays

    @property
    def places(self) -> np.ndarray:
        """Of the rays, (rays,)."""
        return (np.arange(self.rays) - (self.rays - 1) / 2) * self.pitch

    @property
    def turns(self) -> np.ndarray:
        """Of the views in radians, (angles,)."""
        return np.arange(self.angles) * np.pi / self.angles


def projections(ellipses: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Line integrals through ellipses whose values add up (Kak and Slaney 1988, equations 3.6 and 3.7).

    A ray is as wide as the pitch: it is the mean of two lines.

    Args:
        ellipses: (n, 6): x and y of the centre, half axes a and b, the angle from x to a in radians, and the value.
        geometry: of the rays.

    Returns:
        (angles, rays), values times lengths, where the field of view has a side of 2.
    """
    theta = geometry.turns[:, None, None]
    lines = (geometry.places + np.array([[-0.25], [0.25]]) * geometry.pitch)[None].astype(np.float32)
    found = np.zeros((geometry.angles, 2, geometry.rays), np.float32)
    for x, y, a, b, phi, value in ellipses:
        wide = ((a * np.cos(theta - phi)) ** 2 + (b * np.sin(theta - phi)) ** 2).astype(np.float32)
        away = lines - (x * np.cos(theta) + y * np.sin(theta)).astype(np.float32)
        chord = np.sqrt(np.maximum(wide - away * away, 0))
        found += chord * (np.float32(value * 2 * a * b) / wide)
    return found.mean(1).astype(np.float64)


def counted(sinogram: np.ndarray, photons: float, geometry: Geometry, random: np.random.Generator) -> np.ndarray:
    """What a detector makes of line integrals: photons are counted, and the logarithm taken (Beer and Lambert).

    Args:
        sinogram: line integrals of values relative to water, as :func:`projections` gives them.
        photons: that each ray starts with, on average.
        geometry: of the rays.
        random: draws the numbers of photons, which are Poisson distributed.

    Returns:
        Line integrals with noise, of the same shape.
    """
    depth = WATER * geometry.field / 2  # of water over half the field of view
    found = random.poisson(photons * np.exp(-depth * sinogram))
    return np.log(photons / np.maximum(found, 1)) / depth


def reconstruct(sinograms: np.ndarray, geometry: Geometry, soft: float = 0.0) -> np.ndarray:
    """Filtered backprojection (Kak and Slaney 1988, equations 3.61 and 3.70).

    Args:
        sinograms: (n, angles, rays) line integrals.
        geometry: of the rays.
        soft: deviation in rays of a Gaussian that the filter is multiplied with the transform of; 0 is the plain ramp,
            as a sharp kernel of a scanner, 2 a soft one.

    Returns:
        float32 (n, side, side).
    """
    size = 1 << int(np.ceil(np.log2(2 * geometry.rays)))
    n = np.fft.fftfreq(size, 1 / size).round().astype(int)
    ramp = np.zeros(size)
    ramp[n == 0] = 0.25
    odd = n % 2 == 1
    ramp[odd] = -1 / (np.pi * n[odd]) ** 2
    response = np.fft.rfft(ramp).real * np.exp(-2 * (np.pi * soft * np.fft.rfftfreq(size)) ** 2)
    spectrum = np.fft.rfft(sinograms, size, axis=2) * response
    filtered = np.fft.irfft(spectrum, size, axis=2)[..., : geometry.rays] / geometry.pitch
    spread = _backprojection(geometry) @ filtered.reshape(len(sinograms), -1).T.astype(np.float32)
    return (spread.T * np.pi / geometry.angles).reshape(-1, geometry.side, geometry.side)


@lru_cache(2)
def _backprojection(geometry: Geometry) -> sparse.csr_matrix:
    """From filtered views to the pixels that their rays cross: (side * side, angles * rays)."""
    ticks = (np.arange(geometry.side) + 0.5) / geometry.side * 2 - 1
    x, y = np.tile(ticks, geometry.side), np.repeat(ticks, geometry.side)
    rows, columns, weights = [], [], []
    for number, theta in enumerate(geometry.turns):
        place = (x * np.cos(theta) + y * np.sin(theta)) / geometry.pitch + (geometry.rays - 1) / 2
        left = np.floor(place).astype(int)
        for ray, weight in ((left, 1 - (place - left)), (left + 1, place - left)):
            inside = (ray >= 0) & (ray < geometry.rays)
            rows.append(np.flatnonzero(inside))
            columns.append(number * geometry.rays + ray[inside])
            weights.append(weight[inside].astype(np.float32))
    shape = geometry.side**2, geometry.angles * geometry.rays
    entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_matrix(entries, shape)
