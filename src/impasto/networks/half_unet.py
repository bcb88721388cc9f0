"""A small and fast U-Net for frames of clips: it works at half the size of the picture and at a quarter of it."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.networks.layers.norm import NormKind
from impasto.networks.layers.resample import unshuffled
from impasto.networks.layers.winograd import WinogradConv2d
from impasto.networks.places import Place, Resampling
from impasto.networks.resnet_translation import normalisation, reflected

FARTHEST: Final = 16.0
"""Pixels by which a pixel is moved at most."""


class HalfUNet(nn.Module):
    """Repaints (N, C, H, W) in [-1, 1]; H and W must be multiples of ``stride``.

    Blocks of 2 x 2 pixels become channels first (pixel-unshuffle, Shi et al. 2016), and channels such blocks at the
    end: what a network of the same width would spend at full size is spent on depth. A skip connection at half the size
    keeps edges in their places. The picture may come through beside what is painted: the network says for each pixel
    how much is painted (``keep``), and by how many pixels the picture is moved before (``move``). Of several given
    frames the last one comes through.

    Args:
        channels: of the pictures that it paints.
        given_channels: of what it is given: ``channels``, or a multiple of it for several frames; None takes
            ``channels``.
        features: channels at half the size; twice as many at a quarter.
        blocks: residual blocks at a quarter of the size.
        norm: batch (the same function at any picture size), instance, layer, pixel or none.
        keep: let the picture come through.
        move: move it before.

    Attributes:
        reach: pixels at most between one of the picture and one of the painting that depends on it.

    Raises:
        UserError: ``move`` without ``keep``, or frames of other channels than are painted.
    """

    stride = 4
    smallest = 16

    def __init__(
        self,
        channels: int = 3,
        given_channels: int | None = None,
        features: Count = 32,
        blocks: int = 5,
        norm: NormKind = "batch",
        keep: bool = True,
        move: bool = False,
    ) -> None:
        super().__init__()
        given_channels = given_channels or channels
        if move and not keep:
            raise UserError("model.generator.move=true moves what keep=true lets through: set both, or neither.")
        if keep and given_channels % channels:
            raise UserError(
                f"model.generator.keep=true lets {channels} of {given_channels} channels through, which are no whole "
                "frames: set keep=false."
            )
        self.channels, self.features, self.keep, self.move = channels, features, keep, move
        self.reach = 24 + 8 * blocks + (int(FARTHEST) if move else 0)
        unshuffled, wide = 4 * given_channels, 2 * features
        self.enter = nn.Sequential(reflected(unshuffled, features), normalisation(features, norm, True), nn.ReLU(True))
        self.fine = ResidualBlock(features, norm)
        self.down = nn.Sequential(reflected(features, wide, 2), normalisation(wide, norm, True), nn.ReLU(True))
        self.coarse = nn.Sequential(*(ResidualBlock(wide, norm) for _ in range(blocks)))
        self.up = nn.Sequential(
            reflected(wide + features, features), normalisation(features, norm, True), nn.ReLU(True)
        )
        self.finer = ResidualBlock(features, norm)
        self.leave = reflected(features + unshuffled, 4 * (channels + keep + 2 * move))
        if keep:
            with torch.no_grad():  # it starts from half of the picture as it is
                self.leave.weight[4 * channels :].zero_()
                assert self.leave.bias is not None
                self.leave.bias[4 * channels :].zero_()

    def places(self, height: int, width: int) -> list[Place]:
        """At half of the size, at a quarter, and at half again."""
        half, quarter = (height // 2, width // 2), (height // 4, width // 4)
        blocks = (("fine", 1, half), ("coarse", 2, quarter), ("finer", 1, half))
        return [Place(name, wide * self.features, size) for name, wide, size in blocks]

    def resamplings(self) -> list[Resampling]:
        """The one that halves; the other is bilinear."""
        return [Resampling("down.0", False)]

    def forward(self, images: Tensor) -> Tensor:
        """(N, given_channels, H, W) in [-1, 1] to (N, channels, H, W) in [-1, 1].

        Raises:
            UserError: H or W is not a multiple of :attr:`stride`, or too small for the reflected border.
        """
        height, width = images.shape[-2:]
        if height % self.stride or width % self.stride or min(height, width) < self.smallest:
            nearest = [max(round(side / self.stride) * self.stride, self.smallest) for side in (height, width)]
            raise UserError(
                f"This generator takes pictures whose sides are multiples of {self.stride} and at least "
                f"{self.smallest} pixels, not {height}x{width} (height x width): choose another size, such as "
                f"data.image_size=[{nearest[0]},{nearest[1]}]."
            )
        blocks = unshuffled(images)
        fine = self.fine(self.enter(blocks))
        coarse = self.coarse(self.down(fine))
        finer = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        finer = self.finer(self.up(torch.cat([finer, fine], 1)))
        out = F.pixel_shuffle(self.leave(torch.cat([finer, blocks], 1)), 2).float()
        painted, rest = torch.tanh(out[:, : self.channels]), out[:, self.channels :]
        if not self.keep:
            return painted
        shown = images[:, -self.channels :].float()
        if self.move:
            shown = moved(shown, FARTHEST * torch.tanh(rest[:, 1:] / FARTHEST))
        return torch.lerp(shown, painted, torch.sigmoid(rest[:, :1]))


class ResidualBlock(nn.Module):
    """x + a convolution of a convolution of x, after activations: channels stay the same.

    Args:
        width: channels.
        norm: between the convolutions.
    """

    def __init__(self, width: int, norm: NormKind) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(),
            WinogradConv2d(width, width, 1, "reflect"),
            normalisation(width, norm, True),
            nn.ReLU(),  # not in place: without a norm its input is the convolution's own
            WinogradConv2d(width, width, 1, "reflect"),
        )
        self.scale = nn.Parameter(torch.tensor(0.2))  # a deep stack starts near the identity

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        result: Tensor = x + self.scale * self.layers(x)
        return result


def moved(images: Tensor, by: Tensor) -> Tensor:
    """Pictures whose pixel at (x, y) is what lies at (x, y) + ``by``; beyond the border its edge goes on.

    Args:
        images: (N, C, H, W).
        by: (N, 2, H, W), pixels to the right and down.

    Returns:
        (N, C, H, W), bilinear in between.
    """
    height, width = images.shape[-2:]
    y = torch.arange(height, device=images.device, dtype=by.dtype)[:, None] + by[:, 1]
    x = torch.arange(width, device=images.device, dtype=by.dtype)[None] + by[:, 0]
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], -1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
