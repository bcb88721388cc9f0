"""Several generators in one: masks, fusion, and what they share with a single one."""

from copy import deepcopy
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.inference.tiles import paint_in_tiles
from impasto.networks.build import build_network
from impasto.networks.dcgan import DCGANGenerator
from impasto.networks.layers.attention import SelfAttention
from impasto.networks.multi_generator import MaskView, MultiGenerator, colours
from impasto.networks.resnet_translation import TranslationGenerator
from impasto.networks.unet import UNetGenerator
from impasto.painters.painter import Painter

SPEC = ImageSpec(3, 32, 48, ("a", "b"))
CONTENT = ImageSpec(1, 32, 48)
FROM_NOISE = partial(DCGANGenerator, features=4, max_features=8, latent_dim=6, embedding=5)
FROM_PICTURES = partial(TranslationGenerator, features=4, blocks=1)


def several(generator: object, count: int = 3, given: ImageSpec | None = None) -> MultiGenerator:
    torch.manual_seed(0)
    make = partial(MultiGenerator, generator=generator, count=count, mask_features=4)
    network = build_network(make, SPEC, given)
    assert isinstance(network, MultiGenerator)
    return network


class Plain(nn.Module):
    """Paints one colour."""

    def __init__(self, channels: int, height: int, width: int, colour: float = 1.0) -> None:
        super().__init__()
        self.colour = nn.Parameter(torch.full((channels, 1, 1), colour))

    def forward(self, images: Tensor) -> Tensor:
        return self.colour.expand(len(images), -1, *images.shape[2:])


class Decided(nn.Module):
    """Masks that are known."""

    def forward(self, images: Tensor) -> Tensor:
        values = torch.zeros(len(images), 3, *images.shape[2:])
        values[:, 1] = torch.log(torch.tensor(2.0))
        return values


def test_fusion_by_hand() -> None:
    network = several(Plain, 3, CONTENT)
    network.mask = Decided()
    for k, generator in enumerate(network.generators):
        generator.colour.data.fill_(float(k))  # type: ignore[union-attr]
    images = torch.zeros(2, 1, 4, 4)
    assert torch.allclose(network.masks(images)[0, :, 0, 0], torch.tensor([0.25, 0.5, 0.25]))
    assert torch.allclose(network(images), torch.tensor(1.0))  # 0 / 4 + 1 / 2 + 2 / 4
    network.temperature = 0.5  # squares what the masks are in proportion to: 1 : 4 : 1
    assert torch.allclose(network(images), torch.tensor(4 / 6 + 2 / 6))
    assert torch.allclose(network.masks(images)[0, :, 0, 0], torch.tensor([1.0, 4.0, 1.0]) / 6)


@pytest.mark.parametrize("kind", ["noise", "pictures"])
def test_masks_are_positive_and_sum_to_one(kind: str) -> None:
    network = several(FROM_NOISE) if kind == "noise" else several(FROM_PICTURES, 4, CONTENT)
    given = (torch.randn(2, 6), torch.tensor([0, 1])) if kind == "noise" else (torch.rand(2, 1, 32, 48),)
    masks = network.masks(*given)
    assert masks.shape == (2, network.count, 32, 48)
    assert masks.min() > 0
    torch.testing.assert_close(masks.sum(1), torch.ones(2, 32, 48))
    painted = network(*given)
    assert painted.shape == (2, 3, 32, 48)
    assert painted.abs().max() <= 1
    (painted.square().sum() + masks[:, 0].sum()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_generators_have_weights_of_their_own_and_parts_of_any_network() -> None:
    network = several(partial(FROM_NOISE, attention=[8], pyramid=True), 2)
    first, second = (generator.project.weight for generator in network.generators)  # type: ignore[union-attr]
    assert not torch.equal(first, second)  # type: ignore[arg-type]
    assert sum(isinstance(m, SelfAttention) for m in network.modules()) == 2
    assert network.latent_dim == 6
    assert network.conditional
    copy = deepcopy(network).eval()
    z, labels = torch.randn(1, 6), torch.tensor([1])
    torch.testing.assert_close(copy(z, labels), network.eval()(z, labels))


def test_labels_change_the_masks() -> None:
    network = several(FROM_NOISE)
    z = torch.randn(1, 6).expand(2, 6)
    a, b = network.masks(z, torch.tensor([0, 1]))
    assert not torch.allclose(a, b)


def test_layers_of_all_generators_lie_beside_each_other() -> None:
    network = several(FROM_PICTURES, 2, CONTENT)
    images = torch.rand(2, 1, 32, 32)
    assert network.widths([0, 4]) == [2, 16]
    seen = network.activations(images, [0, 4])
    single = network.generators[1].activations(images, [0, 4])  # type: ignore[operator,union-attr]
    torch.testing.assert_close(seen[1][:, 8:], single[1])
    assert not hasattr(several(partial(UNetGenerator, features=4, levels=2), 2, CONTENT), "activations")


def test_one_generator_is_refused() -> None:
    with pytest.raises(UserError, match=r"count=1 of model\.generator: give 2"):
        several(FROM_NOISE, 1)


def test_masks_in_colours() -> None:
    assert torch.allclose(colours(3)[0], torch.tensor([1.0, 0.1, 0.1]))
    network = several(Plain, 3, CONTENT)
    network.mask = Decided()
    view = MaskView(network)
    expected = colours(3).T @ torch.tensor([0.25, 0.5, 0.25]) * 2 - 1
    assert torch.allclose(view(torch.zeros(1, 1, 4, 4))[0, :, 2, 2], expected)


def test_a_painter_shows_its_masks() -> None:
    network = several(FROM_NOISE).eval()
    painter = Painter(network, SPEC, ("latent", "label"))
    shown = painter.showing_masks()
    assert shown.sample(3, seed=4).shape == (3, 3, 32, 48)
    masks = network.masks(torch.zeros(1, 6), torch.tensor([0]))
    expected = torch.einsum("nkhw,kc->nchw", masks, colours(3)) * 2 - 1
    torch.testing.assert_close(shown(latent=torch.zeros(1, 6), label=torch.tensor([0])), expected)
    with pytest.raises(UserError, match="has one generator and no masks; leave masks= out"):
        Painter(FROM_NOISE(3, 32, 48), SPEC, ("latent",)).showing_masks()


def test_painted_in_tiles_it_is_the_same() -> None:
    network = several(partial(FROM_PICTURES, norm="none"), 2, CONTENT).eval()
    assert network.stride == 4
    image = torch.rand(1, 1, 96, 96)

    def read(top: int, left: int, bottom: int, right: int) -> Tensor:
        return image[..., top:bottom, left:right]

    with torch.no_grad():
        strips = [t.strip for t in paint_in_tiles(network, network, read, 96, 96, tile=32, overlap=64)]
        torch.testing.assert_close(
            torch.cat([s for s in strips if s is not None], 2), network(image), atol=1e-5, rtol=0
        )
