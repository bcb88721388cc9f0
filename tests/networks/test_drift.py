"""Noise that goes with a scene."""

import pytest
import torch

from impasto.networks.layers.placed import Drift
from impasto.networks.orientation import noise_at, noise_of
from impasto.networks.style_generator import StyleGenerator


@pytest.mark.parametrize("cell", [2, 4])
def test_no_way_is_each_places_own_noise(cell: int) -> None:
    still = Drift(torch.zeros(1, 2, 5, 7))
    assert torch.equal(noise_of((8, 16), cell, 6, 9, still), noise_at(8 // cell, 16 // cell, 6, 9))
    assert torch.equal(noise_of((8, 16), cell, 6, 9, None), noise_at(8 // cell, 16 // cell, 6, 9))


def test_noise_moves_by_whole_cells_with_the_picture() -> None:
    height, width, cell = 12, 20, 4
    way = torch.zeros(1, 2, 3, 5)
    way[:, 0], way[:, 1] = 3 * cell / (width * cell), -2 * cell / (height * cell)
    moved = noise_of((0, 0), cell, height, width, Drift(way))
    assert torch.equal(moved, noise_at(-2, 3, height, width))


def test_a_tile_has_the_noise_of_the_whole() -> None:
    torch.manual_seed(0)
    drift = Drift(torch.rand(1, 2, 6, 8) * 0.2, height=48, width=64)
    whole = noise_of((0, 0), 4, 12, 16, drift)
    assert torch.equal(noise_of((16, 24), 4, 5, 7, drift), whole[..., 4:9, 6:13])


def test_moved_noise_keeps_its_variance() -> None:
    torch.manual_seed(0)
    noise = noise_of((0, 0), 4, 128, 128, Drift(torch.rand(1, 2, 9, 9) * 0.3))
    assert float(noise.var()) == pytest.approx(1, abs=0.05)


def test_the_generator_draws_it_in_training_too() -> None:
    torch.manual_seed(0)
    network = StyleGenerator(features=(4, 8), blocks=(0, 1), last=4, code=8, hidden=8).train()
    content = torch.rand(1, 3, 32, 32)
    assert not torch.equal(network.guides(content)[1][0], network.guides(content)[1][0])
    network.drift = Drift(torch.zeros(1, 2, 2, 2))
    assert torch.equal(network.guides(content)[1][0], network.guides(content)[1][0])
