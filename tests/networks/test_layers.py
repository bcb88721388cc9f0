"""Layers against hand-written values and independent implementations."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from impasto.base.errors import UserError
from impasto.networks.layers.attention import SelfAttention
from impasto.networks.layers.bottleneck import ResidualBlock
from impasto.networks.layers.dropout import ChannelDropout
from impasto.networks.layers.head import MinibatchDeviation, ScoreHead
from impasto.networks.layers.ladder import doubling, ladder, nearest_levels
from impasto.networks.layers.linear import conv, dense, he, small_normal
from impasto.networks.layers.norm import BatchNorm, ConditionalNorm, InstanceNorm, PixelNorm, WholePictureStatistics
from impasto.networks.layers.resample import UpConv, pad_to_even, resized
from impasto.networks.r3gan import R3GANDiscriminator, R3GANGenerator


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((28, 28), [(4, 4), (7, 7), (14, 14), (28, 28)]),
        ((64, 64), [(4, 4), (8, 8), (16, 16), (32, 32), (64, 64)]),
        ((37, 53), [(5, 7), (10, 14), (19, 27), (37, 53)]),
        ((96, 64), [(6, 4), (12, 8), (24, 16), (48, 32), (96, 64)]),
        ((7, 100), [(4, 50), (7, 100)]),
    ],
)
def test_ladder(size: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    assert ladder(*size) == expected


def test_widths_double_downwards() -> None:
    assert doubling(5, 64, 300) == [300, 300, 256, 128, 64]


def test_attention_goes_to_the_nearest_resolution() -> None:
    assert nearest_levels(ladder(64, 64), [32]) == {3}
    assert nearest_levels(ladder(28, 28), [32, 8]) == {3, 1}
    assert nearest_levels(ladder(96, 64), []) == set()


@pytest.mark.parametrize("size", [(8, 14), (7, 14), (8, 13), (7, 13)])
def test_nearest_upsampling_is_repetition_then_convolution(size: tuple[int, int]) -> None:
    """The fused kernel against the plain way; away from a cropped edge, where what was cut off still counts."""
    up = UpConv(3, 5)
    x = torch.randn(2, 3, 4, 7)
    plain = F.conv2d(F.interpolate(x, scale_factor=2), up.conv.weight, up.conv.bias, padding=1)
    torch.testing.assert_close(up(x, size), plain[:, :, : size[0], : size[1]], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "fan_in"), [("nearest", 64 * 9), ("transposed", 64 * 4)])
def test_initial_weights_of_upsampling_go_by_what_reaches_a_pixel(kind: Any, fan_in: int) -> None:
    up = UpConv(64, 128, kind, init=he())
    assert up.conv.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.02)
    assert UpConv(64, 128, kind, init=small_normal).conv.weight.std().item() == pytest.approx(0.02, rel=0.02)
    if kind == "transposed":  # rectified noise of mean square 1/2 comes out with variance 1, away from the border
        painted = up(torch.randn(16, 64, 8, 8).relu(), (16, 16))[:, :, 2:-2, 2:-2]
        assert painted.square().mean().item() == pytest.approx(1, rel=0.1)


def test_transposed_upsampling_is_pytorchs() -> None:
    up = UpConv(3, 5, "transposed")
    layer = nn.ConvTranspose2d(3, 5, 4, 2, 1)
    layer.load_state_dict({"weight": up.conv.weight.transpose(0, 1), "bias": up.conv.bias})
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(up(x, (8, 8)), layer(x))
    with pytest.raises(UserError, match="no upsampling 'cubic'; set upsampling to one of nearest, transposed"):
        UpConv(3, 5, "cubic")  # type: ignore[arg-type]


def test_a_constant_stays_constant_when_enlarged() -> None:
    """No checkerboard: away from the border all pixels of an enlarged constant are alike, whatever the kernel."""
    up = UpConv(2, 1)
    inside = up(torch.ones(1, 2, 8, 8), (16, 16))[0, 0, 1:-1, 1:-1]
    torch.testing.assert_close(inside, inside[0, 0].expand_as(inside))


def test_halving_is_the_mean_of_four() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert resized(x, (2, 2)).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert pad_to_even(torch.ones(1, 1, 3, 4)).shape == (1, 1, 4, 4)


@pytest.mark.parametrize("shape", [(6, 4, 5, 3), (6, 4)])
def test_batch_norm_is_pytorchs(shape: tuple[int, ...]) -> None:
    ours, theirs = BatchNorm(4), nn.BatchNorm2d(4) if len(shape) == 4 else nn.BatchNorm1d(4)
    with torch.no_grad():
        ours.weight.copy_(torch.randn(4))  # type: ignore[union-attr]
        ours.bias.copy_(torch.randn(4))  # type: ignore[union-attr]
    theirs.load_state_dict({**ours.state_dict(), "num_batches_tracked": torch.tensor(0)})
    for _ in range(3):
        x = torch.randn(shape) * 3 + 5
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(ours.running_var, theirs.running_var, rtol=1e-6, atol=1e-6)
    ours.eval(), theirs.eval()
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["batch", "instance", "layer", "pixel", "none"])
def test_conditional_norm_by_hand(kind: str) -> None:
    norm = ConditionalNorm(kind, 4, condition_width=3)  # type: ignore[arg-type]
    x, c = torch.randn(2, 4, 5, 6), torch.randn(2, 3)
    axes = {"batch": (0, 2, 3), "instance": (2, 3), "layer": (1, 2, 3)}
    if kind in axes:
        mean, var = x.mean(axes[kind], keepdim=True), x.var(axes[kind], keepdim=True, correction=0)
        normal = (x - mean) / (var + 1e-5).sqrt()
    else:
        normal = x if kind == "none" else x / x.square().mean(1, keepdim=True).sqrt()
    linear = norm.modulate
    assert isinstance(linear, nn.Linear)
    gain, bias = (c @ linear.weight.T + linear.bias).view(2, 8, 1, 1).chunk(2, dim=1)
    torch.testing.assert_close(norm(x, c), normal * (1 + gain) + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["instance", "layer"])
@pytest.mark.parametrize("width", [0, 3])
def test_a_tile_is_normalised_by_the_statistics_of_its_picture(kind: str, width: int) -> None:
    norm = ConditionalNorm(kind, 4, condition_width=width)  # type: ignore[arg-type]
    for value in norm.parameters():
        nn.init.normal_(value)
    x, c = torch.randn(1, 4, 8, 6) * 3 + 5, torch.randn(1, 3) if width else None
    inner = norm.normalise
    assert isinstance(inner, WholePictureStatistics)
    whole, inner.statistics = norm(x, c), inner.measure(x)
    torch.testing.assert_close(norm(x[..., :3, :2], c), whole[..., :3, :2], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("affine", [False, True])
def test_instance_norm_that_keeps_the_layout_is_the_same_function(count: int, affine: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(count, 5, 6, 4).mul(3).add(2).to(memory_format=torch.channels_last).requires_grad_()
    outcomes = []
    for keep in (True, False):
        layer = InstanceNorm(channels=5 * affine, keep_layout=keep)
        y = layer(x)
        assert y.is_contiguous(memory_format=torch.channels_last) == keep
        weights = torch.linspace(-1, 1, y.numel()).view(y.shape)
        outcomes.append((y, *torch.autograd.grad((y * weights).sum(), [x, *layer.parameters()])))
    for a, b in zip(*outcomes, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_pixel_norm_by_hand() -> None:
    x = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(PixelNorm()(x).flatten(), torch.tensor([3.0, 4.0]) / math.sqrt(12.5))


def test_attention_is_a_softmax_written_out() -> None:
    layer = SelfAttention(8, spectral=False)
    layer.gamma.data.fill_(0.7)
    x = torch.randn(1, 8, 4, 6)
    q, k, v = (m.weight[:, :, 0, 0] @ x[0].flatten(1) for m in (layer.query, layer.key, layer.value))

    def pooled(values: torch.Tensor) -> torch.Tensor:
        return values.view(-1, 2, 2, 3, 2).amax((2, 4)).flatten(1)

    k, v = pooled(k), pooled(v)
    columns = []
    for i in range(24):
        weights = torch.exp(torch.stack([q[:, i] @ k[:, j] for j in range(6)]))
        columns.append(sum(weights[j] / weights.sum() * v[:, j] for j in range(6)))
    out = layer.out.weight[:, :, 0, 0] @ torch.stack(columns, 1)
    torch.testing.assert_close(layer(x), x + 0.7 * out.view(1, 8, 4, 6), rtol=1e-4, atol=1e-5)


def test_attention_starts_as_the_identity() -> None:
    x = torch.randn(2, 16, 5, 7)
    assert torch.equal(SelfAttention(16)(x), x)


def test_minibatch_deviation_by_hand() -> None:
    """Two groups of two: pixels 0 and 2 (deviation 1), then 5 and 5 (deviation 0)."""
    x = torch.tensor([0.0, 2.0, 5.0, 5.0]).view(4, 1, 1, 1).expand(4, 1, 2, 2)
    deviation = MinibatchDeviation(2)(x)[:, 1, 0, 0]
    torch.testing.assert_close(deviation, torch.tensor([1.0, 1.0, 1e-4, 1e-4]), rtol=1e-4, atol=1e-6)
    assert MinibatchDeviation(4)(x[:3]).shape == (3, 2, 2, 2)


def test_projection_by_hand() -> None:
    """Miyato and Koyama 2018, equation 3: psi(phi(x)) + <y, phi(x)> with phi summed over positions."""
    head = ScoreHead(2, (1, 2), num_classes=3, pooling="sum", init=small_normal)
    x = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    phi = torch.tensor([3.0, 7.0])
    expected = head.score.weight[0] @ phi + head.score.bias[0] + head.embed.embed.weight[2] @ phi  # type: ignore[union-attr]
    torch.testing.assert_close(head(x, torch.tensor([2]))[0], expected)


def test_dropout_drops_whole_channels() -> None:
    layer = ChannelDropout(0.25)
    y = layer(torch.ones(64, 64, 2, 2))
    assert y.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert torch.equal(y.amin((2, 3)), y.amax((2, 3)))
    assert 0.2 < (y == 0).float().mean() < 0.3
    assert torch.equal(layer.eval()(y), y)


def test_initialisations() -> None:
    weight = conv(64, 128, 4, init=small_normal).weight
    assert weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert dense(512, 512).weight.std().item() == pytest.approx(math.sqrt(2 / 512), rel=0.02)
    assert dense(512, 512, init=he(0.2, 0.5)).weight.std().item() == pytest.approx(
        0.5 * math.sqrt(2 / 1.04 / 512), rel=0.02
    )
    assert conv(3, 5).bias.abs().max() == 0  # type: ignore[union-attr]


def test_r3gan_branches_start_as_zero_and_are_scaled() -> None:
    """Fixup with m = 3 layers a branch and 16 blocks: 16^(-1/4) = 1/2 of He's deviation, the last layer zero."""
    block = ResidualBlock(64, expansion=2, group=16, slope=0.0, blocks=16)
    x = torch.randn(2, 64, 5, 5)
    assert torch.equal(block(x), x)
    first, grouped = block.branch[0], block.branch[2]
    assert first.weight.std().item() == pytest.approx(0.5 * math.sqrt(2 / 64), rel=0.03)
    assert grouped.weight.std().item() == pytest.approx(0.5 * math.sqrt(2 / (16 * 9)), rel=0.03)
    assert grouped.groups == 8


def test_r3gan_has_no_normalisation_and_keeps_its_scale() -> None:
    generator = R3GANGenerator(3, 64, 64, features=8, max_features=32, group=8)
    discriminator = R3GANDiscriminator(3, 64, 64, features=8, max_features=32, group=8)
    names = {type(m).__name__ for n in (generator, discriminator) for m in n.modules()}
    assert not any("Batch" in name or "Group" in name or "Spectral" in name for name in names)
    pictures = generator(torch.randn(16, 64))
    assert 0.2 < pictures.std() < 2
    assert 0.01 < discriminator(pictures).std() < 5
    with pytest.raises(UserError, match="20 channels x expansion 2 cannot be cut into groups of 16"):
        R3GANGenerator(3, 16, 16, features=10)
