"""Holes filled smoothly: what is kept, what comes into them, and from how far."""

import pytest
import torch
from torch import Tensor

from impasto.networks.layers.filling import filled, mean_of_known, reach_of_filling


def with_hole(size: int, top: int, bottom: int) -> Tensor:
    known = torch.ones(1, 1, size, size)
    known[..., top:bottom, top:bottom] = 0
    return known


def test_means_of_known_pixels_by_hand() -> None:
    picture = torch.tensor([[[[1.0, 9.0, 3.0, 3.0], [2.0, 3.0, 3.0, 3.0]]]])
    known = torch.tensor([[[[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]]])
    means, found = mean_of_known(picture * known, known, 2, 2, 0)
    assert means[0, 0, 0].tolist() == [2.0, 0.0]  # (1 + 2 + 3) / 3
    assert found[0, 0, 0].tolist() == [1.0, 0.0]


def test_known_pixels_are_kept_and_holes_are_not_seen() -> None:
    picture, known = torch.rand(2, 3, 16, 16), with_hole(16, 4, 11).expand(2, 1, 16, 16)
    made = filled(picture, known, 3)
    assert torch.equal(made * known, picture * known)
    assert torch.equal(filled(torch.where(known > 0, picture, 5.0), known, 3), made)
    assert torch.equal(filled(picture, torch.ones_like(known), 3), picture)


@pytest.mark.parametrize("halvings", [0, 2, 4])
def test_what_is_the_same_all_around_goes_on_in_holes(halvings: int) -> None:
    made = filled(torch.full((1, 3, 32, 32), 0.3), with_hole(32, 9, 24), halvings)
    assert torch.allclose(made, torch.full_like(made, 0.3), atol=1e-6)


def test_a_slope_goes_on_in_holes() -> None:
    """The harmonic function with the borders of a slope is the slope itself."""
    slope = torch.linspace(-1, 1, 64).expand(1, 1, 64, 64)
    known = with_hole(64, 24, 40)
    hole = known == 0
    assert (filled(slope, known, 4)[hole] - slope[hole]).abs().mean() < 0.25 * (slope[hole] - slope.mean()).abs().mean()


def test_what_is_too_far_stays_mid_grey() -> None:
    picture, known = torch.ones(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    known[..., :2] = 1
    made = filled(picture, known, 2, rounds=3)
    reach = reach_of_filling(2, rounds=3)
    assert made[0, 0, 32, 2:10].min() > 0.9
    assert made[0, 0, 32, 2 + reach :].abs().max() == 0
    assert filled(picture, torch.zeros_like(known), 2).abs().max() == 0


def test_it_is_not_learnt() -> None:
    picture = torch.rand(1, 3, 8, 8, requires_grad=True)
    assert not filled(picture, with_hole(8, 2, 5), 1).requires_grad
