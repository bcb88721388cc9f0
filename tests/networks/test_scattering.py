"""Fixed features and the weights over them, against what they should be by hand."""

import math

import pytest
import torch

from impasto.base.errors import UserError
from impasto.networks.scattering import ScatteringDiscriminator, count_of, morlet


def network(**changed: object) -> ScatteringDiscriminator:
    settings: dict[str, object] = {"features": 4096, "bandwidths": (0.1, 0.4), **changed}
    return ScatteringDiscriminator(1, 16, 12, 3, **settings)  # type: ignore[arg-type]


def features_of(judge: ScatteringDiscriminator, x: torch.Tensor) -> torch.Tensor:
    """By weights of which one is 1 at a time."""
    assert judge.embed is not None
    (gradient,) = torch.autograd.grad(judge(x, torch.zeros(1).long()).sum(), judge.embed.embed.weight)  # type: ignore[union-attr]
    return gradient[0]


def test_wavelets_answer_to_their_own_orientation_and_not_to_flat_pictures() -> None:
    waves = morlet(4)
    assert waves.shape == (8, 1, 5, 5)
    assert waves.sum((1, 2, 3)).abs().max() < 1e-6
    judge = network(octaves=1, orientations=4)
    assert judge.moduli(torch.full((1, 1, 8, 8), 0.7)).max() < 0.01
    y, x = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    for k in range(4):
        along = x * math.cos(math.pi * k / 4) + y * math.sin(math.pi * k / 4)
        answers = judge.moduli(torch.cos(0.75 * math.pi * along)[None, None])[0, :, 4:-4, 4:-4].mean((1, 2))
        assert int(answers.argmax()) == k


def test_inner_products_of_features_are_the_mean_of_gaussian_kernels() -> None:
    judge, source = network(), torch.Generator().manual_seed(1)
    one, other = (torch.rand(1, 1, 16, 12, generator=source) * scale for scale in (0.3, 0.4))
    distance = (judge.scattering(one) - judge.scattering(other)).square().mean().sqrt().item()
    assert 0.05 < distance < 0.5
    bandwidths = [0.1 * 4 ** ((i + 0.5) / 1000) for i in range(1000)]
    expected = sum(math.exp(-(distance**2) / (2 * b**2)) for b in bandwidths) / 1000
    first, second = features_of(judge, one), features_of(judge, other)
    assert first.square().sum().item() == pytest.approx(1, abs=0.05)
    assert (first @ second).item() == pytest.approx(expected, abs=0.05)


def test_each_class_has_its_weights_and_nothing_else_is_trained() -> None:
    judge, x = network(features=8), torch.rand(2, 1, 16, 12)
    assert [p.shape for p in judge.parameters()] == [(3, 8)]
    assert judge(x, torch.tensor([0, 1])).tolist() == [0, 0]
    with torch.no_grad():
        judge.embed.embed.weight[1] = 1.0  # type: ignore[index, union-attr]
    scores = judge(x[:1].expand(2, -1, -1, -1), torch.tensor([0, 1])).detach()
    assert scores[0] == 0
    assert scores[1] == pytest.approx(features_of(judge, x[:1]).sum().item(), abs=1e-5)
    alone = ScatteringDiscriminator(3, 9, 7, features=8)
    assert alone(torch.rand(2, 3, 9, 7)).shape == (2,)
    assert sum(p.numel() for p in alone.parameters()) == 9
    assert count_of(3, 9, 7, 2, 8) == 3 * (9 * 7 + 8 * 3 * 2 + 5 * 4 + 8 * 3 * 2 + 3 * 2)
    assert alone.frequencies.shape[1] == count_of(3, 9, 7, 2, 8)


def test_features_are_the_same_in_every_run_and_mistakes_are_told() -> None:
    assert torch.equal(network(features=8).frequencies, network(features=8).frequencies)
    assert not torch.equal(network(features=8).frequencies, network(features=8, seed=1).frequencies)
    with pytest.raises(UserError, match=r"give \[0.2,1.0\]"):
        network(bandwidths=(1.0, 0.1))
    with pytest.raises(UserError, match="cannot be halved 4 times"):
        network(octaves=4)
    with pytest.raises(UserError, match="conditioning=projection or none"):
        network(conditioning="concat")
