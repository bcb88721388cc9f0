"""Painting that commutes with motion, and painting that does not."""

import pytest
import torch
from torch import Tensor, nn

from impasto.losses.terms.term import GeneratorPass
from impasto.losses.terms.warp_consistency import WarpConsistency, random_way, warped
from impasto.networks.layers.modulated import StyleInput
from impasto.networks.style_generator import StyleGenerator


class Pointwise(nn.Module):
    def forward(self, content: Tensor) -> Tensor:
        return 0.5 * content + 0.1


class OnGlass(nn.Module):
    """Adds one pattern, wherever the picture goes."""

    def __init__(self) -> None:
        super().__init__()
        self.pattern = nn.Parameter(torch.randn(1, 3, 16, 24))

    def forward(self, content: Tensor) -> Tensor:
        return content + self.pattern


def passed(network: nn.Module, content: Tensor, **fields: Tensor) -> GeneratorPass:
    given = [content, *fields.values()]
    return GeneratorPass(network(*given), network, content=content, **fields)  # type: ignore[arg-type]


def test_a_way_of_whole_pixels_by_hand() -> None:
    images = torch.arange(12.0).view(1, 1, 3, 4)
    way = torch.zeros(1, 2, 3, 4)
    way[:, 0], way[:, 1] = 1, -1
    moved, inside = warped(images, way)
    assert torch.allclose(moved[0, 0, 1:, :3], images[0, 0, :2, 1:])
    assert inside[0, 0].tolist() == [[0, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0]]
    torch.manual_seed(0)
    drawn = random_way(50, 16, 24, 4.0, 0.0, torch.device("cpu"))
    assert 3.8 < float(drawn.abs().max()) <= 4
    assert float((drawn - drawn.mean((2, 3), keepdim=True)).abs().max()) < 1e-5


def test_what_commutes_costs_nothing_and_noise_costs_its_mean() -> None:
    torch.manual_seed(0)
    p = passed(Pointwise(), torch.rand(4, 3, 16, 24))
    assert float(WarpConsistency(noise=0.0)(p)) < 1e-6
    # The mean of |n| is sigma * sqrt(2 / pi), halved by the network.
    assert float(WarpConsistency(noise=0.1)(p)) == pytest.approx(0.1 * 0.798 / 2, rel=0.05)


def test_what_stays_on_screen_costs_and_can_be_learnt() -> None:
    torch.manual_seed(0)
    network, term = OnGlass(), WarpConsistency(noise=0.0, share=1.0)
    content = torch.rand(2, 3, 16, 24)
    optimiser = torch.optim.Adam(network.parameters(), 0.05)
    losses = []
    for _ in range(80):
        loss = term(passed(network, content))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    assert losses[0] > 0.5
    assert losses[-1] < 0.2 * losses[0]


def test_noise_by_place_moves_with_the_picture() -> None:
    torch.manual_seed(0)
    network = StyleGenerator(features=(4, 8), blocks=(0, 1), last=4, code=8, hidden=8).train()
    for module in network.modules():  # so that noise counts
        if getattr(module, "noise", None) is not None and isinstance(module.noise, nn.Parameter):
            nn.init.normal_(module.noise)
    content = torch.rand(2, 3, 32, 32)
    code = network.encoder(torch.rand(2, 3, 32, 32)).detach()
    p = GeneratorPass(network(content, code), network, content=content, code=code)
    still = WarpConsistency(shift=0.0, bend=0.0, noise=0.0, share=1.0)(p)
    assert float(still) < 1e-6  # both are painted from the same noise
    moved = WarpConsistency(share=1.0)(p)
    moved.backward()
    assert float(moved) > 0
    assert network.look.weight.grad is not None
    assert network.drift is None
    assert not torch.equal(network.paint(content, StyleInput(code)), network.paint(content, StyleInput(code)))
