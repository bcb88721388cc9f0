"""Random decisions of augmentations: one row of uniform numbers a picture, the same on any number of processes."""

import torch
from torch import Tensor

from impasto.base import distributed


def uniform(n: int, columns: int, device: torch.device) -> Tensor:
    """(n, columns) in [0, 1): this process's part of what is drawn for the global batch."""
    return distributed.per_sample(lambda count: torch.rand(count, columns, device=device), n)


def normal(n: int, columns: int, device: torch.device) -> Tensor:
    """(n, columns) from N(0, 1), likewise."""
    return distributed.per_sample(lambda count: torch.randn(count, columns, device=device), n)


def per_image(values: Tensor) -> Tensor:
    """(N,) to (N, 1, 1, 1)."""
    return values[:, None, None, None]
