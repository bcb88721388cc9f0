"""Any size, and tiles without seams."""

from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from impasto.base.notices import forget_notices
from impasto.inference.brush import reader
from impasto.inference.tiles import fade, paint_in_tiles, reflect_to, spans
from impasto.networks.layers.channel_attention import SimplifiedChannelAttention
from impasto.networks.layers.modulated import ModulatedConv2d, StyleInput
from impasto.networks.layers.norm import ConditionalNorm, InstanceNorm
from impasto.networks.resnet_translation import TranslationGenerator
from impasto.networks.style_generator import StyleGenerator
from tests.benchmarks.large_picture import paint_apart


def picture(height: int, width: int) -> Tensor:
    g = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 5, 7, generator=g) * 2 - 1
    return nn.functional.interpolate(coarse, (height, width), mode="bilinear") * 0.8


def detailed(height: int, width: int, seed: int = 0) -> Tensor:
    grain = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return (nn.functional.avg_pool2d(grain, 5, 1, 2) * 2 + picture(height, width)).clamp(-1, 1)


def paint(network: nn.Module, image: Tensor, tile: int | None = None, overlap: int | None = 96) -> Tensor:
    """The whole painting of a picture that lies in memory."""

    def read(top: int, left: int, bottom: int, right: int) -> Tensor:
        return image[..., top:bottom, left:right]

    tiles = list(paint_in_tiles(network, network, read, *image.shape[-2:], tile, overlap))
    assert [t.done for t in tiles] == list(range(1, tiles[0].total + 1))
    return torch.cat([t.strip for t in tiles if t.strip is not None], 2)


def test_reflection_by_hand() -> None:
    row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert reflect_to(row, 1, 8).flatten().tolist() == [1, 2, 3, 3, 3, 3, 3, 3]  # one row: the edge goes on
    square = torch.arange(9.0).view(1, 1, 3, 3)
    assert reflect_to(square, 3, 8)[0, 0, 0].tolist() == [0, 1, 2, 1, 0, 1, 2, 1]


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (17, 16), (31, 45)])
@torch.no_grad()
def test_any_size_comes_back(size: tuple[int, int]) -> None:
    network = TranslationGenerator(features=4, blocks=1).eval()
    assert paint(network, picture(*size)).shape == (1, 3, *size)


@torch.no_grad()
def test_padding_does_not_reach_pictures_that_need_none() -> None:
    network = TranslationGenerator(features=4, blocks=1).eval()
    image = picture(20, 24)
    assert torch.equal(paint(network, image), network(image))


@pytest.mark.parametrize("size", [(96, 200), (130, 67)])
def test_boxes_cover_the_picture_and_weights_are_positive(size: tuple[int, int]) -> None:
    height, width = size
    total = torch.zeros(size)
    boxes = [(rows, columns) for rows in spans(height, 64, 8, 4) for columns in spans(width, 64, 8, 4)]
    for (top, bottom), (left, right) in boxes:
        across = fade(right - left, 8, left > 0, right < width, total.device)
        down = fade(bottom - top, 8, top > 0, bottom < height, total.device)
        total[top:bottom, left:right] += down[:, None] * across
        assert (top % 4, left % 4) == (0, 0)
    assert total.min() > 0.4


@pytest.mark.parametrize("norm", ["none", "batch"])
@torch.no_grad()
def test_tiles_agree_with_the_whole_where_overlap_covers_the_reach(norm: str) -> None:
    torch.manual_seed(0)
    network = TranslationGenerator(features=4, blocks=1, norm=norm).eval()  # type: ignore[arg-type]
    image = picture(130, 170)
    whole, tiled = paint(network, image, tile=0), paint(network, image, tile=64, overlap=48)
    assert (whole - tiled).abs().max() < 1e-5


@torch.no_grad()
def test_instance_norm_is_shared_by_the_tiles() -> None:
    torch.manual_seed(0)
    network = TranslationGenerator(features=8, blocks=2).eval()
    image = torch.cat([picture(128, 96) * 0.1 - 0.8, picture(128, 96)], -1)  # dull and dark beside bright
    wide, narrow = paint(network, image, tile=96, overlap=64), paint(network, image, tile=64, overlap=64)
    # The same tiles, each by itself: at x = 96 the picture changes for the eye; at x = 48 and 144 nothing does.
    apart = torch.cat([network(part) for part in image.split(48, -1)], -1)
    for seam in (48, 144):
        assert step_at(apart, seam) > 0.05
        assert max(step_at(wide, seam), step_at(narrow, seam)) < 0.03
    assert all(m.statistics is None for m in network.modules() if isinstance(m, InstanceNorm))


@pytest.mark.parametrize("kind", ["instance", "layer"])
@torch.no_grad()
def test_every_normalisation_by_a_pictures_statistics_is_shared_by_the_tiles(kind: str) -> None:
    torch.manual_seed(0)
    norm = ConditionalNorm(kind, 8)  # type: ignore[arg-type]
    for value in norm.parameters():
        nn.init.normal_(value)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), norm, nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))
    image = picture(128, 192)
    whole, tiled = paint(network, image, tile=0), paint(network, image, tile=64, overlap=64)
    assert whole.std() > 0.1
    assert (whole - tiled).abs().max() < 1e-4, "small enough for the statistics to be those of the picture itself"


@torch.no_grad()
def test_norms_that_no_tile_can_share_are_named(caplog: pytest.LogCaptureFixture) -> None:
    forget_notices()
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.InstanceNorm2d(3))
    paint(network, picture(40, 40), tile=32)
    assert "This network's InstanceNorm2d normalise each tile by itself" in caplog.text


@torch.no_grad()
def test_tiles_begin_and_end_at_multiples_of_the_stride() -> None:
    class Strided(nn.Module):
        stride = 48
        smallest = 48

        def forward(self, images: Tensor) -> Tensor:
            assert images.shape[-2] % 48 == images.shape[-1] % 48 == 0
            return images

    image = picture(200, 310)
    assert torch.allclose(paint(Strided(), image, tile=60, overlap=10), image, atol=1e-6)


def restless(blocks: tuple[int, ...] = (0, 2, 4)) -> StyleGenerator:
    """A generator at random weights, with noise at work."""
    torch.manual_seed(0)
    network = StyleGenerator(blocks=blocks).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, ModulatedConv2d) and module.noise is not None:
            nn.init.normal_(module.noise, std=0.03)
    return network.fixed(StyleInput(network.encoder(picture(64, 80).flip(1))))


@pytest.mark.parametrize("size", [(333, 517), (602, 150)])
def test_noise_belongs_to_the_picture_and_tiles_agree_with_the_whole(size: tuple[int, int]) -> None:
    network, image = restless(), detailed(*size)
    whole, tiled = paint(network, image), paint(network, image, tile=130, overlap=None)
    assert whole.shape == (1, 3, *size)
    assert whole.std() > 0.1
    # Rounding of the places along which lines of noise run is all that is left; 2 / 255 is a level.
    assert (whole - tiled).abs().max() < 2 / 255
    assert (whole - tiled).abs().mean() < 1e-5
    assert network.place == (0, 0)
    network.place = (64, 64)
    assert (network(image[..., :128, :128]) - whole[..., :128, :128]).abs().mean() > 0.02, "the noise is seen"


@pytest.mark.parametrize("blocks", [(0, 1, 1), (1, 2, 4)])
def test_no_pixel_depends_on_others_beyond_the_reach(blocks: tuple[int, ...]) -> None:
    network = restless(blocks)
    image = detailed(48, 640)
    other = image.clone()
    other[..., 320:] = detailed(48, 320, seed=1)
    network.palette.statistics = network.palette.measure_parts([image])
    changed = (network(image) != network(other)).any(1).any(1)[0].nonzero()
    assert network.reach / 2 < 320 - int(changed[0]) <= network.reach


def test_a_tile_that_fails_leaves_the_network_as_it_was() -> None:
    class Failing(nn.Module):
        place = (0, 0)
        seen: ClassVar[list[tuple[int, int]]] = []

        def forward(self, images: Tensor) -> Tensor:
            self.seen.append(self.place)
            if self.place != (0, 0):
                raise MemoryError
            return images

    network = Failing()
    with pytest.raises(MemoryError):
        paint(network, picture(40, 40), tile=20, overlap=4)
    assert (network.seen, network.place) == ([(0, 0), (0, 16)], (0, 0))


def step_at(images: Tensor, column: int) -> float:
    """How much larger the change across a column is than the changes beside it."""
    change = (images[..., column - 3 : column + 3].diff(dim=-1)).abs().mean((0, 1, 2))
    return float(change[2] - (change[0] + change[4]) / 2)


def test_memory_of_large_pictures() -> None:
    tiny = {"features": 2, "blocks": 1}
    small, large = paint_apart([(2000, 1000), (2000, 3000)], tile=512, network=tiny)
    # A picture and its painting in 8 bits are 6 bytes a pixel, and decoding and encoding hold copies: 18 to 26 in all.
    # A picture, a painting and weights in float32 would be 28 more.
    assert (large["peak"] - small["peak"]) / (2000 * 2000) < 40


def attentive() -> nn.Sequential:
    """Two layers that weigh channels by their means over the picture, one after the other."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for before, after in ((3, 8), (8, 8)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.Tanh(), SimplifiedChannelAttention(after)]
    return nn.Sequential(*layers, nn.Conv2d(8, 3, 3, padding=1))


@torch.no_grad()
def test_means_over_the_picture_are_shared_by_the_tiles() -> None:
    network = attentive()
    image = torch.cat([picture(128, 96) * 0.1 - 0.8, detailed(128, 96)], -1)  # dull and dark beside bright and rough
    whole, tiled = paint(network, image, tile=0), paint(network, image, tile=64, overlap=16)
    apart = torch.cat([network(part) for part in image.split(64, -1)], -1)
    assert (whole - apart).abs().max() > 0.005
    # Two layers, two rounds: what the second sees is already that of the whole.
    assert (whole - tiled).abs().max() < 1e-5
    assert all(m.pooled is None for m in network.modules() if isinstance(m, SimplifiedChannelAttention))
    network = nn.Sequential(network, nn.Upsample(scale_factor=2))
    tiles = list(paint_in_tiles(network, network, reader(image), 128, 192, 64, 16, scale=2))
    enlarged = torch.cat([t.strip for t in tiles if t.strip is not None], 2)
    assert [t.done for t in tiles] == list(range(1, 19))
    assert (enlarged - whole.repeat_interleave(2, 2).repeat_interleave(2, 3)).abs().max() < 1e-5
