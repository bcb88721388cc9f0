"""Traces of how a network paints: patterns at the periods of its strides and tiles, and borders unlike the middle."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.pixels import luma

PERIODS: Final = (2, 4, 8)
"""Pixels; patterns of 2 and 4 repeat after 8 too."""
BESIDE: Final = 3
"""How many frequencies away those are that a grid's are compared with."""
STRIP: Final = 0.06
"""Width of the border, as a share of the shorter side."""


def grid_energy(images: Tensor) -> Tensor:
    """Energy at the frequencies of patterns that repeat every 2, 4 or 8 pixels, over that of frequencies beside them.

    A picture without such patterns is at 1 to 2. Checkerboards of strided convolutions (Odena et al. 2016), seams of
    tiles and the blocks of JPEG are higher.

    Args:
        images: (N, 1 or 3, H, W), at least 64 pixels high and wide.

    Returns:
        (N,), the largest of the means over each period's frequencies: those across, those along, and all.
    """
    grey = luma(images)
    height, width = (side // 8 * 8 for side in grey.shape[2:])
    grey = grey[..., :height, :width]
    # the jump from one border to the opposite one would spread over the axes
    window = torch.hann_window(height, device=grey.device)[:, None] * torch.hann_window(width, device=grey.device)
    power = torch.fft.fft2((grey - grey.mean((2, 3), keepdim=True)) * window).abs().square()
    power = F.avg_pool2d(F.pad(power, (1,) * 4, mode="circular"), 3, 1)  # the window spreads a pattern over neighbours
    beside = [(power.roll(BESIDE, axis) + power.roll(-BESIDE, axis)) / 2 for axis in (2, 3)]
    # the larger one: upright and level edges make a ridge along an axis, which is no pattern
    ratio = power / torch.maximum(*beside).clamp_min(1e-12)
    found = []
    for period in PERIODS:
        grid = ratio[..., :: height // period, :: width // period].flatten(1, 2)
        across, along = grid[:, 0, 1:], grid[:, 1:, 0]  # seams that run one way lie on one axis; [0, 0] is the mean
        found += [across.mean(1), along.mean(1), grid.flatten(1)[:, 1:].mean(1)]
    return torch.stack(found, 1).amax(1)


def border_levels(images: Tensor) -> Tensor:
    """Brightness and contrast of the border against the rest: (N, 1 or 3, H, W) in [-1, 1] to (N, 2).

    The difference of mean brightness, over the picture's deviation, and the logarithm of the ratio of mean gradients.
    """
    grey = luma(images)
    strip = max(1, round(STRIP * min(grey.shape[2:])))
    slope = (grey[..., 1:, :-1] - grey[..., :-1, :-1]).abs() + (grey[..., :-1, 1:] - grey[..., :-1, :-1]).abs()
    inside = torch.zeros(grey.shape[2:], dtype=torch.bool, device=grey.device)
    inside[strip:-strip, strip:-strip] = True
    within = inside[:-1, :-1]
    level = grey[..., ~inside].mean((1, 2)) - grey[..., inside].mean((1, 2))
    spread = grey.flatten(1).std(1).clamp_min(0.02)
    slopes = slope[..., ~within].mean((1, 2)) + 1e-3, slope[..., within].mean((1, 2)) + 1e-3
    return torch.stack([level / spread, (slopes[0] / slopes[1]).log()], 1)
