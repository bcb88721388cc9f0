"""Self-attention over feature maps."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.layers.linear import conv


class SelfAttention(nn.Module):
    """x + gamma * attention(x), gamma starting from zero (Zhang et al. 2019, equations 1 to 3).

    Queries and keys have an eighth of the channels and values half of them; keys and values are pooled 2x2, as in the
    authors' code, which quarters the cost.

    Args:
        channels: of the input.
        spectral: spectral norm on the four 1x1 convolutions.
    """

    def __init__(self, channels: int, spectral: bool = True) -> None:
        super().__init__()
        inner, values = max(channels // 8, 1), max(channels // 2, 1)
        self.query = conv(channels, inner, 1, bias=False, spectral=spectral)
        self.key = conv(channels, inner, 1, bias=False, spectral=spectral)
        self.value = conv(channels, values, 1, bias=False, spectral=spectral)
        self.out = conv(values, channels, 1, bias=False, spectral=spectral)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        height, width = x.shape[2:]
        query = self.query(x).flatten(2).transpose(1, 2)
        key = F.max_pool2d(self.key(x), 2, ceil_mode=True).flatten(2)
        value = F.max_pool2d(self.value(x), 2, ceil_mode=True).flatten(2).transpose(1, 2)
        # Written out, as the fused kernels have no second derivative, which R1 needs.
        weights = torch.softmax(query @ key, dim=-1).to(value.dtype)
        y = (weights @ value).transpose(1, 2).unflatten(2, (height, width))
        return x + self.gamma.to(x.dtype) * self.out(y)
