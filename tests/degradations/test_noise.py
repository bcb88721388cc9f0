"""Noise has the mean and the variance of its formula."""

import numpy as np
import pytest
from scipy.ndimage import convolve
from scipy.stats import kstest
from scipy.stats import poisson as poisson_law

from impasto.degradations.light import decoded, encoded, from_linear, to_linear
from impasto.degradations.noise import demosaiced, gaussian, photons_at_white, poisson, sensor


def flat(level: int, channels: int = 3, side: int = 200) -> np.ndarray:
    return np.full((side, side, channels), level, np.uint8)


def test_gaussian_noise_is_normal_and_independent(random: np.random.Generator) -> None:
    noise = gaussian(flat(128), 25, random).astype(float) - 128
    assert noise.mean() == pytest.approx(0, abs=0.3)
    assert noise.std() == pytest.approx(np.sqrt(25**2 + 1 / 12), rel=0.01)  # and of rounding
    assert kstest((noise + random.uniform(-0.5, 0.5, noise.shape)).ravel() / 25, "norm").statistic < 0.01
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(noise[1:].ravel(), noise[:-1].ravel())[0, 1]) < 0.02
    assert gaussian(flat(250), 25, random).max() == 255
    assert np.array_equal(gaussian(flat(77), 0, random), flat(77))


def test_photons_have_the_variance_of_their_number(random: np.random.Generator) -> None:
    assert photons_at_white(25.5) == pytest.approx(50)  # at mid-grey 25, whose root is a tenth of 50
    for level in (32, 64, 128, 200):
        noise = poisson(flat(level), 20, random).astype(float)
        assert noise.mean() == pytest.approx(level, abs=0.5)
        assert noise.std() == pytest.approx(20 * np.sqrt(level / 127.5), rel=0.02)
    assert np.array_equal(poisson(flat(9), 0, random), flat(9))
    assert not poisson(flat(0), 20, random).any()


def test_few_photons_come_in_whole_numbers(random: np.random.Generator) -> None:
    sigma = 255 * np.sqrt(0.5 / 5)  # five photons at white
    counts = poisson(flat(102, 1), sigma, random) / 51  # two expected
    values, found = np.unique(counts, return_counts=True)
    assert values.tolist() == [0, 1, 2, 3, 4, 5]  # more are as white as 5
    expected = poisson_law.pmf(np.arange(5), 2)
    assert found[:5] / counts.size == pytest.approx(expected, abs=0.01)


def test_sensor_noise_has_the_variance_of_light_at_each_site(random: np.random.Generator) -> None:
    grey = sensor(flat(128, 1), 10, random).astype(float)  # no mosaic
    assert grey.std() == pytest.approx(10, rel=0.03)
    dark, bright = (sensor(flat(level, 1), 10, random).astype(float).std() for level in (40, 220))
    # In samples the deviation is sqrt(light) times their slope, which falls faster than that rises.
    slope = lambda level: 1.055 / 2.4 * decoded(np.array(level / 255)) ** (1 / 2.4 - 1)  # noqa: E731
    by_shot = [10 * slope(v) / slope(128) * np.sqrt(decoded(np.array(v / 255)) / decoded(np.array(128 / 255)))
               for v in (40, 220)]  # fmt: skip
    assert bright == pytest.approx(by_shot[1], rel=0.06)
    assert by_shot[0] < dark < 1.5 * by_shot[0]  # read noise counts in the dark
    noise = sensor(flat(128), 10, random).astype(float) - 128
    # Green: half of the sites are its own, the others the mean of four: (1 + 1/4) / 2. Red and blue: a quarter own, a
    # half the mean of two, a quarter of four: (1 + 2/2 + 1/4) / 4.
    assert noise.std((0, 1)) == pytest.approx(10 * np.sqrt([0.5625, 0.625, 0.5625]), rel=0.05)
    assert np.corrcoef(noise[1:, :, 0].ravel(), noise[:-1, :, 0].ravel())[0, 1] > 0.3  # blotches


@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_demosaicing_by_hand(top: int, left: int, random: np.random.Generator) -> None:
    colors = random.random((6, 8, 3)).astype(np.float32)
    found = demosaiced(colors, top, left)
    rows, columns = np.mgrid[:6, :8]
    red = ((rows - top) % 2 == 0) & ((columns - left) % 2 == 0)
    blue = ((rows - top) % 2 == 1) & ((columns - left) % 2 == 1)
    for channel, sites in enumerate((red, ~red & ~blue, blue)):
        # An independent way: weights of a triangle over the sites there are, all together 1.
        weights = np.outer([1, 2, 1], [1, 2, 1]) if channel != 1 else np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]])
        near = np.where(sites, colors[..., channel], 0)
        expected = convolve(near, weights.astype(float), mode="mirror") / convolve(
            sites.astype(float), weights.astype(float), mode="mirror"
        )
        assert found[..., channel] == pytest.approx(expected, abs=1e-6)
        assert np.array_equal(found[..., channel][sites], colors[..., channel][sites])


def test_light_and_samples_are_inverse_and_have_the_values_of_the_standard() -> None:
    assert decoded(np.array([0, 0.04045, 0.5, 1])) == pytest.approx([0, 0.0031308, 0.2140411, 1], abs=1e-6)
    assert encoded(np.array([0, 0.0031308, 0.2140411, 1])) == pytest.approx([0, 0.04045, 0.5, 1], abs=1e-5)
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(from_linear(to_linear(every)), every)
    assert from_linear(np.array([-1.0, 2.0])).tolist() == [0, 255]
