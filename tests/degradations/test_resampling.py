"""Small pictures agree with scikit-image, SciPy and sums by hand."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.transform import downscale_local_mean

from impasto.degradations.degradation import Damage, degrade
from impasto.degradations.resampling import FILTERS, SuperResolution, smaller

KINDS = [*FILTERS, "gaussian"]


def cubic(x: np.ndarray, a: float = -0.5) -> np.ndarray:
    """Keys' kernel (1981, equation 4)."""
    x = np.abs(x)
    near, far = (a + 2) * x**3 - (a + 3) * x**2 + 1, a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def weights(count: int, scale: int) -> np.ndarray:
    """Of an antialiased bicubic filter, cut off at the borders: (count / scale, count)."""
    centres = (np.arange(count // scale) + 0.5) * scale - 0.5
    found = cubic((np.arange(count) - centres[:, None]) / scale)
    return found / found.sum(1, keepdims=True)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KINDS)
def test_shapes_and_flat_pictures(kernel: str, scale: int) -> None:
    for channels in (1, 3):
        found = smaller(np.full((24, 36, channels), 77, np.uint8), kernel, scale)
        assert found.shape == (24 // scale, 36 // scale, channels)
        assert (found == 77).all()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_is_keys_kernel_widened_by_the_scale(photograph: np.ndarray, scale: int) -> None:
    rows, columns = weights(120, scale), weights(144, scale)
    expected = np.einsum("ij,jkc,lk->ilc", rows, photograph.astype(float), columns).clip(0, 255)
    assert np.abs(smaller(photograph, "bicubic", scale) - expected).max() < 3  # rounded to bytes in between
    assert np.abs(smaller(photograph, "bicubic", scale) - expected).mean() < 0.5


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_area_is_the_mean_of_squares(photograph: np.ndarray, scale: int) -> None:
    expected = downscale_local_mean(photograph, (scale, scale, 1))
    assert np.abs(smaller(photograph, "area", scale) - expected).max() <= 1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_gaussian_is_blurred_and_sampled_in_the_middle(photograph: np.ndarray, scale: int) -> None:
    smooth = gaussian_filter(photograph.astype(float), (scale / 2, scale / 2, 0), mode="mirror")
    middle = (scale - 1) // 2
    if scale % 2:
        expected = smooth[middle::scale, middle::scale]
    else:  # between four pixels
        corners = [smooth[middle + i :: scale, middle + j :: scale] for i in (0, 1) for j in (0, 1)]
        expected = np.mean(corners, 0)
    assert np.abs(smaller(photograph, "gaussian", scale) - expected).max() < 0.7


@pytest.mark.parametrize("kernel", KINDS)
def test_pictures_are_not_shifted(kernel: str) -> None:
    ramp = np.repeat(np.arange(0, 240, 2, dtype=np.uint8)[:, None], 48, 1)[..., None]
    for scale in (2, 3, 4):
        expected = 2 * ((np.arange(120 // scale) + 0.5) * scale - 0.5)
        found = smaller(ramp, kernel, scale)[:, 3, 0].astype(float)
        assert np.abs(found - expected)[4:-4].max() <= 0.51


def test_noise_comes_after_the_picture_was_made_smaller() -> None:
    degradation = SuperResolution(scale=4, kinds=["bicubic"], strength=[0, 0], measured_at=[0, 10])
    found = degrade(np.full((400, 400, 1), 128, np.uint8), degradation, 0, Damage("bicubic", 10))
    assert found.shape == (100, 100, 1)
    assert found.std() == pytest.approx(10, rel=0.05)
    assert degradation.record()["scale"] == 4
