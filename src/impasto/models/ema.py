"""The moving average of a network's weights."""

import torch
from torch import Tensor, nn

from impasto.base.schedules import Schedule, value_at


def decay_over(images: int, half_life_kimg: float | Schedule, rampup: float | None, seen: int) -> float:
    """Share of an average that is kept over ``images`` more pictures.

    Args:
        images: shown since the average last followed.
        half_life_kimg: in thousands of pictures, a number or a schedule.
        rampup: the half-life is at most this share of the pictures seen (Karras et al. 2020a); None disables it.
        seen: pictures shown so far.
    """
    half_life = value_at(half_life_kimg, seen / 1000) * 1000
    if rampup is not None:
        half_life = min(half_life, seen * rampup)
    return 0.5 ** (images / max(half_life, 1e-8))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an average towards its network; buffers are copied."""
    averages: list[Tensor] = list(average.parameters())
    values: list[Tensor] = list(network.parameters())
    torch._foreach_lerp_(averages, values, 1 - decay)
    for kept, value in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(value)
