"""The restoration generator: NAFNet (Chen et al. 2022, "Simple Baselines for Image Restoration")."""

from collections.abc import Sequence
from typing import Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.pixels import luma
from impasto.base.ranges import Count
from impasto.networks.layers.channel_attention import SimplifiedChannelAttention
from impasto.networks.layers.filling import filled, reach_of_filling
from impasto.networks.layers.resample import unshuffled
from impasto.networks.places import Place

CUBIC_REACH: Final = 2
"""Pixels that a cubic kernel reaches."""
KNOWN: Final = 0.99
"""Of the mask of ``inpaint``, above which a pixel is known: partly known ones are painted."""


class NAFNet(nn.Module):
    """Restores (N, C, h, w) in [-1, 1] to (N, C', scale h, scale w).

    A U-shape whose levels halve the size and double the channels, with skips that are added. Blocks have neither
    activations nor normalisation over places: layer norm over the channels of each pixel, products of two halves of the
    channels (simple gates), and channel attention. Squares of pixels are first put into channels, and the painting
    comes out of channels by sub-pixel convolution (Shi et al. 2016).

    What the network paints is added to what is given, so that training starts from the picture itself:

    - task ``inpaint``: the content's last channel is 1 where the picture is known and -1 in holes. Known pixels are
      kept exactly, and what the content holds in holes is not seen: they are first filled smoothly, see
      :func:`~impasto.networks.layers.filling.filled`, which alone is as close as the classical methods.
    - task ``colorize``: only colours are painted, and BT.601 luma is kept.
    - any other: the content, enlarged by a cubic kernel where ``scale`` is more than 1.

    Args:
        channels: of the pictures that it paints.
        given_channels: of the pictures that it restores, with the mask of ``inpaint``; None takes ``channels``.
        features: channels of the first level; 32 or 64 as published.
        encoder: blocks of each level on the way down.
        middle: blocks of the lowest level.
        decoder: blocks of each level on the way up, from the lowest.
        shrink: how many times smaller than the painting the first level is, unless the content is smaller already; 1 as
            published, 2 for four times the speed.
        scale: how many times larger the painting is than what is given; comes from the data.
        task: see above; comes from the data if that is of a task.

    Attributes:
        reach: pixels of the content from which a pixel of the painting may depend on one of the content, given the
            means of channel attention.

    Raises:
        UserError: settings that no network can be built of.
    """

    def __init__(
        self,
        channels: int = 3,
        given_channels: int | None = None,
        features: Count = 32,
        encoder: Sequence[int] = (1, 1),
        middle: int = 2,
        decoder: Sequence[int] = (1, 1),
        shrink: int = 1,
        scale: int = 1,
        task: str = "restore",
    ) -> None:
        super().__init__()
        given_channels = given_channels or channels
        check(features, encoder, decoder, shrink)
        shrink = max(shrink // scale, 1)  # sides of the squares of content that are put into channels
        self.channels, self.features = channels, features
        self.scale, self.shrink, self.task = scale, shrink, task
        levels = len(encoder)
        self.stride = self.smallest = shrink * 2**levels
        self.halvings = (self.stride & -self.stride).bit_length() - 1  # of pictures with holes
        self.reach = reach_of(encoder, middle, decoder, shrink) + (CUBIC_REACH if scale > 1 else 0)
        if task == "inpaint":
            self.reach += reach_of_filling(self.halvings)
        self.enter = nn.Conv2d(given_channels * shrink**2, features, 3, padding=1)
        widths = [features * 2**level for level in range(levels + 1)]
        self.encoder = nn.ModuleList(blocks(width, count) for width, count in zip(widths, encoder, strict=False))
        self.down = nn.ModuleList(nn.Conv2d(width, 2 * width, 2, stride=2) for width in widths[:-1])
        self.middle = blocks(widths[-1], middle)
        self.up = nn.ModuleList(nn.Conv2d(2 * width, 4 * width, 1, bias=False) for width in reversed(widths[:-1]))
        self.decoder = nn.ModuleList(
            blocks(width, count) for width, count in zip(reversed(widths[:-1]), decoder, strict=True)
        )
        self.leave = nn.Conv2d(features, channels * (shrink * scale) ** 2, 3, padding=1)
        nn.init.normal_(self.leave.weight, std=1e-3)
        nn.init.zeros_(cast(Tensor, self.leave.bias))

    def places(self, height: int, width: int) -> list[Place]:
        """After the blocks of each level, down and up again."""
        levels = list(range(len(self.encoder)))
        down = [(f"encoder.{level}", level) for level in levels]
        up = [(f"decoder.{i}", level) for i, level in enumerate(reversed(levels))]
        found = []
        for name, level in (*down, ("middle", len(levels)), *up):
            divisor = self.scale * self.shrink * 2**level
            found.append(Place(name, self.features * 2**level, (-(-height // divisor), -(-width // divisor))))
        return found

    def forward(self, content: Tensor) -> Tensor:
        """(N, given_channels, h, w) in [-1, 1] to (N, channels, scale h, scale w), not bounded, float32.

        Sides that are no multiples of :attr:`stride` are continued by their last row and column, and cut again.
        """
        height, width = content.shape[-2:]
        content = continued(content.float(), self.stride)
        if self.task == "inpaint":
            known = (content[:, -1:] > KNOWN).float()
            picture = filled(content[:, :-1], known, self.halvings)
            painted = picture + self.painted(torch.cat([picture, 2 * known - 1], 1)) * (1 - known)
        elif self.task == "colorize":
            painted = self.painted(content)
            painted = luma(content).expand_as(painted) + (painted - luma(painted))
        else:
            painted = self.painted(content) + enlarged(content, self.scale)
        return painted[..., : height * self.scale, : width * self.scale]

    def painted(self, content: Tensor) -> Tensor:
        """What the layers make of content (N, given_channels, h, w), its sides multiples of :attr:`stride`: float32."""
        x = self.enter(unshuffled(content, self.shrink).contiguous(memory_format=torch.channels_last))
        seen = []
        for encode, down in zip(self.encoder, self.down, strict=True):
            x = encode(x)
            seen.append(x)
            x = down(x)
        x = self.middle(x)
        for up, decode in zip(self.up, self.decoder, strict=True):
            x = decode(F.pixel_shuffle(up(x), 2) + seen.pop())
        return F.pixel_shuffle(self.leave(x), self.shrink * self.scale).float()


class NAFBlock(nn.Module):
    """A depthwise convolution with gate and channel attention, then a gate alone, each added (figure 3c of the paper).

    Gains of the layer norms belong to the convolutions that follow, and so do the weights of what is added, which begin
    at zero as published: the same functions in fewer passes over memory.

    Args:
        features: channels.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        wide = 2 * features
        self.spread = nn.Conv2d(features, wide, 1)
        self.depthwise = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.attention = SimplifiedChannelAttention(features)
        self.gather = nn.Conv2d(features, features, 1)
        self.expand = nn.Conv2d(features, wide, 1)
        self.reduce = nn.Conv2d(features, features, 1)
        self.beta, self.gamma = (nn.Parameter(torch.zeros(features, 1, 1, 1)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        y = self.attention(gate(self.depthwise(self.spread(normalised(x)))))
        x = x + scaled(self.gather, y, self.beta)
        y = gate(self.expand(normalised(x)))
        return x + scaled(self.reduce, y, self.gamma)


def blocks(features: int, count: int) -> nn.Sequential:
    """Blocks one after the other."""
    return nn.Sequential(*(NAFBlock(features) for _ in range(count)))


def normalised(x: Tensor) -> Tensor:
    """The channels of each pixel to mean 0 and variance 1: (N, C, H, W) to the same, fast in channels-last."""
    return F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],), eps=1e-6).permute(0, 3, 1, 2)


def gate(x: Tensor) -> Tensor:
    """The first half of the channels times the second (equation 4): (N, 2 C, H, W) to (N, C, H, W)."""
    first, second = x.chunk(2, 1)
    return first * second


def scaled(convolution: nn.Conv2d, x: Tensor, factor: Tensor) -> Tensor:
    """A 1 x 1 convolution times a factor for each channel (C, 1, 1, 1)."""
    bias = cast(Tensor, convolution.bias) * factor.flatten()
    return F.conv2d(x, convolution.weight * factor, bias)


def enlarged(images: Tensor, scale: int) -> Tensor:
    """By a cubic kernel: (N, C, h, w) to (N, C, scale h, scale w)."""
    return images if scale == 1 else F.interpolate(images, scale_factor=scale, mode="bicubic", align_corners=False)


def continued(images: Tensor, multiple: int) -> Tensor:
    """Sides to the next multiples, by repeating the last row and column."""
    down, right = (-side % multiple for side in images.shape[-2:])
    return F.pad(images, (0, right, 0, down), mode="replicate") if down or right else images


def reach_of(encoder: Sequence[int], middle: int, decoder: Sequence[int], shrink: int) -> int:
    """See :class:`NAFNet`: every 3 x 3 convolution reaches a pixel of its level, and pixels share squares of others."""
    levels = len(encoder)
    at_level = [down + up for down, up in zip(encoder, reversed(decoder), strict=True)]
    convolutions = 2 + sum(count * 2**level for level, count in enumerate(at_level)) + middle * 2**levels
    return shrink * (convolutions + 2**levels)


def check(features: int, encoder: Sequence[int], decoder: Sequence[int], shrink: int) -> None:
    """Make sure that a network can be built.

    Raises:
        UserError: it cannot.
    """
    if features < 1 or shrink < 1:
        raise UserError(f"model.generator has features={features} and shrink={shrink}: give 1 or more of each.")
    if len(encoder) != len(decoder):
        raise UserError(
            f"model.generator has {len(encoder)} levels on the way down (encoder={list(encoder)}) and {len(decoder)} "
            f"on the way up (decoder={list(decoder)}): give as many of each."
        )
