import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import wasserstein_distance
from skimage.feature import structure_tensor_eigenvalues
from torch import Tensor

from impasto.base.contrast import normalised_luma
from impasto.evaluation.figures.structure_tensor import (
    blur,
    coherence,
    coherence_distribution,
    distribution_distance,
    edge_agreement,
    edge_field,
)


def noise(n: int = 1, side: int = 48, seed: int = 0) -> Tensor:
    return torch.randn(n, 1, side, side, generator=torch.Generator().manual_seed(seed))


def stripes(angle: float, side: int = 64, period: float = 8.0) -> Tensor:
    """Waves whose brightness changes along ``angle``: (1, 1, side, side)."""
    y, x = torch.meshgrid(torch.arange(side).float(), torch.arange(side).float(), indexing="ij")
    return torch.sin((x * math.cos(angle) + y * math.sin(angle)) * 2 * math.pi / period)[None, None]


def by_scipy(image: np.ndarray, deviation: float) -> np.ndarray:
    return gaussian_filter(image, deviation, mode="mirror", radius=math.ceil(3 * deviation))


@pytest.mark.parametrize("deviation", [0.7, 2.0, 4.0])
def test_blur_is_that_of_scipy(deviation: float) -> None:
    image = noise().double()
    wanted = by_scipy(image[0, 0].numpy(), deviation)
    np.testing.assert_allclose(blur(image, deviation)[0, 0].numpy(), wanted, atol=1e-12)


def test_coherence_is_that_of_scipy_and_scikit_image() -> None:
    image = noise().double()
    smooth = np.pad(by_scipy(image[0, 0].numpy(), 0.7), 1, mode="reflect")
    y, x = (smooth[2:, 1:-1] - smooth[:-2, 1:-1]) / 2, (smooth[1:-1, 2:] - smooth[1:-1, :-2]) / 2
    found = coherence(image, reaches=(1.0, 3.0), flat=0.02)[0].numpy()
    for scale, reach in enumerate((1.0, 3.0)):
        large, small = structure_tensor_eigenvalues([by_scipy(product, reach) for product in (y * y, y * x, x * x)])
        np.testing.assert_allclose(found[scale], (large - small) / (large + small + 0.02), atol=1e-9)


def test_coherence_of_stripes_noise_and_nothing() -> None:
    assert coherence(stripes(0.4), flat=0.0)[..., 8:-8, 8:-8].min() > 0.97
    assert coherence(noise(), flat=0.0)[:, 2].mean() < 0.3
    assert coherence(torch.full((1, 1, 32, 32), 0.3)).max() < 1e-6
    assert coherence(stripes(0.4) * 1e-3).max() < 1e-4, "what is hardly there has no direction"


def test_brightness_is_left_without_light_contrast_and_colour() -> None:
    image = noise(side=96).expand(-1, 3, -1, -1) * 0.3
    plain, changed = normalised_luma(image), normalised_luma(image * 0.5 + 0.2)
    assert (plain - changed).abs().mean() < 0.15 * plain.abs().mean()
    weak = normalised_luma(image * 0.001)
    assert weak.abs().mean() < 0.05, "noise below a level is not blown up"


def test_distributions_by_hand() -> None:
    # Of four places with coherence 0, 0.5, 0.5 and 1, a quarter is at most 1/256 and three are at most 1/2.
    found = coherence_distribution(normalised_luma(torch.rand(2, 3, 48, 40) * 2 - 1))
    assert found.shape == (2, 3, 256)
    assert (found.diff(dim=2) >= 0).all()
    torch.testing.assert_close(found[..., -1], torch.ones(2, 3))
    step = torch.zeros(1, 256)
    step[:, 64:] = 1.0  # all places at 65/256
    other = torch.zeros(1, 256)
    other[:, 128:] = 0.5
    other[:, 255:] = 1.0  # half at 129/256, half at 1
    assert distribution_distance(step, other) == pytest.approx(0.5 * 64 / 256 + 0.5 * 191 / 256)


def test_distance_of_distributions_is_that_of_scipy() -> None:
    torch.manual_seed(0)
    values = [torch.rand(500).square(), torch.rand(300)]
    shares = [torch.stack([(v * 256).ceil() <= k for k in range(1, 257)]).float().mean(1)[None] for v in values]
    wanted = wasserstein_distance(values[0].numpy(), values[1].numpy())
    assert float(distribution_distance(*shares)) == pytest.approx(wanted, abs=1 / 256)


def test_edges_agree_by_place_and_direction() -> None:
    def agreement(a: Tensor, b: Tensor) -> float:
        return float(edge_agreement(edge_field(a), edge_field(b)))

    across = stripes(0.0)
    assert agreement(across, across) == pytest.approx(1.0, abs=1e-5)
    assert agreement(across, -3 * across) == pytest.approx(1.0, abs=1e-5), "nor contrast, nor which side is light"
    assert agreement(across, stripes(math.pi / 2)) < -0.9, "at right angles"
    assert abs(agreement(across, stripes(math.pi / 4))) < 0.1
    assert abs(agreement(noise(side=128), noise(side=128, seed=1))) < 0.15
