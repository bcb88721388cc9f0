"""Textures that tile: a generator without borders, from noise at every place (Bergmann et al. 2017, PSGAN)."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.networks.layers.ladder import doubling
from impasto.networks.layers.linear import finished, he
from impasto.networks.layers.norm import ConditionalNorm, NormKind


class WrappedConv(nn.Module):
    """A 3 x 3 convolution of a picture whose right border meets the left, and whose lower one the upper.

    Args:
        before: channels in.
        after: channels out.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = finished(nn.Conv2d(before, after, 3), he(0.2), False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) to (N, after, H, W)."""
        found: Tensor = self.conv(F.pad(x, (1, 1, 1, 1), mode="circular"))
        return found


class TextureGenerator(nn.Module):
    """Noise on a coarse grid, doubled and convolved until it is a picture, everything wrapped around its borders.

    No place is any different from others, so that a picture joins itself at its borders, and any size can be painted.

    Args:
        channels: of the pictures.
        height: of the pictures, a multiple of 2 ** ``doublings``.
        width: likewise.
        noise: numbers at each place of the grid.
        features: channels at the finest level, twice as many at each coarser one ...
        max_features: ... but at most this.
        doublings: of the size; the noise of a place reaches about 2 ** (``doublings`` + 1) pixels to each side.
        norm: ``batch``, ``instance``, ``layer``, ``pixel`` or ``none``.

    Raises:
        UserError: the size is no such multiple.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        *,
        noise: Count = 16,
        features: Count = 32,
        max_features: Count = 128,
        doublings: Count = 4,
        norm: NormKind = "batch",
    ) -> None:
        super().__init__()
        self.noise, self.doublings = noise, doublings
        self.grid = self.grid_for(height, width)
        widths = doubling(doublings + 1, features, max_features)
        levels: list[nn.Module] = []
        for before, after in zip([noise, *widths[:-1]], widths, strict=True):
            levels.append(nn.Sequential(WrappedConv(before, after), ConditionalNorm(norm, after), nn.LeakyReLU(0.2)))
        self.levels = nn.ModuleList(levels)
        self.paint = WrappedConv(widths[-1], channels)

    def grid_for(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of noise for a picture.

        Raises:
            UserError: its size cannot be doubled up to.
        """
        step = 2**self.doublings
        if height % step or width % step:
            raise UserError(
                f"Textures of {height}x{width} pixels do not come of {self.doublings} doublings: give multiples of "
                f"{step}, or other model.generator.doublings."
            )
        return height // step, width // step

    @property
    def latent_dim(self) -> int:
        """Numbers of noise for one picture."""
        return self.noise * self.grid[0] * self.grid[1]

    def resized(self, height: int, width: int) -> "TextureGenerator":
        """The same network for pictures of another size; weights are shared.

        Raises:
            UserError: that size cannot be painted.
        """
        other = copy.copy(self)
        other.grid = self.grid_for(height, width)
        return other

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) to (N, channels, H, W) in [-1, 1], float32; there is no condition."""
        x = z.unflatten(1, (self.noise, *self.grid))
        for number, level in enumerate(self.levels):
            x = F.interpolate(x, scale_factor=2, mode="nearest") if number else x
            x = level(x)
        return torch.tanh(self.paint(x).float())
