"""Making feature maps larger and smaller, to exact sizes."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.networks.layers.ladder import Size
from impasto.networks.layers.linear import Initialise, finished, he

UpsamplingKind = Literal["nearest", "transposed"]


class UpConv(nn.Module):
    """Doubles the size, then convolves.

    ``nearest`` repeats pixels and convolves with a 3x3 kernel, which leaves no checkerboard (Odena et al. 2016);
    ``transposed`` is DCGAN's 4x4 transposed convolution of stride 2.

    Args:
        before: channels in.
        after: channels out.
        kind: see above.
        bias: whether the convolution has one.
        init: of the weights that one pixel is made of: 3x3 of them, or the 2x2 of a transposed kernel that reach it.
        spectral: spectral norm on the weights.
    """

    def __init__(
        self,
        before: int,
        after: int,
        kind: UpsamplingKind = "nearest",
        *,
        bias: bool = True,
        init: Initialise | None = None,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        if kind not in get_args(UpsamplingKind):
            raise UserError(
                f"There is no upsampling {kind!r}; set upsampling to one of {', '.join(get_args(UpsamplingKind))}."
            )
        self.kind = kind
        # Both keep weights as (after, before, k, k), so that initialisation and spectral norm see the same axes.
        kernel = 3 if kind == "nearest" else 4
        init = init if kind == "nearest" else in_phases(init or he())
        self.conv = finished(nn.Conv2d(before, after, kernel, padding=1, bias=bias), init, spectral)

    def forward(self, x: Tensor, size: Size) -> Tensor:
        """(N, before, h, w) to (N, after, *size), where ``size`` is 2h or 2h - 1 by 2w or 2w - 1."""
        weight, bias = self.conv.weight, self.conv.bias
        if self.kind == "nearest":
            if x.shape[2] * x.shape[3] <= 25:
                # Few pixels and many weights: adding up the kernel below costs more than it saves.
                return F.conv2d(repeated(x, size), weight, bias, padding=1)
            weight = spread(weight)
        y = F.conv_transpose2d(x, weight.transpose(0, 1), bias, stride=2, padding=1)
        return y[:, :, : size[0], : size[1]]


def in_phases(init: Initialise) -> Initialise:
    """Initialise a 4x4 kernel by the 2x2 parts that reach the same pixels at stride 2, which have the true fan-in."""

    def initialise(weight: Tensor) -> None:
        for row in (0, 1):
            for column in (0, 1):
                init(weight.detach()[:, :, row::2, column::2])

    return initialise


def spread(weight: Tensor) -> Tensor:
    """The 4x4 kernel whose transposed convolution of stride 2 is "repeat pixels, convolve with this 3x3 kernel".

    The 3x3 kernel, mirrored, convolved with a 2x2 box (Karras et al. 2018 fuse the two likewise): 4 products a pixel
    instead of 9.
    """
    padded = F.pad(weight.flip(2, 3), (1, 1, 1, 1))
    return padded[:, :, :-1, :-1] + padded[:, :, 1:, :-1] + padded[:, :, :-1, 1:] + padded[:, :, 1:, 1:]


def resized(x: Tensor, size: Size) -> Tensor:
    """Bilinear: (N, C, H, W) to (N, C, *size); half the size is the mean of 2x2 pixels."""
    return x if tuple(x.shape[2:]) == tuple(size) else F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def repeated(x: Tensor, size: Size) -> Tensor:
    """Pixels repeated: (N, C, H, W) to (N, C, *size)."""
    return x if tuple(x.shape[2:]) == tuple(size) else F.interpolate(x, size=size, mode="nearest")


class Resize(nn.Module):
    """:func:`resized` as a layer."""

    def forward(self, x: Tensor, size: Size) -> Tensor:
        """(N, C, H, W) to (N, C, *size)."""
        return resized(x, size)


class Repeat(nn.Module):
    """:func:`repeated` as a layer."""

    def forward(self, x: Tensor, size: Size) -> Tensor:
        """(N, C, H, W) to (N, C, *size)."""
        return repeated(x, size)


def unshuffled(x: Tensor, factor: int = 2) -> Tensor:
    """Blocks of pixels as channels: (N, C, H, W) to (N, C k k, H / k, W / k), as ``F.pixel_unshuffle``.

    In a recorded graph that is a transposition of six axes, which takes four times as long as every k-th pixel does.
    """
    if factor == 1 or not torch.compiler.is_compiling():
        return F.pixel_unshuffle(x, factor)
    steps = range(factor)
    return torch.stack([x[..., i::factor, j::factor] for i in steps for j in steps], 2).flatten(1, 2)


def pad_to_even(x: Tensor) -> Tensor:
    """Add a row of zeros below and a column to the right of an odd size."""
    rows, columns = x.shape[2] % 2, x.shape[3] % 2
    return F.pad(x, (0, columns, 0, rows)) if rows or columns else x
