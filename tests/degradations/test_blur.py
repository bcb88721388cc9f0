"""Kernels have the spread that the strength says, and blur as SciPy's filters do."""

import math

import numpy as np
import pytest
from scipy.ndimage import convolve, gaussian_filter

from impasto.degradations.blur import blurred, defocus, disk_kernel, gaussian_blur, motion, motion_kernel
from impasto.degradations.degradation import Degrade


def moments(kernel: np.ndarray) -> np.ndarray:
    """Covariance of a kernel's weights over rows and columns: (2, 2)."""
    places = np.mgrid[: kernel.shape[0], : kernel.shape[1]].reshape(2, -1) - kernel.shape[0] // 2
    assert places @ kernel.ravel() == pytest.approx(np.zeros(2), abs=1e-4)  # about the middle
    return places * kernel.ravel() @ places.T


@pytest.mark.parametrize("radius", [2.0, 2.5, 6.0])
def test_a_disk_has_its_area_and_half_its_radius_as_spread(radius: float) -> None:
    kernel = disk_kernel(radius)
    assert kernel.sum() == pytest.approx(1)
    assert kernel.max() == pytest.approx(1 / (math.pi * radius**2), rel=0.05)
    assert moments(kernel) == pytest.approx(np.eye(2) * (radius**2 / 4 + 1 / 12), rel=0.05, abs=0.02)


def test_no_blur_leaves_the_picture(photograph: np.ndarray, random: np.random.Generator) -> None:
    for kind in (defocus, gaussian_blur, motion):
        found = kind(photograph, 1e-3 if kind is motion else 0, random)
        assert np.abs(found.astype(int) - photograph).max() <= 1


@pytest.mark.parametrize("angle", [0.0, 0.6, math.pi / 2])
def test_a_straight_path_has_its_spread_and_direction(angle: float) -> None:
    kernel = motion_kernel(4, angle, 0)
    assert kernel.sum() == pytest.approx(1)
    values, vectors = np.linalg.eigh(moments(kernel))
    assert values[1] == pytest.approx(16, rel=0.03)
    assert values[0] < 0.3  # only what falls between pixels
    assert abs(vectors[:, 1] @ [math.sin(angle), math.cos(angle)]) == pytest.approx(1, abs=1e-3)
    length = np.flatnonzero(motion_kernel(4, 0, 0).max(0) > 1e-6)
    assert length[-1] - length[0] == pytest.approx(4 * math.sqrt(12), abs=2)


def test_a_bent_path_keeps_its_spread() -> None:
    values = np.linalg.eigvalsh(moments(motion_kernel(4, 0.3, math.pi / 2)))
    assert values[1] == pytest.approx(16, rel=0.05)
    assert 0.3 < values[0] < 2


def test_blur_agrees_with_scipy(photograph: np.ndarray) -> None:
    kernel = motion_kernel(2, 0.5, 1.0)
    expected = np.stack(
        [convolve(photograph[..., i].astype(float), kernel[::-1, ::-1], mode="mirror") for i in range(3)], -1
    )
    assert np.abs(blurred(photograph, kernel) - expected).max() < 0.6
    smooth = gaussian_filter(photograph.astype(float), (1.7, 1.7, 0), mode="mirror")
    assert np.abs(gaussian_blur(photograph, 1.7, np.random.default_rng()) - smooth).max() < 0.7


@pytest.mark.parametrize("kind", [defocus, gaussian_blur])
def test_a_square_is_spread_by_the_strength(kind: Degrade, random: np.random.Generator) -> None:
    square = np.zeros((61, 61, 1), np.uint8)
    square[26:35, 26:35] = 255  # of one pixel, too little would be left for bytes
    found = kind(square, 3, random)[..., 0].astype(float)
    assert moments(found / found.sum()) == pytest.approx(np.eye(2) * ((9**2 - 1) / 12 + 3**2), rel=0.05, abs=0.05)
