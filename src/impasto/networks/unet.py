"""The U-Net of pix2pix (Ronneberger et al. 2015; Isola et al. 2017): halved to a single pixel and back, with skips."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Count
from impasto.networks.layers.dropout import Dropout
from impasto.networks.layers.matrix_convolution import DoublingConv2d, HalvingConv2d
from impasto.networks.layers.norm import NormKind
from impasto.networks.places import Place, Resampling
from impasto.networks.resnet_translation import Init, initialise, normalisation, small_weights


class UNetGenerator(nn.Module):
    """Repaints (N, C, H, W) in [-1, 1].

    Each level halves the size with a 4 x 4 convolution and doubles it with a transposed one; its input is concatenated
    with what comes back from the level below.

    Args:
        channels: of the pictures that it paints.
        height: of the pictures in training; levels stop before the shorter side is a single pixel.
        width: likewise.
        given_channels: of the pictures that it repaints; None takes ``channels``.
        features: channels of the first level, doubled by each up to eight times as many.
        levels: how often the size is halved, 8 for pictures of 256 pixels as published; fewer for smaller ones.
        norm: instance, batch (as published; in training on batches of one picture the same as instance), layer, pixel
            or none.
        dropout: share of values dropped in the three levels above the innermost that have all channels, in training.
        init: of the weights, see :func:`~impasto.networks.resnet_translation.initialise`.
        init_gain: likewise; 0.02 in the published code.

    Raises:
        UserError: fewer than 2 levels or 1 feature.
    """

    memory_format = torch.contiguous_format
    """Memory format of the weights: most belong to maps of few pixels, see ``layers/matrix_convolution.py``."""

    def __init__(
        self,
        channels: int = 3,
        height: int = 256,
        width: int = 256,
        given_channels: int | None = None,
        features: Count = 64,
        levels: int = 8,
        norm: NormKind = "instance",
        dropout: float = 0.5,
        init: Init = "normal",
        init_gain: float = 0.02,
    ) -> None:
        super().__init__()
        if levels < 2 or features < 1:
            raise UserError(f"model.generator has levels={levels} and features={features}: give 2 and 1 or more.")
        levels = min(levels, max((min(height, width)).bit_length() - 1, 2))
        self.stride = self.smallest = 2**levels
        self.start = norm, init, init_gain
        self.widths_of_levels = widths = [features * min(2**i, 8) for i in range(levels)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i, wide in enumerate(widths):
            before = widths[i - 1] if i else (given_channels or channels)
            innermost = i == levels - 1
            self.down.append(
                nn.Sequential(
                    *([nn.LeakyReLU(0.2)] if i else []),
                    HalvingConv2d(before, wide),
                    *([normalisation(wide, norm, fast=True)] if i and not innermost else []),
                )
            )
            after = widths[i - 1] if i else channels
            drops = dropout > 0 and not innermost and i > 3
            self.up.append(
                nn.Sequential(
                    nn.ReLU(),
                    DoublingConv2d(wide if innermost else 2 * wide, after),
                    *([normalisation(after, norm, fast=True)] if i else []),
                    *([Dropout(dropout)] if drops else []),
                )
            )
        initialise(self, init_gain, init)

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Doubt small initial weights that no normalisation makes up for."""
        yield from small_weights(parts.key_of(self), *self.start)

    def places(self, height: int, width: int) -> list[Place]:
        """After each doubling but the last, which gives the picture."""
        return [
            Place(f"up.{i}", self.widths_of_levels[i - 1], (height // 2**i, width // 2**i))
            for i in reversed(range(1, len(self.up)))
        ]

    def resamplings(self) -> list[Resampling]:
        """All but those that see or give the picture itself."""
        return [Resampling(f"{side}.{i}.1", side == "up") for side in ("down", "up") for i in range(1, len(self.up))]

    def forward(self, images: Tensor) -> Tensor:
        """(N, given_channels, H, W) in [-1, 1] to (N, channels, H, W).

        Raises:
            UserError: H or W is not a multiple of :attr:`stride`.
        """
        height, width = images.shape[-2:]
        if height % self.stride or width % self.stride:
            nearest = [max(round(side / self.stride), 1) * self.stride for side in (height, width)]
            raise UserError(
                f"This U-Net takes pictures whose sides are multiples of {self.stride}, not {height}x{width} (height x "
                f"width): choose another size, such as data.image_size=[{nearest[0]},{nearest[1]}], or fewer "
                "model.generator.levels."
            )
        seen, x = [], images
        for level in self.down:
            x = level(x)
            seen.append(x)
        for i in reversed(range(len(self.up))):
            x = self.up[i](x if i == len(self.up) - 1 else torch.cat([seen[i], x], 1))
        return torch.tanh(x.float())
