"""Clipped gradients by picture, against gradients of one picture at a time and against Opacus."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

pytest.importorskip("opacus")

from opacus.grad_sample import GradSampleModule

from impasto.losses.adversarial import NonSaturating
from impasto.models.adversary import Adversary, Conditioning
from impasto.models.tracker import Tracker
from impasto.networks.dcgan import DCGANDiscriminator
from impasto.privacy.gradients import PictureGradients, normal_noise, without_rule

PLAIN: dict[str, Any] = {"updates": 0, "kimg": 0.0, "share": 1.0, "penalty_factor": 1.0, "tracker": Tracker()}


def one_by_one(network: nn.Module, losses: list[Tensor], norm: float) -> tuple[dict[nn.Parameter, Tensor], list[float]]:
    parameters = list(network.parameters())
    sums, norms = {p: torch.zeros_like(p) for p in parameters}, []
    for loss in losses:
        gradients = torch.autograd.grad(loss, parameters)
        norms.append(torch.cat([g.flatten() for g in gradients]).norm().item())
        for parameter, gradient in zip(parameters, gradients, strict=True):
            sums[parameter] += gradient * min(1.0, norm / norms[-1])
    return sums, norms


def small(classes: int = 3) -> DCGANDiscriminator:
    torch.manual_seed(0)
    network = DCGANDiscriminator(1, 12, 12, classes, norm="none", features=4, max_features=8)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.2)
    return network


def test_a_step_sums_what_each_picture_alone_would_give_clipped() -> None:
    network, loss = small(), NonSaturating()
    real, fake = torch.rand(5, 1, 12, 12), torch.rand(3, 1, 12, 12)  # as many as came by chance, and a fixed number
    labels, drawn = torch.tensor([0, 1, 2, 0, 1]), torch.tensor([2, 2, 0])

    def alone() -> list[Tensor]:
        of_real = [softplus(-network(real[i : i + 1], labels[i : i + 1])).sum() for i in range(5)]
        return of_real + [softplus(network(fake[i : i + 1], drawn[i : i + 1])).sum() for i in range(3)]

    limit = sorted(one_by_one(network, alone(), 1.0)[1])[4] * 1.001  # three are longer
    expected, _ = one_by_one(network, alone(), limit)
    gradients, adversary = PictureGradients(network), Adversary(loss, {}, None, by_picture=True)
    told, shown = Conditioning(labels), Conditioning(drawn)
    with gradients.kept():
        adversary.discriminator_loss(network, real, fake, told, fake_conditioning=shown, **PLAIN).backward()
    assert all(p.requires_grad and p.grad is None for p in network.parameters())
    sums, clipped = gradients.clipped_sums(limit)
    assert clipped.item() == pytest.approx(3 / 8)
    for parameter in network.parameters():
        torch.testing.assert_close(sums[parameter], expected[parameter], rtol=1e-4, atol=1e-5)


class Several(nn.Module):
    """Layers for vectors at several places, and one that takes Opacus' rule."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(2, 3, 3, stride=2, padding=1, dilation=1)
        self.norm = nn.GroupNorm(1, 3)
        self.dense = nn.Linear(3, 4)
        self.last = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.wide(x)).flatten(2).mT  # (N, places, 3)
        return self.last(torch.tanh(self.dense(x)).sum(1)).squeeze(1)


def test_all_layers_agree_with_opacus() -> None:
    torch.manual_seed(1)
    network, x = Several(), torch.randn(6, 2, 9, 9)
    gradients = PictureGradients(network)
    with gradients.kept():
        network(x).square().sum().backward()
    sums, _ = gradients.clipped_sums(0.5)
    held = GradSampleModule(Several(), loss_reduction="sum")
    held._module.load_state_dict(network.state_dict())
    held(x).square().sum().backward()
    by_picture = [p.grad_sample for p in held.parameters()]
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in by_picture]).norm(dim=0)
    weights = (0.5 / norms).clamp_max(1)
    for (name, parameter), g in zip(network.named_parameters(), by_picture, strict=True):
        torch.testing.assert_close(sums[parameter], torch.tensordot(weights, g, dims=1), rtol=2e-4, atol=1e-5, msg=name)


def test_one_picture_more_changes_the_sum_by_the_limit_at_most() -> None:
    network, loss = small(0), NonSaturating()
    gradients, adversary = PictureGradients(network), Adversary(loss, {}, None, by_picture=True)
    real, fake = torch.rand(6, 1, 12, 12), torch.rand(4, 1, 12, 12)

    def total(pictures: Tensor) -> Tensor:
        with gradients.kept():
            adversary.discriminator_loss(network, pictures, fake, **PLAIN).backward()
        return torch.cat([g.flatten() for g in gradients.clipped_sums(1e-3)[0].values()])

    difference = (total(real) - total(real[1:])).norm().item()
    assert 0.99e-3 < difference <= 1e-3


def test_fewer_painted_pictures_weigh_as_much_as_the_real_ones() -> None:
    network, loss = small(0), NonSaturating()
    gradients, adversary = PictureGradients(network), Adversary(loss, {}, None, by_picture=True)
    real, fake = torch.rand(6, 1, 12, 12), torch.rand(2, 1, 12, 12)

    def total(painted: torch.Tensor, count: int, weight: float) -> Tensor:
        with gradients.kept():
            adversary.discriminator_loss(network, real, painted, **PLAIN).backward()
        return torch.cat([g.flatten() for g in gradients.clipped_sums(1e-3, count, weight)[0].values()])

    torch.testing.assert_close(total(fake, 2, 3.0), total(fake.repeat(3, 1, 1, 1), 6, 1.0), rtol=1e-4, atol=1e-8)


def test_a_layer_without_a_rule_is_named() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Bilinear(1, 1, 1))
    assert without_rule(network) == ["Bilinear"]


def test_noise_is_normal_and_known_only_with_the_secret() -> None:
    (noise,) = normal_noise([torch.Size([200, 500])], 3.0, 12345, 7)
    assert noise.std().item() == pytest.approx(3.0, rel=0.02)
    assert abs(noise.mean().item()) < 4 * 3.0 / math.sqrt(noise.numel())
    assert (noise.abs() < 3.0).float().mean().item() == pytest.approx(0.6827, abs=0.006)
    assert torch.equal(noise, normal_noise([torch.Size([200, 500])], 3.0, 12345, 7)[0])
    assert not torch.equal(noise, normal_noise([torch.Size([200, 500])], 3.0, 12345 + 2**40, 7)[0])
    assert not torch.equal(noise, normal_noise([torch.Size([200, 500])], 3.0, 12345, 8)[0])
