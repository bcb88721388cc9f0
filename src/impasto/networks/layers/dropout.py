"""Dropout that is the same on any number of processes."""

import torch
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.errors import UserError


class Dropout(nn.Module):
    """Single values set to zero in training (Srivastava et al. 2014), the others scaled up.

    Args:
        probability: of a value to be dropped, in [0, 1).
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise UserError(f"A network cannot be built with dropout={probability}; give 0 or more, but less than 1.")
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) to the same."""
        if not self.training or self.probability == 0:
            return x
        shape = self.dropped_together(x)
        draw = distributed.per_sample(lambda n: torch.rand(n, *shape, device=x.device), len(x))
        return x * ((draw >= self.probability) / (1 - self.probability)).to(x.dtype)

    def dropped_together(self, x: Tensor) -> tuple[int, ...]:
        """Shape of the draws for one sample."""
        return tuple(x.shape[1:])


class ChannelDropout(Dropout):
    """Whole channels set to zero in training (Tompson et al. 2015), the others scaled up.

    Args:
        probability: of a channel to be dropped, in [0, 1).
    """

    def dropped_together(self, x: Tensor) -> tuple[int, ...]:
        """Shape of the draws for one sample."""
        return (x.shape[1], *[1] * (x.ndim - 2))
