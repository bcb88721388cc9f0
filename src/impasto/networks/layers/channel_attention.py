"""Attention over channels by what they are on average over the picture."""

from typing import Protocol, runtime_checkable

import torch.nn.functional as F
from torch import Tensor, nn


@runtime_checkable
class WholePicturePooling(Protocol):
    """A layer that takes means of its input over the whole picture, which may be given in tiles.

    Attributes:
        pooled: means (1, C, 1, 1) used in place of the input's own; None uses the input's own.
    """

    pooled: Tensor | None

    def pool(self, x: Tensor) -> Tensor:
        """The means of an input (N, C, H, W): (N, C, 1, 1)."""
        ...


class SimplifiedChannelAttention(nn.Module):
    """Each channel times a linear function of the means of all channels (Chen et al. 2022, equation 6).

    Args:
        channels: of the input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(channels, channels, 1)
        self.pooled: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        means = self.pool(x) if self.pooled is None else self.pooled.to(x.dtype)
        return x * F.conv2d(means, self.weigh.weight, self.weigh.bias)

    def pool(self, x: Tensor) -> Tensor:
        """The means of an input (N, C, H, W): (N, C, 1, 1)."""
        return x.mean((2, 3), keepdim=True)
