"""Convolutions by Winograd's tiles against torch's own in float64."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.layers.winograd import (
    FILTER,
    INPUT,
    OUTPUT,
    Transformed,
    WinogradConv2d,
    _Convolution,
    transformed_filters,
)


def relative(a: Tensor, b: Tensor) -> float:
    return float(((a - b).norm() / b.norm()).detach())


def direct(layer: WinogradConv2d, x: Tensor) -> Tensor:
    """The definition, in float64."""
    assert layer.bias is not None
    border = int(layer.padding[0])
    mode = "reflect" if layer.padding_mode == "reflect" else "constant"
    return F.conv2d(F.pad(x.double(), (border,) * 4, mode=mode), layer.weight.double(), layer.bias.double())


def test_one_tile_by_hand() -> None:
    # A kernel with a single 1 copies what a tile sees, shifted by where the 1 is.
    tile = torch.arange(36.0).view(6, 6)
    for row, column in ((1, 1), (0, 0), (2, 1)):
        kernel = torch.zeros(3, 3)
        kernel[row, column] = 1
        product = (FILTER @ kernel.reshape(9)) * (INPUT @ tile.reshape(36))
        expected = tile[row : row + 4, column : column + 4]
        torch.testing.assert_close((OUTPUT @ product).view(4, 4), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("padding", "mode"), [(0, "zeros"), (1, "zeros"), (1, "reflect")])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_same_function_and_gradients(padding: int, mode: str, memory_format: torch.memory_format) -> None:
    torch.manual_seed(0)
    layer = WinogradConv2d(64, 80, padding, mode)  # type: ignore[arg-type]
    layer.to(memory_format=memory_format)  # type: ignore[call-overload]
    height, width = (12, 20) if padding else (14, 22)
    x = torch.randn(2, 64, height, width).to(memory_format=memory_format).requires_grad_()
    assert layer.suits(x)
    convolved, expected = layer(x), direct(layer, x)
    assert convolved.shape == expected.shape == (2, 80, 12, 20)
    assert relative(convolved, expected) < 1e-5
    weights, inputs = torch.randn(expected.shape), [x, *layer.parameters()]
    ours = torch.autograd.grad((convolved * weights).sum(), inputs)
    for a, b in zip(ours, torch.autograd.grad((expected * weights).sum(), inputs), strict=True):
        assert relative(a, b) < 1e-5


def test_gradients_have_gradients() -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(1, 2, 6, 6, requires_grad=True), torch.randn(3, 2, 3, 3, requires_grad=True)

    def penalty(y: Tensor) -> tuple[Tensor, ...]:
        (slope,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), (x, weight))

    convolved = _Convolution.apply(x, weight, None, Transformed(weight, 0, transformed_filters(weight.detach())))
    for a, b in zip(penalty(convolved), penalty(F.conv2d(x, weight)), strict=True):
        assert relative(a, b) < 1e-4


def test_what_does_not_suit_is_torchs_own() -> None:
    torch.manual_seed(0)
    layer = WinogradConv2d(64, 64, 1, "reflect")
    odd = torch.randn(1, 64, 10, 12)
    assert not layer.suits(odd)
    torch.testing.assert_close(layer(odd), nn.Conv2d.forward(layer, odd), atol=0, rtol=0)
    assert not WinogradConv2d(8, 64).suits(torch.randn(1, 8, 6, 6))
    even = torch.randn(1, 64, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        assert not layer.suits(even)
        assert layer(even).dtype == torch.bfloat16
    assert layer.suits(even)
    assert not layer.double().suits(even.double())


def test_a_step_in_several_passes_and_whatever_moves_the_weights() -> None:
    torch.manual_seed(0)
    layer, other = WinogradConv2d(64, 64), nn.Conv2d(64, 64, 3)
    other.load_state_dict(layer.state_dict())
    x = torch.randn(1, 64, 6, 6)

    def step(network: nn.Module) -> Tensor:
        y = network(network(x).repeat(1, 1, 2, 2)[..., :6, :6])  # two passes, one gradient
        y.square().mean().backward()
        weight = network.weight
        assert isinstance(weight, nn.Parameter)
        assert weight.grad is not None
        weight.data.sub_(0.1 * weight.grad)  # such as torch's version counter does not see
        weight.grad = None
        return y

    for _ in range(2):
        assert relative(step(layer), step(other)) < 1e-5
    copy = deepcopy(layer)
    with torch.no_grad():
        for network in (layer, other, copy):
            network.weight.mul_(0.5)
        assert relative(layer(x), other(x)) < 1e-5
        assert relative(copy(x), other(x)) < 1e-5
    layer(x)  # keeps its filters
    copy = deepcopy(layer)
    copy.weight.data.zero_()
    assert relative(copy(x) + other(x), other(x) + other.bias.view(-1, 1, 1)) < 1e-5  # type: ignore[union-attr]
