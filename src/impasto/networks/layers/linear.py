"""Convolutions and dense layers with their initialisation and optional spectral normalisation."""

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

Initialise = Callable[[Tensor], Any]
Layer = TypeVar("Layer", nn.Conv2d, nn.Linear, nn.Embedding)


def small_normal(weight: Tensor) -> Tensor:
    """N(0, 0.02) (Radford et al. 2016, section 4)."""
    return nn.init.normal_(weight, 0.0, 0.02)


def orthogonal(weight: Tensor) -> Tensor:
    """Orthogonal rows or columns (Saxe et al. 2014; for GANs: Brock et al. 2019, section 3)."""
    return nn.init.orthogonal_(weight)


def he(slope: float = 0.0, scale: float = 1.0) -> Initialise:
    """N(0, 2 / ((1 + slope^2) fan-in)), times ``scale`` (He et al. 2015, equations 10 and 15)."""

    def initialise(weight: Tensor) -> Tensor:
        fan_in = weight[0].numel()
        return nn.init.normal_(weight, 0.0, scale * math.sqrt(2 / ((1 + slope**2) * fan_in)))

    return initialise


def conv(
    before: int,
    after: int,
    kernel: int = 3,
    *,
    stride: int = 1,
    padding: int | None = None,
    groups: int = 1,
    bias: bool = True,
    init: Initialise | None = None,
    spectral: bool = False,
) -> nn.Conv2d:
    """A convolution that keeps the size at stride 1; biases start at zero.

    Args:
        before: channels in.
        after: channels out.
        kernel: side of the kernel.
        stride: step.
        padding: zeros on each side; None takes half the kernel.
        groups: of channels that are convolved apart.
        bias: whether there is one; not needed before a normalisation.
        init: of the weights; None takes He's for ReLU.
        spectral: divide the weights by their largest singular value (Miyato et al. 2018, algorithm 1).
    """
    if padding is None:
        padding = kernel // 2
    layer = nn.Conv2d(before, after, kernel, stride, padding, groups=groups, bias=bias)
    return finished(layer, init, spectral)


def dense(
    before: int, after: int, *, bias: bool = True, init: Initialise | None = None, spectral: bool = False
) -> nn.Linear:
    """A dense layer; arguments as for :func:`conv`."""
    return finished(nn.Linear(before, after, bias=bias), init, spectral)


def finished(layer: Layer, init: Initialise | None, spectral: bool) -> Layer:
    """Initialise a layer, then put the spectral norm on it."""
    (init or he())(layer.weight)
    if getattr(layer, "bias", None) is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return cast(Layer, spectral_norm(layer)) if spectral else layer
