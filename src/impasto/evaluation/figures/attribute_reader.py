"""A reader of attributes that is fitted to real pictures: ridge regression on features of a random layer."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.pixels import from_uint8

FILTERS = 48
SIDE = 32
"""Pixels to which pictures are brought."""
RIDGE = 0.1
"""Weight of the penalty, by feature."""


def random_layer(pictures: Tensor) -> Tensor:
    """Pictures uint8 (N, C, H, W) to (N, FILTERS * 64): random filters of 5 x 5 pixels, rectified, means over 4 x 4."""
    images = F.interpolate(from_uint8(pictures), size=(SIDE, SIDE), mode="area")
    source = torch.Generator().manual_seed(0)
    weight = 0.2 * torch.randn(FILTERS, images.shape[1], 5, 5, generator=source)
    weight -= weight.mean((2, 3), keepdim=True)
    found = [F.avg_pool2d(F.relu(F.conv2d(some, weight, padding=2)), 4).flatten(1) for some in images.split(256)]
    return torch.cat(found)


@dataclass(frozen=True)
class AttributeReader:
    """Reads numbers from pictures.

    Attributes:
        mean: of the features, (d,).
        spread: likewise.
        weight: (d, K).
        bias: (K,).
    """

    mean: Tensor
    spread: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def fitted(cls, pictures: Tensor, vectors: Tensor) -> "AttributeReader":
        """From pictures uint8 (n, C, H, W) and their numbers (n, K)."""
        features = random_layer(pictures)
        mean, spread = features.mean(0), features.std(0) + 1e-3
        centred, bias = (features - mean) / spread, vectors.mean(0)
        penalty = RIDGE * features.shape[1] * torch.eye(len(centred))
        dual = torch.linalg.solve(centred @ centred.T + penalty, vectors - bias)
        return cls(mean, spread, centred.T @ dual, bias)

    def __call__(self, pictures: Tensor) -> Tensor:
        """Pictures uint8 (N, C, H, W) to (N, K)."""
        return (random_layer(pictures) - self.mean) / self.spread @ self.weight + self.bias
