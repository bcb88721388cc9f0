"""Conversion between bytes, as on disk, and numbers in [-1, 1], as networks see them."""

import torch
from torch import Tensor


def to_uint8(images: Tensor) -> Tensor:
    """[-1, 1] to 0..255, rounded to the nearest."""
    return (images.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)


def from_uint8(images: Tensor) -> Tensor:
    """0..255 to [-1, 1] in float32."""
    return images.float() / 127.5 - 1


def as_rgb(images: Tensor) -> Tensor:
    """Greyscale repeated to three channels; alpha dropped.

    Args:
        images: (N, 1, 3 or 4, H, W).
    """
    return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images[:, :3]


def luma(images: Tensor) -> Tensor:
    """Brightness of ITU-R BT.601 in float32: (N, 1 or 3, H, W) to (N, 1, H, W)."""
    if images.shape[1] == 1:
        return images.float()
    weights = torch.tensor([0.299, 0.587, 0.114], device=images.device)
    return (images.float() * weights.view(1, 3, 1, 1)).sum(1, keepdim=True)
