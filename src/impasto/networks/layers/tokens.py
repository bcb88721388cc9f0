"""Sequences of vectors to attend to, made of pictures and of single vectors."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.layers.linear import conv, dense

SIDE: Final = 16
"""Vectors along each side of a picture, at most: 256 in all."""


class PictureTokens(nn.Module):
    """A picture as up to 16 x 16 vectors: two convolutions of stride 2, then means.

    Args:
        channels: of the pictures.
        width: length of the vectors.
        spectral: spectral norm on the convolutions.
    """

    def __init__(self, channels: int, width: int, spectral: bool = False) -> None:
        super().__init__()
        self.first, self.second = (
            conv(before, width, 4, stride=2, padding=1, spectral=spectral) for before in (channels, width)
        )

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to (N, L, width)."""
        x = self.second(F.leaky_relu(self.first(images), 0.2))
        x = F.adaptive_avg_pool2d(x, (min(SIDE, x.shape[2]), min(SIDE, x.shape[3])))
        return x.flatten(2).transpose(1, 2)


class LearnedTokens(nn.Module):
    """Vectors that are weights, the same for every input (as the inducing points of Lee et al. 2019, section 3.1).

    Args:
        width: of the vectors.
        count: of them.
    """

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(count, width))

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...) to (N, count, width)."""
        return self.vectors.expand(len(x), -1, -1)


class VectorTokens(nn.Module):
    """A vector as a sequence of shorter ones, each a linear function of it.

    Args:
        length: of the vector.
        width: of the vectors made.
        count: of them.
        spectral: spectral norm on the weights.
    """

    def __init__(self, length: int, width: int, count: int, spectral: bool = False) -> None:
        super().__init__()
        self.count = count
        self.spread = dense(length, width * count, spectral=spectral)

    def forward(self, vectors: Tensor) -> Tensor:
        """(N, length) to (N, count, width)."""
        return self.spread(vectors).unflatten(1, (self.count, -1))
