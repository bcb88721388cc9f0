"""Feature maps of several sizes fused into one: the pyramid of Lin et al. 2017, section 3."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.layers.ladder import Size
from impasto.networks.layers.linear import conv, he
from impasto.networks.layers.resample import resized
from impasto.networks.layers.told import Told


class Remember(nn.Module):
    """Keeps a feature map for a later layer, and passes it on.

    Args:
        number: under which it is kept.
        told: where.
    """

    def __init__(self, number: int, told: Told) -> None:
        super().__init__()
        self.number, self.told = number, told

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        self.told.maps[self.number] = x
        return x


class PyramidFusion(nn.Module):
    """x + a 3x3 convolution of the mean of all earlier maps, each through a 1x1 convolution and resized to x.

    Smaller maps are enlarged bilinearly, larger ones averaged. The 3x3 convolution, which takes out aliases as in the
    paper, starts as zero, so that the network starts as it would without the pyramid.

    Args:
        before: channels of each earlier map, by number.
        channels: of x.
        told: holds the earlier maps.
        spectral: spectral norm on all layers. Weights of zero, with which the last starts otherwise, have none.
    """

    def __init__(self, before: Sequence[int], channels: int, told: Told, spectral: bool = False) -> None:
        super().__init__()
        self.told = told
        self.lateral = nn.ModuleList(conv(wide, channels, 1, init=he(1.0), spectral=spectral) for wide in before)
        self.smooth = conv(channels, channels, init=he(1.0) if spectral else nn.init.zeros_, spectral=spectral)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        size = x.shape[2], x.shape[3]
        maps = [self.sized(layer, self.told.maps[i], size) for i, layer in enumerate(self.lateral)]
        fused: Tensor = x + self.smooth(torch.stack(maps).mean(0))
        return fused

    def sized(self, lateral: nn.Module, x: Tensor, size: Size) -> Tensor:
        """(N, before, h, w) to (N, C, *size). Resizing and 1x1 convolution commute; the smaller map is convolved."""
        if x.shape[2] > size[0] or x.shape[3] > size[1]:
            return lateral(F.adaptive_avg_pool2d(x, size))  # type: ignore[no-any-return]
        return resized(lateral(x), size)
