"""Noise2Void: hidden pixels never keep their value, and what is told is the picture, not its noise."""

import numpy as np
import torch
from torch import nn

from impasto.losses.terms.blind_spot import Noise2Void, moved
from impasto.losses.terms.term import GeneratorPass


def test_a_pixel_takes_the_value_of_another_one_near_it() -> None:
    torch.manual_seed(0)
    numbers = torch.arange(400.0).view(1, 1, 20, 20).expand(2, 3, -1, -1)
    found = moved(numbers, 2)
    inner = (..., slice(2, -2), slice(2, -2))
    down, across = found[inner] // 20 - numbers[inner] // 20, found[inner] % 20 - numbers[inner] % 20
    assert down.abs().max() == across.abs().max() == 2
    assert not ((down == 0) & (across == 0)).any()
    assert torch.equal(found[:, 0], found[:, 2])  # all channels from one place
    assert len({(int(a), int(b)) for a, b in zip(down.flatten(), across.flatten(), strict=True)}) == 24


class Mixed(nn.Module):
    """A share of each pixel, and the rest of the mean of the eight around it."""

    def __init__(self, own: float) -> None:
        super().__init__()
        around = torch.full((1, 1, 3, 3), (1 - own) / 8)
        around[0, 0, 1, 1] = own
        self.kernel = around

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return nn.functional.conv2d(pictures, self.kernel, padding=1)


def test_copying_is_worse_than_asking_the_neighbours() -> None:
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    noisy = torch.from_numpy(random.normal(0, 0.3, (4, 1, 64, 64))).float()
    term = Noise2Void(share=0.1)
    losses = {own: term(GeneratorPass(noisy, Mixed(own), content=noisy)).item() for own in (0.0, 0.5, 1.0)}
    # By hand: of white noise of variance v, a hidden pixel costs v, and v times the squares of the weights.
    v = 0.09
    for own, loss in losses.items():
        assert abs(loss - v * (1 + own**2 + (1 - own) ** 2 / 8)) < 0.006, own
    assert losses[0.0] < losses[0.5] < losses[1.0]
    assert Noise2Void.needs == ("content",)
