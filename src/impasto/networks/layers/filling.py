"""Holes of pictures filled smoothly from their surroundings, at all scales."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

ROUNDS: Final = 8
"""How often the known part grows by a pixel at the lowest scale."""
SMOOTHINGS: Final = 4
"""How often what is filled is smoothed at each scale but the highest, where it is slow and networks do it anyway."""


def filled(pictures: Tensor, known: Tensor, halvings: int, rounds: int = ROUNDS) -> Tensor:
    """Pull and push (Gortler et al. 1996, section 3.3): means of known pixels at ever lower scales, put into the holes
    from the lowest scale up and smoothed there, which is near the harmonic function with the borders' values.

    It is no part of what is learnt: gradients do not pass.

    Args:
        pictures: (N, C, H, W), float32, their sides multiples of ``2**halvings``; what holes hold is not seen.
        known: (N, 1, H, W), 1 where a pixel is known, 0 in holes.
        halvings: how often the size is halved.
        rounds: how often the known part grows by a pixel at the lowest scale; what is still not reached becomes 0.

    Returns:
        (N, C, H, W), with known pixels as they were.
    """
    with torch.no_grad(), torch.autocast(pictures.device.type, enabled=False):
        pictures = pictures * known
        seen = []
        for _ in range(halvings):
            seen.append((pictures, known))
            pictures, known = mean_of_known(pictures, known, 2, 2, 0)
        for _ in range(rounds):
            grown, reached = mean_of_known(pictures, known, 3, 1, 1)
            pictures, known = pictures + grown * (1 - known), reached
        for level, (fine, where) in reversed(list(enumerate(seen))):
            pictures = fine + F.interpolate(pictures, scale_factor=2, mode="bilinear") * (1 - where)
            for _ in range(SMOOTHINGS if level else 0):
                pictures = fine + F.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False) * (1 - where)
        return pictures


def mean_of_known(pictures: Tensor, known: Tensor, size: int, stride: int, padding: int) -> tuple[Tensor, Tensor]:
    """Means over squares of the known pixels, 0 where there are none, and whether there are any, 0 or 1."""
    share = F.avg_pool2d(known, size, stride, padding)
    return F.avg_pool2d(pictures, size, stride, padding) / share.clamp_min(1e-6), (share > 0).to(pictures.dtype)


def reach_of_filling(halvings: int, rounds: int = ROUNDS) -> int:
    """Pixels from which a filled one may come."""
    return (rounds + 2 + SMOOTHINGS) * 2**halvings
