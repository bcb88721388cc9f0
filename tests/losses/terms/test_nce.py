"""The contrastive loss against numbers worked out by hand, and what may and may not have a gradient."""

import math

import pytest
import torch
from torch import nn

from impasto.base.errors import UserError
from impasto.losses.terms.nce import PatchNCE, PatchSampleMLP, patch_nce
from impasto.losses.terms.term import GeneratorPass
from impasto.networks.resnet_translation import TranslationGenerator


def test_by_hand() -> None:
    # One picture, two places, unit vectors in the plane, temperature 0.5.
    query = torch.tensor([[[1.0, 0.0], [0.6, 0.8]]])
    key = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    # Place 0: similarities 1 and 0, over 0.5: logits 2 and 0, own 2. Place 1: 0.6 and 0.8: logits 1.2 and 1.6, own 1.6.
    expected = [math.log(math.exp(2) + 1) - 2, math.log(math.exp(1.2) + math.exp(1.6)) - 1.6]
    assert patch_nce(query, key, temperature=0.5)[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_negatives_come_from_the_same_picture_only() -> None:
    same = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])  # two pictures of one place each: nothing to confuse it with
    assert patch_nce(same, same).flatten().tolist() == [0.0, 0.0]


def test_indistinguishable_places_cost_the_logarithm_of_their_number() -> None:
    same = torch.ones(1, 7, 1)
    assert patch_nce(same, same).mean().item() == pytest.approx(math.log(7), abs=1e-6)


def test_keys_get_no_gradient() -> None:
    query, key = torch.rand(1, 3, 4, requires_grad=True), torch.rand(1, 3, 4, requires_grad=True)
    patch_nce(query, key).sum().backward()
    assert query.grad is not None
    assert key.grad is None


def test_sampler_gives_unit_vectors_of_the_same_places() -> None:
    sampler = PatchSampleMLP([3, 5], dim=8, patches=6)
    features = [torch.rand(2, 3, 4, 4), torch.rand(2, 5, 2, 2)]
    places = sampler.places(features)
    assert [len(p) for p in places] == [6, 4]  # a layer of four places gives all of them
    assert len(set(places[0].tolist())) == 6
    out = sampler(features, places)
    assert [tuple(o.shape) for o in out] == [(2, 6, 8), (2, 4, 8)]
    assert torch.allclose(out[0].norm(dim=-1), torch.ones(2, 6), atol=1e-5)
    alone = sampler([f[:, :, :1, :1] for f in features], [torch.tensor([0])] * 2)
    where = (places[1] == 0).nonzero().item()
    assert torch.allclose(out[1][:, where], alone[1][:, 0], atol=1e-6)


class Pixels(nn.Module):
    """A generator whose activations are the picture."""

    def activations(self, images: torch.Tensor, layers: tuple[int, ...]) -> list[torch.Tensor]:
        return [images for _ in layers]


def made(picture: torch.Tensor, painted: torch.Tensor, flipped: bool = False) -> GeneratorPass:
    """What a generator whose layer 0 is the picture itself made of it."""
    return GeneratorPass(painted, Pixels(), content=picture, flipped=flipped, style=picture)  # type: ignore[arg-type]


class Plain(PatchSampleMLP):
    """Projects nothing: each colour, at length one."""

    def __init__(self) -> None:
        super().__init__([2])
        self.projections = nn.ModuleList([nn.Identity()])


def test_a_picture_agrees_with_itself_and_with_its_mirror_image() -> None:
    loss = PatchNCE(identity=False, layers=[0], temperature=0.01)
    loss.samplers["generator"] = Plain()
    picture = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])  # (1, 2, 1, 2): one red and one green pixel
    assert loss(made(picture, picture))["nce"].item() == pytest.approx(0, abs=1e-6)
    assert loss(made(picture, picture.flip(-1)))["nce"].item() == pytest.approx(100)
    assert loss(made(picture, picture.flip(-1), flipped=True))["nce"].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("mixed", [False, True])
def test_gradients_reach_generator_and_sampler(mixed: bool) -> None:
    generator = TranslationGenerator(features=4, blocks=2)
    layers = (0, 4, 8, 12)
    loss = PatchNCE(layers=layers, patches=16, dim=8)
    loss.attach("generator", generator)
    source = torch.rand(1, 3, 16, 16)
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        value = loss(GeneratorPass(generator(source), generator, content=source, style=source))["nce"]
    value.backward()
    for network in (generator, loss):
        assert all(p.grad is not None for name, p in network.named_parameters())


def test_temperature_must_be_positive() -> None:
    with pytest.raises(UserError, match="temperature"):
        PatchNCE(layers=[0], temperature=0)
