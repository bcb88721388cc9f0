"""Whether a picture joins itself at its borders: gradients across the seam beside those of its interior."""

import torch
from torch import Tensor


def gradients(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Mean absolute differences of neighbouring columns and rows, in levels of 255, the last and the first as well.

    Args:
        pictures: uint8 (N, C, H, W).

    Returns:
        Of columns (N, W) and of rows (N, H); entry i is between line i and the one after it, and the last across the
        seam.
    """
    values = pictures.float()
    across = (values - values.roll(-1, 3)).abs().mean((1, 2))
    down = (values - values.roll(-1, 2)).abs().mean((1, 3))
    return across, down


def seam_ratio(pictures: Tensor) -> Tensor:
    """The gradient across the seams as a multiple of the interior's mean, in the mean of both directions: (N,)."""
    ratios = [lines[:, -1] / lines[:, :-1].mean(1).clamp_min(1e-3) for lines in gradients(pictures)]
    return torch.stack(ratios).mean(0)


def seam_inside(pictures: Tensor) -> Tensor:
    """Whether the gradient across both seams is no larger than the largest inside the picture: (N,) of 0 and 1."""
    found = [lines[:, -1] <= lines[:, :-1].amax(1) for lines in gradients(pictures)]
    return torch.stack(found).all(0).float()


def mirrored(pictures: Tensor) -> Tensor:
    """A picture at half its size beside its mirror images, which joins itself as a control: uint8 (N, C, H, W)."""
    height, width = pictures.shape[2] // 2, pictures.shape[3] // 2
    part = pictures[..., :height, :width]
    upper = torch.cat([part, part.flip(3)], 3)
    return torch.cat([upper, upper.flip(2)], 2)


def blended(pictures: Tensor, width: int = 8) -> Tensor:
    """Borders blended with those of the other side, the usual way by hand, as a control: uint8 (N, C, H, W).

    Args:
        pictures: uint8 (N, C, H, W).
        width: pixels from each border that are blended.
    """
    found = pictures.float()
    for axis in (2, 3):
        size = found.shape[axis]
        lines = torch.arange(size, dtype=torch.float32)
        near = (1 - torch.minimum(lines, size - 1 - lines) / width).clamp_min(0) / 2
        share = near.view(-1, 1) if axis == 2 else near
        # What lies as far beyond the other border, so that both sides of the seam become the same mean.
        found = found * (1 - share) + found.flip(axis) * share
    return found.round().to(torch.uint8)
