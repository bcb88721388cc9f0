"""Maps over pictures as pictures."""

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.pixels import as_rgb, luma

MOST = 0.98
"""Quantile of a map that is drawn in full strength, so that one pixel does not make all others dark."""


def over(images: Tensor, maps: Tensor) -> Tensor:
    """Pictures in grey with maps in red on them: (N, 3, H, W) in [-1, 1].

    Args:
        images: (N, C, H, W) in [-1, 1].
        maps: (N, h, w); each is scaled by itself, from its least value, which is not drawn, to its largest.
    """
    large = F.interpolate(maps[:, None].float(), images.shape[2:], mode="bilinear", align_corners=False)
    least = large.amin((1, 2, 3), keepdim=True)
    most = large.flatten(1).quantile(MOST, 1)[:, None, None, None]
    return tinted(images, ((large - least) / (most - least).clamp_min(1e-12)).clamp(0, 1))


def tinted(images: Tensor, share: Tensor) -> Tensor:
    """Pictures in grey, red where a share (N, 1, H, W) is 1: (N, 3, H, W)."""
    grey = luma(as_rgb(images)).expand(-1, 3, -1, -1) * 0.6
    red = torch.tensor([1.0, 0.1, -0.6])[None, :, None, None]
    return torch.lerp(grey, red.expand_as(grey), 0.85 * share)


def marked(images: Tensor, boxes: Tensor) -> Tensor:
    """Pictures with a white frame around a box each: (N, C, H, W).

    Args:
        images: (N, C, H, W) in [-1, 1].
        boxes: (N, 4), top, left, bottom and right in pixels.
    """
    result = images.clone()
    for picture, (top, left, bottom, right) in zip(result, boxes.tolist(), strict=True):
        wide = max(picture.shape[1] // 100, 1)
        for rows, columns in (
            (slice(top, top + wide), slice(left, right)),
            (slice(bottom - wide, bottom), slice(left, right)),
            (slice(top, bottom), slice(left, left + wide)),
            (slice(top, bottom), slice(right - wide, right)),
        ):
            picture[:, rows, columns] = 1.0
    return result


def boxes_of(height: int, width: int, count: int = 2) -> Tensor:
    """``count`` x ``count`` boxes over a picture, each half as wide and high as its share: (count^2, 4)."""
    high, wide = height // count, width // count
    found = [
        (i * high + high // 4, j * wide + wide // 4, i * high + 3 * high // 4, j * wide + 3 * wide // 4)
        for i in range(count)
        for j in range(count)
    ]
    return torch.tensor(found)
