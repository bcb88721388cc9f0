import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from impasto.evaluation.figures.sliced_wasserstein import (
    DIRECTIONS,
    QUANTILES,
    channel_scales,
    pooled,
    quantile_table,
    slices,
    wasserstein,
)
from impasto.networks.pretrained.random_features import RandomFeatures


def table(values: Tensor) -> Tensor:
    return quantile_table(values)[None]


def test_on_a_line_it_is_the_distance_of_scipy() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(QUANTILES), torch.rand(QUANTILES) * 3
    assert wasserstein(table(a), quantile_table(b)).item() == pytest.approx(wasserstein_distance(a, b), rel=1e-5)
    many = torch.randn(20000), torch.rand(30000) * 3
    wanted = wasserstein_distance(*(values.numpy() for values in many))
    assert wasserstein(table(many[0]), quantile_table(many[1])).item() == pytest.approx(wanted, rel=0.02)


def test_quantiles_by_hand() -> None:
    assert quantile_table(torch.arange(128.0)).tolist() == [2.0 * k + 1 for k in range(64)]
    together = pooled(torch.stack([torch.zeros(3, 64), torch.ones(3, 64)]))
    assert together.shape == (3, 64)
    assert together.mean(1).tolist() == [0.5] * 3


def test_a_shift_costs_its_length_along_each_direction() -> None:
    torch.manual_seed(0)
    features, shift, scale = torch.randn(2, 5, 20, 20), torch.randn(1, 5, 1, 1), torch.full((5,), 2.0)
    before, after = slices([features], [scale]), slices([features + shift], [scale])
    assert before.shape == (2, 1, DIRECTIONS, QUANTILES)
    moved = (after - before).mean(3)
    torch.testing.assert_close(moved[0], moved[1])
    # Directions are unit vectors: the mean square of a projection is that of the vector over the dimensions.
    assert moved.square().mean().item() == pytest.approx(float((shift / 2).square().mean()), rel=0.4)
    torch.testing.assert_close(slices([features * 3], [scale * 3]), before)


def test_scales_depend_on_the_network_alone() -> None:
    network = RandomFeatures()
    scales = channel_scales(network, torch.device("cpu"))
    assert [len(scale) for scale in scales] == [32, 64, 128, 128]
    assert all((scale > 0).all() for scale in scales)
    assert np.allclose(scales[0], channel_scales(network, torch.device("cpu"))[0])
