"""Gradients of single pictures by layer, without holding them: their norms, and their weighted sums.

The gradient of a picture by a layer's weight is made of what went into the layer and of the gradient of what came out.
Its norm follows from their inner products (ghost norm: Goodfellow 2015, Li et al. 2022), and the sum of clipped
gradients is an ordinary weight gradient whose pictures are weighed (book-keeping: Bu et al. 2023). A step thus costs
little more than an ordinary one; held in memory, as Opacus' hooks do, the gradients take ten times as long on a CPU.
Layers other than dense ones, embeddings and convolutions take Opacus' rules.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from opacus.grad_sample import GradSampleHooks
from torch import Tensor, nn
from torch.nn.grad import conv2d_weight


@dataclass(frozen=True)
class Rule:
    """How a layer's gradients by picture are had.

    Attributes:
        squares: (layer, input, gradient of the output) to the squared norm of each picture's gradient over all of the
            layer's parameters: (N,).
        sums: with a weight for each picture (N,) as fourth, to the weighted sum of gradients by parameter.
    """

    squares: Callable[[nn.Module, Tensor, Tensor], Tensor]
    sums: Callable[[nn.Module, Tensor, Tensor, Tensor], dict[nn.Parameter, Tensor]]


def rule_for(layer: nn.Module) -> Rule | None:
    """The rule for a layer; None if there is none."""
    if type(layer) is nn.Linear:
        return Rule(dense_squares, dense_sums)
    if type(layer) is nn.Embedding and layer.padding_idx is None and layer.max_norm is None:
        return Rule(embedding_squares, embedding_sums)
    if type(layer) is nn.Conv2d and layer.groups == 1 and not isinstance(layer.padding, str):
        return Rule(conv_squares, conv_sums) if layer.padding_mode == "zeros" else None
    return Rule(other_squares, other_sums) if type(layer) in GradSampleHooks.GRAD_SAMPLERS else None


def dense_squares(layer: nn.Module, x: Tensor, g: Tensor) -> Tensor:
    """|x|^2 |g|^2 for a vector a picture; by inner products for several."""
    if x.ndim == 2:
        return x.square().sum(1) * g.square().sum(1) + bias_squares(layer, g)
    a, b = (t.flatten(1, -2) for t in (x, g))
    return (a @ a.mT * (b @ b.mT)).flatten(1).sum(1) + bias_squares(layer, b.sum(1))


def dense_sums(layer: nn.Module, x: Tensor, g: Tensor, weights: Tensor) -> dict[nn.Parameter, Tensor]:
    """An ordinary weight gradient with weighed pictures."""
    weighed = by_picture(weights, g) * g
    return of_parameters(layer, weighed.flatten(0, -2).mT @ x.flatten(0, -2), weighed.flatten(0, -2).sum(0))


def embedding_squares(_layer: nn.Module, _x: Tensor, g: Tensor) -> Tensor:
    """One row a picture."""
    return g.flatten(1).square().sum(1)


def embedding_sums(layer: nn.Module, x: Tensor, g: Tensor, weights: Tensor) -> dict[nn.Parameter, Tensor]:
    """Rows added where they belong."""
    rows = torch.zeros_like(layer.weight)  # type: ignore[arg-type]
    return of_parameters(layer, rows.index_add_(0, x, weights[:, None] * g))


def conv_squares(layer: nn.Module, x: Tensor, g: Tensor) -> Tensor:
    """By the inner products of patches, or whole where that is cheaper."""
    assert isinstance(layer, nn.Conv2d)
    patches = F.unfold(x, layer.kernel_size, layer.dilation, layer.padding, layer.stride)  # type: ignore[arg-type]
    out = g.flatten(2)
    (_, inside, places), channels = patches.shape, out.shape[1]
    if inside * channels <= places * (inside + channels):
        weight = (out @ patches.mT).flatten(1).square().sum(1)
    else:
        weight = (patches.mT @ patches * (out.mT @ out)).flatten(1).sum(1)
    return weight + bias_squares(layer, out.sum(2))


def conv_sums(layer: nn.Module, x: Tensor, g: Tensor, weights: Tensor) -> dict[nn.Parameter, Tensor]:
    """As :func:`dense_sums`."""
    assert isinstance(layer, nn.Conv2d)
    weighed = by_picture(weights, g) * g
    settings = (layer.stride, layer.padding, layer.dilation, layer.groups)
    weight = conv2d_weight(x, layer.weight.shape, weighed, *settings)  # type: ignore[arg-type]
    return of_parameters(layer, weight, weighed.sum((0, 2, 3)))


def other_squares(layer: nn.Module, x: Tensor, g: Tensor) -> Tensor:
    """From the gradients themselves, by Opacus' rules."""
    return torch.stack([each.flatten(1).square().sum(1) for each in held(layer, x, g).values()]).sum(0)


def other_sums(layer: nn.Module, x: Tensor, g: Tensor, weights: Tensor) -> dict[nn.Parameter, Tensor]:
    """Likewise."""
    return {parameter: torch.tensordot(weights, each, dims=1) for parameter, each in held(layer, x, g).items()}


def held(layer: nn.Module, x: Tensor, g: Tensor) -> dict[nn.Parameter, Tensor]:
    """The gradient of each picture by parameter, (N, ...)."""
    result: dict[nn.Parameter, Tensor] = GradSampleHooks.GRAD_SAMPLERS[type(layer)](layer, [x], g)
    return result


def by_picture(weights: Tensor, like: Tensor) -> Tensor:
    """(N,) to (N, 1, ...), to multiply ``like``."""
    return weights.reshape(-1, *(1,) * (like.ndim - 1))


def bias_squares(layer: nn.Module, gradient: Tensor) -> Tensor | float:
    """Squared norms of the gradient by the bias, (N, channels), if there is one."""
    return gradient.square().sum(1) if getattr(layer, "bias", None) is not None else 0.0


def of_parameters(layer: nn.Module, weight: Tensor, bias: Tensor | None = None) -> dict[nn.Parameter, Tensor]:
    """Gradients by the parameters that a layer has."""
    found = {layer.weight: weight.view_as(layer.weight)}  # type: ignore[dict-item, arg-type]
    if getattr(layer, "bias", None) is not None and bias is not None:
        found[layer.bias] = bias  # type: ignore[index]
    return found  # type: ignore[return-value]
