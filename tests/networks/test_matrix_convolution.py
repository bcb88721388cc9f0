"""Strided convolutions as a matrix product against torch's own."""

import pytest
import torch
from torch import Tensor, nn

from impasto.networks.layers import matrix_convolution
from impasto.networks.layers.matrix_convolution import DoublingConv2d, HalvingConv2d


def outcome(layer: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    """The map and the gradients of some function of it."""
    y = layer(x)
    weights = torch.linspace(-1, 1, y.numel()).view(y.shape)
    return y, *torch.autograd.grad((y * weights).sum(), [x, *layer.parameters()])


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (4, 6), (5, 3)])
@pytest.mark.parametrize("kind", [HalvingConv2d, DoublingConv2d])
def test_the_same_function_and_gradients(
    kind: type[HalvingConv2d | DoublingConv2d], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    if kind is HalvingConv2d:
        size = (max(size[0], 2), max(size[1], 2))
    layer = kind(5, 7)
    x = torch.randn(2, 5, *size).to(memory_format=torch.channels_last).requires_grad_()
    product = outcome(layer, x)
    monkeypatch.setattr(matrix_convolution, "SMALL_MAP", 0)
    for a, b in zip(product, outcome(layer, x), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-5)


def test_large_maps_are_torchs_own() -> None:
    torch.manual_seed(0)
    for layer, size in ((HalvingConv2d(2, 3), 18), (DoublingConv2d(2, 3), 9)):
        x = torch.randn(1, 2, size, size)
        torch.testing.assert_close(layer(x), super(type(layer), layer).forward(x), atol=0, rtol=0)
