"""NAFNet: any size, what it starts from, what each task keeps, and its reach."""

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.pixels import luma
from impasto.base.spec import ImageSpec
from impasto.networks.build import build_network
from impasto.networks.layers.channel_attention import SimplifiedChannelAttention
from impasto.networks.nafnet import NAFBlock, NAFNet

SMALL = {"features": 4, "encoder": (1, 1), "middle": 1, "decoder": (1, 1)}


def restless(**settings: object) -> NAFNet:
    """A network whose every layer has something to say."""
    torch.manual_seed(0)
    network = NAFNet(**{**SMALL, **settings}).eval().requires_grad_(False)  # type: ignore[arg-type]
    for name, value in network.named_parameters():
        if name.endswith(("beta", "gamma")):
            nn.init.normal_(value)
    nn.init.normal_(network.leave.weight, std=0.2)
    return network


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def block_by_hand(block: NAFBlock, x: Tensor) -> Tensor:
    """Figure 3c and equations 4 and 6 of the paper, word by word."""

    def layer_norm(x: Tensor) -> Tensor:
        mean, variance = x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)
        return (x - mean) / (variance + 1e-6).sqrt()

    def simple_gate(x: Tensor) -> Tensor:
        half = x.shape[1] // 2
        return x[:, :half] * x[:, half:]

    y = simple_gate(block.depthwise(block.spread(layer_norm(x))))
    y = y * block.attention.weigh(nn.functional.adaptive_avg_pool2d(y, 1))
    x = x + block.gather(y) * block.beta.view(1, -1, 1, 1)
    return x + block.reduce(simple_gate(block.expand(layer_norm(x)))) * block.gamma.view(1, -1, 1, 1)


def test_a_block_is_the_published_one() -> None:
    torch.manual_seed(0)
    block = NAFBlock(6).requires_grad_(False)
    x = pictures(2, 6, 5, 7)
    assert torch.equal(block(x), x), "the weights of what is added begin at zero"
    nn.init.normal_(block.beta)
    nn.init.normal_(block.gamma)
    assert torch.allclose(block(x), block_by_hand(block, x), atol=1e-5)
    assert (block(x) - x).abs().mean() > 0.05


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (17, 16), (31, 45)])
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_any_size_comes_back_scaled(size: tuple[int, int], scale: int) -> None:
    height, width = size
    assert restless(scale=scale, shrink=2)(pictures(1, 3, height, width)).shape == (1, 3, height * scale, width * scale)


def test_training_starts_from_the_picture_itself() -> None:
    torch.manual_seed(0)
    content = pictures(1, 3, 24, 20)
    assert (NAFNet(**SMALL)(content) - content).abs().max() < 0.1  # type: ignore[arg-type]
    larger = nn.functional.interpolate(content, scale_factor=3, mode="bicubic", align_corners=False)
    assert (NAFNet(**SMALL, scale=3)(content) - larger).abs().max() < 0.1  # type: ignore[arg-type]


def test_sizes_that_are_no_multiples_are_those_of_continued_pictures() -> None:
    network, image = restless(), pictures(1, 3, 10, 13)
    continued = nn.functional.pad(image, (0, 3, 0, 2), mode="replicate")
    assert torch.equal(network(image), network(continued)[..., :10, :13])


def test_holes_are_filled_and_known_pixels_kept() -> None:
    network, image = restless(task="inpaint", given_channels=4), pictures(2, 3, 16, 16)
    known = torch.ones(2, 1, 16, 16)
    known[..., 4:9, 5:12] = -1
    painted = network(torch.cat([image, known], 1))
    hole = (known < 0).expand_as(image)
    assert torch.equal(painted[~hole], image[~hole])
    assert (painted[hole] - image[hole]).abs().mean() > 0.05
    other = torch.where(hole, torch.full_like(image, 0.7), image)
    assert torch.equal(network(torch.cat([other, known], 1)), painted), "what lies in holes is not seen"


def test_training_starts_from_holes_filled_smoothly() -> None:
    torch.manual_seed(0)
    slope = torch.linspace(-0.5, 0.5, 32).expand(1, 3, 32, 32)
    known = torch.ones(1, 1, 32, 32)
    known[..., 12:20, 12:20] = -1
    painted = NAFNet(**SMALL, shrink=2, task="inpaint", given_channels=4)(torch.cat([slope, known], 1))  # type: ignore[arg-type]
    assert (painted - slope).abs().max() < 0.1


def test_colors_are_painted_and_luma_is_kept() -> None:
    grey = pictures(2, 1, 16, 16)
    painted = restless(task="colorize", given_channels=1)(grey)
    assert (luma(painted) - grey).abs().max() < 1e-5
    assert (painted - grey).abs().mean() > 0.05


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shrink": 2},
        {"encoder": (2, 1, 1), "decoder": (1, 1, 2)},
        {"scale": 2, "shrink": 4},
        {"task": "inpaint", "given_channels": 4},
    ],
)
def test_no_pixel_depends_on_others_beyond_the_reach(settings: dict[str, object]) -> None:
    network = restless(**settings)
    for layer in network.modules():
        if isinstance(layer, SimplifiedChannelAttention):
            layer.pooled = torch.ones(1, layer.weigh.in_channels, 1, 1)
    image = pictures(1, 3, 16, 256)
    other = image.clone()
    other[..., 128:] = pictures(1, 3, 16, 128, seed=1)
    if network.task == "inpaint":  # a hole up to the border of what is changed
        known = torch.ones(1, 1, 16, 256)
        known[..., 60:128] = -1
        image, other = torch.cat([image, known], 1), torch.cat([other, known], 1)
    changed = (network(image) != network(other)).any(1).any(1)[0].nonzero()
    reached = 128 - int(changed[0]) // network.scale
    assert network.reach / 2 < reached <= network.reach


def test_it_is_built_from_the_data() -> None:
    small = NAFNet(**SMALL, shrink=2, scale=2)  # type: ignore[arg-type]
    assert (small.shrink, NAFNet(**SMALL, shrink=2).shrink) == (1, 2), "the first level is half of the painting's size"  # type: ignore[arg-type]
    network = build_network(NAFNet, ImageSpec(3, 48, 48), ImageSpec(3, 16, 16, task="super_resolution"))
    assert isinstance(network, NAFNet)
    assert (network.scale, network.task) == (3, "super_resolution")
    masked = build_network(NAFNet, ImageSpec(1, 48, 48), ImageSpec(2, 48, 48, task="inpaint"))
    assert masked(torch.zeros(1, 2, 48, 48)).shape == (1, 1, 48, 48)


def test_settings_that_make_no_network_are_refused() -> None:
    with pytest.raises(UserError, match=r"2 levels on the way down \(encoder=\[1, 1\]\) and 1 on the way up"):
        NAFNet(encoder=(1, 1), decoder=(1,))
    with pytest.raises(UserError, match="features=0"):
        NAFNet(features=0)
