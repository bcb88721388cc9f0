"""Convolutions whose filters depend on a style: StyleGAN2's modulation (Karras et al. 2020b), and their fixed form."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEGATIVE_SLOPE: Final = 0.2
GAIN: Final = 1.2
"""Of the activation, so that the variance is about kept."""


PACE: Final = 10.0
"""By which strengths of noise and of the brush are multiplied: so many times faster they are learnt. At the pace of
weights they stayed at a hundredth, and what was painted was grain of the photograph and not strokes along the noise."""
START: Final = 0.2
"""Deviation of the strengths of noise at first."""


@dataclass(frozen=True)
class StyleInput:
    """What modulated convolutions are told.

    Attributes:
        code: (N, D), one for each picture, or (1, D) for all.
        deltas: what an adapter adds to the layers, by ``LAYER.KIND``; see :meth:`ModulatedConv2d.filters`. They need a
            single code.
        brush: binary logarithm of the size of strokes relative to that in the pictures of which the code was made.
    """

    code: Tensor
    deltas: Mapping[str, Tensor] = field(default_factory=dict)
    brush: float = 0.0


class ModulatedConv2d(nn.Module):
    """A convolution whose input channels are scaled by an affine function of code and brush.

    Its output is brought back to unit variance (Karras et al. 2020b, equations 1 and 3), then noise and a bias
    are added.

    The picture's border is reflected. There is no normalisation over the picture: a tile is painted as the whole is.

    Args:
        before: channels of the input.
        after: channels of the output.
        code: length of the code.
        kernel: side of the filters, odd.
        noises: channels of the noise maps that are added, each with a learnt strength for each output channel.
        activate: end in a leaky ReLU.
        predicted: scale each tap of an input channel's filters by a function of the code of its own, so that a style
            has filters with a direction (the depthwise part of AdaConv, Chandran et al. 2021, folded into the filters).
        wide: train a filter of one tap beside the others, which adds to their middle (Ding et al. 2021, RepVGG; for
            styles, Wu et al. 2021, train wide and deploy plain). What is painted with costs the same.

    Attributes:
        name: under which an adapter changes this layer; the network sets it.
    """

    def __init__(
        self,
        before: int,
        after: int,
        code: int,
        kernel: int = 3,
        noises: int = 0,
        activate: bool = True,
        predicted: bool = False,
        wide: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, kernel, kernel) / (before * kernel**2) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(after))
        self.noise = nn.Parameter(torch.randn(after, noises) * START / PACE) if noises else None
        self.scale = nn.Linear(code, before)
        nn.init.normal_(self.scale.weight, std=0.02)
        nn.init.ones_(self.scale.bias)
        self.brush = nn.Parameter(torch.zeros(before))
        self.taps = nn.Linear(code, before * kernel**2) if predicted and kernel > 1 else None
        if self.taps is not None:
            nn.init.normal_(self.taps.weight, std=0.02)
            nn.init.ones_(self.taps.bias)
        self.beside = nn.Parameter(torch.zeros(after, before)) if wide and kernel > 1 else None
        self.activate, self.name = activate, ""

    def forward(self, x: Tensor, style: StyleInput, noise: Tensor | None = None) -> Tensor:
        """(N, C, H, W) to (N, C', H, W); noise (N or 1, K, H, W)."""
        if len(style.code) == 1:
            return self.fixed(style)(x, style, noise)
        scale, weight = self.scale(style.code) + PACE * style.brush * self.brush, self.joined
        if self.taps is None:
            demodulation = torch.rsqrt(scale.square() @ weight.square().sum((2, 3)).T + 1e-6)
            x = F.conv2d(padded(x * scale[:, :, None, None].to(x.dtype), weight), weight)
            x = x * demodulation[:, :, None, None].to(x.dtype)
        else:  # the filters of each picture differ by more than a factor: a group of the convolution for each
            count, filters = len(x), demodulated(weight * self.tap_scales(style.code, scale)[:, None])
            x = padded(x, weight).flatten(0, 1)[None]
            x = F.conv2d(x, filters.flatten(0, 1).to(x.dtype), groups=count)[0].unflatten(0, (count, -1))
        return finished(x, self.bias, self.strengths, noise, self.activate)

    @property
    def joined(self) -> Tensor:
        """The filters (C', C, k, k), with what is trained beside them in their middle."""
        if self.beside is None:
            return self.weight
        half = self.weight.shape[-1] // 2
        return self.weight + F.pad(self.beside[:, :, None, None], (half, half, half, half))

    def tap_scales(self, code: Tensor, scale: Tensor) -> Tensor:
        """Factors of the filters, (N, C, k, k) or, the same for all taps, (N, C, 1, 1); of codes (N, D) and (N, C)."""
        scale = scale[:, :, None, None]
        return scale if self.taps is None else scale * self.taps(code).view(-1, *self.weight.shape[1:])

    @property
    def strengths(self) -> Tensor | None:
        """Of the noise maps in each output channel, (C', K)."""
        return None if self.noise is None else PACE * self.noise

    def fixed(self, style: StyleInput) -> "FixedConv2d":
        """The convolution for one style, with graph."""
        return FixedConv2d(*self.filters(style), self.activate)

    def filters(self, style: StyleInput) -> tuple[Tensor, Tensor, Tensor | None]:
        """Filters (C', C, k, k), biases (C',) and noise strengths (C', K) for one style.

        An adapter's deltas are added: ``scale`` (C,) to the scales of the input, ``bias`` (C',), ``noise`` (C', K), and
        the product of ``up`` (C', r) and ``down`` (r, C * k * k) to the filters before they are modulated.
        """
        told = {kind: style.deltas.get(f"{self.name}.{kind}") for kind in ("scale", "bias", "noise", "up", "down")}
        up, down = told["up"], told["down"]
        low_rank = None if up is None or down is None else (up @ down).view_as(self.weight)
        weight = plus(self.joined, low_rank)
        scale = plus(self.scale(style.code)[0] + PACE * style.brush * self.brush, told["scale"])
        bias = plus(self.bias, told["bias"])
        noise = None if self.strengths is None else plus(self.strengths, told["noise"])
        weight = weight * self.tap_scales(style.code, scale[None])[0].float()
        return demodulated(weight), bias, noise

    def delta_shapes(self, rank: int = 1) -> dict[str, tuple[int, ...]]:
        """Shapes of the deltas that :meth:`filters` adds, by kind, for a product of this rank."""
        after, before, *kernel = self.weight.shape
        shapes = {"scale": (before,), "bias": (after,), "up": (after, rank), "down": (rank, before * math.prod(kernel))}
        return shapes if self.noise is None else {**shapes, "noise": tuple(self.noise.shape)}


def demodulated(weight: Tensor) -> Tensor:
    """Filters (..., C', C, k, k), each brought to unit energy."""
    return weight * torch.rsqrt(weight.square().sum((-3, -2, -1), keepdim=True) + 1e-6)


def plus(value: Tensor, delta: Tensor | None) -> Tensor:
    """A tensor with an adapter's delta added, if there is one."""
    return value if delta is None else value + delta.to(value.dtype)


class FixedConv2d(nn.Module):
    """A :class:`ModulatedConv2d` for one style: a plain convolution, as fast as any.

    Once it is :meth:`lasting`, the gain of its activation is in its weights.

    Args:
        weight: (C', C, k, k).
        bias: (C',).
        noise: (C', K); None without noise.
        activate: end in a leaky ReLU.
    """

    def __init__(self, weight: Tensor, bias: Tensor, noise: Tensor | None, activate: bool) -> None:
        super().__init__()
        self.activate, self.gain = activate, GAIN
        # Plain tensors, so that a graph is followed through them; :meth:`lasting` makes them part of a network.
        self.weight, self.bias, self.noise = weight, bias, noise

    def lasting(self, share: float = 1.0) -> "FixedConv2d":
        """Itself, with its tensors as buffers, which move with a network to another device.

        Args:
            share: by which the output is multiplied.
        """
        factor = share * (self.gain if self.activate else 1.0)
        for name in ("weight", "bias", "noise"):
            value = getattr(self, name)
            delattr(self, name)
            # A leaky ReLU of a multiple is the multiple of the leaky ReLU, if it is above 0.
            self.register_buffer(name, None if value is None else value.detach() * factor)
        self.gain = 1.0
        return self

    def forward(self, x: Tensor, style: object = None, noise: Tensor | None = None) -> Tensor:
        """(N, C, H, W) to (N, C', H, W); noise (N or 1, K, H, W). The style is not looked at."""
        x = F.conv2d(padded(x, self.weight), self.weight)
        return finished(x, self.bias, self.noise, noise, self.activate, self.gain)


def padded(x: Tensor, weight: Tensor) -> Tensor:
    """With its border reflected, so that a filter of this size keeps the map's size."""
    half = weight.shape[-1] // 2
    return F.pad(x, (half, half, half, half), mode="reflect") if half else x


def finished(
    x: Tensor, bias: Tensor, strengths: Tensor | None, noise: Tensor | None, activate: bool, gain: float = GAIN
) -> Tensor:
    """With noise (N or 1, K, H, W) times its strengths (C', K) and the bias added; activated if wanted."""
    if strengths is not None and noise is not None:
        x = x + F.conv2d(noise.to(x.dtype), strengths[:, :, None, None].to(x.dtype), bias.to(x.dtype))
    else:
        x = x + bias[:, None, None].to(x.dtype)
    x = F.leaky_relu(x, NEGATIVE_SLOPE) if activate else x
    return x * gain if activate and gain != 1 else x
