"""How clips move: the speed of what is bright, and how much changes from frame to frame."""

from typing import Final

import torch
from torch import Tensor

from impasto.evaluation.figures.intervals import Estimate, bootstrap

EMPTY: Final = 0.1
"""Share of the mean brightness of all frames below which a frame shows nothing whose place could be told."""


def brightness(clips: Tensor) -> Tensor:
    """Clips uint8 (N, T, C, H, W) as grey on black: float32 (N, T, H, W)."""
    colors = clips[:, :, :3] if clips.shape[2] > 3 else clips
    return colors.float().mean(2)


def middles(clips: Tensor) -> Tensor:
    """The middle of what is bright in each frame, in pixels down and to the right: (N, T, 2); NaN in empty frames."""
    grey = brightness(clips)
    mass = grey.sum((2, 3))
    rows, columns = (torch.arange(side, dtype=torch.float32) for side in grey.shape[2:])
    y = (grey.sum(3) * rows).sum(2) / mass
    x = (grey.sum(2) * columns).sum(2) / mass
    seen = mass > EMPTY * mass.mean()
    return torch.where(seen[..., None], torch.stack([y, x], 2), torch.nan)


def motion(clips: Tensor) -> dict[str, Tensor]:
    """Of each clip, uint8 (N, T, C, H, W): how it moves.

    Returns:
        ``speed``: pixels from frame to frame, in the mean; ``turning``: by how much that velocity changes from frame to
        frame, in pixels, in the mean (0 for even motion); ``change``: mean difference of neighbouring frames, in levels
        of 255. Each (N,); of a clip without two frames whose place can be told the first two are 0.
    """
    steps = middles(clips).diff(dim=1)
    change = brightness(clips).diff(dim=1).abs().mean((1, 2, 3))
    speed, turning = (each.norm(dim=2).nanmean(1).nan_to_num(0.0) for each in (steps, steps.diff(dim=1)))
    return {"speed": speed, "turning": turning, "change": change}


def seam(clips: Tensor) -> Tensor:
    """Change from the last frame to the first, as a multiple of that between neighbouring frames: (N,); 1 in a loop."""
    grey = brightness(clips)
    across = (grey[:, 0] - grey[:, -1]).abs().mean((1, 2))
    return across / grey.diff(dim=1).abs().mean((1, 2, 3)).clamp_min(1e-3)


def relative_error(values: Tensor, truth: Tensor) -> Estimate:
    """By how much the mean of values (n,) differs from that of the truth (m,), as a share of the latter."""
    real = float(truth.mean())
    return bootstrap([values], lambda mean: (mean / max(real, 1e-6) - 1).abs())


def relative_spread_error(values: Tensor, truth: Tensor) -> Estimate:
    """Likewise of the standard deviation."""
    real = float(truth.double().std(correction=0))

    def error(mean: Tensor, square: Tensor) -> Tensor:
        return ((square - mean**2).clamp_min(0).sqrt() / max(real, 1e-6) - 1).abs()

    return bootstrap([values, values.double() ** 2], error)
