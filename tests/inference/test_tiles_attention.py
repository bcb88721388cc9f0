"""A network that attends over the whole picture, painted in tiles."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from impasto.base.notices import forget_notices, notices
from impasto.base.spec import ImageSpec
from impasto.inference.tiles import paint_in_tiles
from impasto.networks.build import build_network
from impasto.networks.layers.attention import CrossAttention, SelfAttention
from impasto.networks.resnet_translation import TranslationGenerator

SPEC = ImageSpec(3, 64, 64)


def painted(network: nn.Module, image: Tensor, tile: int) -> Tensor:
    def read(top: int, left: int, bottom: int, right: int) -> Tensor:
        return image[..., top:bottom, left:right]

    with torch.no_grad():
        tiles = list(paint_in_tiles(network, network, read, *image.shape[2:], tile=tile, overlap=48))
    return torch.cat([t.strip for t in tiles if t.strip is not None], 2)


@pytest.mark.parametrize("part", ["attention", "cross_attention"])
def test_tiles_attend_to_the_whole_picture(part: str) -> None:
    """Left and right half differ, so that a tile that attended to itself would come out in another colour."""
    torch.manual_seed(0)
    make = partial(TranslationGenerator, features=8, blocks=1, norm="none", **{part: [16]})  # type: ignore[arg-type]
    network = build_network(make, SPEC, SPEC).eval()
    layer = next(m for m in network.modules() if isinstance(m, SelfAttention | CrossAttention))
    layer.gamma.data.fill_(3.0)
    image = torch.rand(1, 3, 64, 256) * 0.1 - 0.9
    image[..., 128:] += 1.5
    whole = painted(network, image, 0)
    forget_notices()
    tiled = painted(network, image, 64)
    assert "tiles attend to the picture made small" in notices()["inference.attention"]
    assert layer.whole is None
    alone = torch.cat([network(part) for part in image.split(64, 3)], 3).detach()
    assert (tiled - whole).abs().mean() < 0.25 * (alone - whole).abs().mean()
