"""Attention of feature maps: to themselves, or to vectors of other origin."""

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.layers.linear import conv, dense
from impasto.networks.layers.told import Told

KeysAndValues = tuple[Tensor, Tensor]
"""(N, D, K) and (N, K, V): what K places or vectors are found by, and what they give."""
WEIGHTS: Final = 2**26
"""Attention weights that are held at once where no gradient is wanted: 256 MB."""


class SelfAttention(nn.Module):
    """x + gamma * attention(x), gamma starting from zero (Zhang et al. 2019, equations 1 to 3).

    Queries and keys have an eighth of the channels and values half of them; keys and values are pooled 2x2, as in the
    authors' code, which quarters the cost. A tile of a larger picture attends to the whole picture made small, see
    :func:`~impasto.inference.tiles.shared_statistics`.

    Args:
        channels: of the input.
        spectral: spectral norm on the four 1x1 convolutions.

    Attributes:
        whole: keys and values of the whole picture, for its tiles; None takes the input's own.
    """

    def __init__(self, channels: int, spectral: bool = True) -> None:
        super().__init__()
        inner, values = max(channels // 8, 1), max(channels // 2, 1)
        self.query = conv(channels, inner, 1, bias=False, spectral=spectral)
        self.key = conv(channels, inner, 1, bias=False, spectral=spectral)
        self.value = conv(channels, values, 1, bias=False, spectral=spectral)
        self.out = conv(values, channels, 1, bias=False, spectral=spectral)
        self.gamma = nn.Parameter(torch.zeros(()))
        self.whole: KeysAndValues | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        height, width = x.shape[2:]
        query = self.query(x).flatten(2).transpose(1, 2)
        key, value = self.keys_and_values(x) if self.whole is None else self.whole
        y = attend(query, key, value).transpose(1, 2).unflatten(2, (height, width))
        return x + self.gamma.to(x.dtype) * self.out(y)

    def keys_and_values(self, x: Tensor) -> KeysAndValues:
        """Keys (N, C / 8, K) and values (N, K, C / 2) of an input (N, C, H, W)."""
        key = F.max_pool2d(self.key(x), 2, ceil_mode=True).flatten(2)
        value = F.max_pool2d(self.value(x), 2, ceil_mode=True).flatten(2).transpose(1, 2)
        return key, value


class CrossAttention(nn.Module):
    """x + gamma * attention of x to a sequence of vectors (Vaswani et al. 2017, equation 1), gamma starting from zero.

    Places do not count: a query finds what it looks for by its features alone, as in :class:`SelfAttention`.

    Args:
        channels: of the input.
        width: length of the vectors.
        told: holds the vectors (N, L, width) as ``memory``.
        spectral: spectral norm on the four layers.

    Attributes:
        whole: keys and values for the whole picture, for its tiles; None takes those of the vectors told.
    """

    def __init__(self, channels: int, width: int, told: Told, spectral: bool = False) -> None:
        super().__init__()
        self.inner = max(channels // 4, 1)
        self.query = conv(channels, self.inner, 1, bias=False, spectral=spectral)
        self.key = dense(width, self.inner, bias=False, spectral=spectral)
        self.value = dense(width, self.inner, bias=False, spectral=spectral)
        self.out = conv(self.inner, channels, 1, bias=False, spectral=spectral)
        self.gamma = nn.Parameter(torch.zeros(()))
        self.told = told
        self.whole: KeysAndValues | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        query = self.query(x).flatten(2).transpose(1, 2)
        key, value = self.keys_and_values(x) if self.whole is None else self.whole
        y = attend(query / math.sqrt(self.inner), key, value).transpose(1, 2).unflatten(2, x.shape[2:])
        return x + self.gamma.to(x.dtype) * self.out(y)

    def keys_and_values(self, x: Tensor) -> KeysAndValues:
        """Keys (N, C / 4, L) and values (N, L, C / 4) of the vectors told; the input is not used."""
        memory = self.told.memory
        assert memory is not None, "the network is told what it attends to before it is called"
        return self.key(memory).transpose(1, 2), self.value(memory)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Values weighted by the softmax of queries times keys: (N, Q, D), (N, D, K) and (N, K, V) to (N, Q, V)."""
    # A graph that is recorded has one way for all sizes.
    whole = torch.is_grad_enabled() or torch.compiler.is_compiling()
    if not whole and len(query) * query.shape[1] * key.shape[2] > WEIGHTS:
        count = max(WEIGHTS // (len(query) * key.shape[2]), 1)
        return torch.cat([weighted(some, key, value) for some in query.split(count, 1)], 1)
    return weighted(query, key, value)


def weighted(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """As :func:`attend`, all at once. Written out, as the fused kernels have no second derivative, which R1 needs."""
    weights = torch.softmax(query @ key, dim=-1).to(value.dtype)
    return weights @ value
