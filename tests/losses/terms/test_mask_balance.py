"""The balance between generators: by hand, and what becomes of a generator without it."""

import math
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.losses.terms.mask_balance import MaskBalance, imbalance, softness
from impasto.losses.terms.term import GeneratorPass
from impasto.networks.build import build_network
from impasto.networks.multi_generator import MultiGenerator


def masks(*shares: float) -> Tensor:
    return torch.tensor(shares)[None, :, None, None].expand(2, -1, 4, 4)


def test_imbalance_by_hand() -> None:
    assert imbalance(masks(0.25, 0.25, 0.25, 0.25)).item() == pytest.approx(0)
    assert imbalance(masks(0.75, 0.25)).item() == pytest.approx(-(math.log(1.5) + math.log(0.5)) / 2)
    assert imbalance(masks(0.5, 0.375, 0.125)).item() == pytest.approx(-math.log(27 * 0.5 * 0.375 * 0.125) / 3)
    apart = torch.cat([masks(1.0, 0.0), masks(0.0, 1.0)])  # each picture has one painter, and each painter its share
    assert imbalance(apart).item() == pytest.approx(0)


def test_a_dying_generator_is_called_back() -> None:
    """The gradient by the masks' values before the softmax grows towards 1 / K, where the softmax alone fades."""
    for value in (5.0, 15.0):
        before = torch.tensor([value, 0.0], requires_grad=True)
        imbalance(torch.softmax(before, 0)[None, :, None, None]).backward()
        assert before.grad is not None
        assert before.grad[1].item() == pytest.approx(-0.5, abs=0.01)


def test_softness_by_hand() -> None:
    assert softness(masks(0.5, 0.5)).item() == pytest.approx(1)
    assert softness(masks(1.0, 0.0)).item() == pytest.approx(0, abs=1e-6)
    expected = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(2)
    assert softness(masks(0.75, 0.25)).item() == pytest.approx(expected)


def test_the_term_asks_the_generator_for_its_masks() -> None:
    found: list[Any] = []

    def masks_of(*given: Any) -> Tensor:
        found.append(given)
        return masks(0.75, 0.25)

    generator = cast(nn.Module, SimpleNamespace(masks=masks_of))
    content = torch.arange(4.0).view(1, 1, 1, 4)
    painted = torch.zeros(1, 3, 4, 4)
    values = MaskBalance(sharpness=2.0)(GeneratorPass(painted, generator, content=content, flipped=True))
    assert values["mask_balance"].item() == pytest.approx(imbalance(masks(0.75, 0.25)).item())
    assert values["mask_softness"].item() == pytest.approx(2 * softness(masks(0.75, 0.25)).item())
    assert found[0][0].flatten().tolist() == [3, 2, 1, 0]
    z, label = torch.zeros(1, 6), torch.tensor([1])
    assert set(MaskBalance()(GeneratorPass(painted, generator, latent=z, condition=label))) == {"mask_balance"}
    assert found[1] == (z, label)


def test_a_generator_without_masks_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"needs a generator that paints by masks, and Linear does not.*multi_generator"
    ):
        MaskBalance().attach("generator", nn.Linear(1, 1))


class Scaled(nn.Module):
    """Paints the picture times a number; it starts at 1, or far from it."""

    starts = iter(())

    def __init__(self, channels: int, given_channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(next(Scaled.starts)))

    def forward(self, images: Tensor) -> Tensor:
        return self.scale * images


@pytest.mark.parametrize(("weight", "alive"), [(0.0, False), (1.0, True)])
def test_without_balance_a_generator_dies(weight: float, alive: bool) -> None:
    """One generator is right from the start and the other one far off: it is masked out, unless balance keeps it."""
    torch.manual_seed(0)
    Scaled.starts = iter((1.0, -3.0))  # type: ignore[assignment]
    spec = ImageSpec(1, 16, 16)
    make = partial(MultiGenerator, generator=Scaled, count=2, mask_features=4)
    network = cast(MultiGenerator, build_network(make, spec, spec))
    term = MaskBalance()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(120):
        images = torch.rand(4, 1, 16, 16) * 2 - 1
        p = GeneratorPass(network(images), network, content=images)
        loss = (p.painted - images).square().mean() + weight * term(p)["mask_balance"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    shares = network.masks(torch.rand(8, 1, 16, 16) * 2 - 1).mean((0, 2, 3))
    assert (shares.min() > 0.2).item() is alive
    assert (shares.min() < 0.05).item() is not alive
