"""Brightness at equal contrast everywhere."""

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.pixels import luma

AROUND: Final = 6.0
"""Deviation, in pixels, of the Gaussian window that local means and contrasts are taken over."""
FLOOR: Final = 0.02
"""Contrast, of a range of 2, below which differences are noise and are not blown up: two and a half levels of 255."""


def blur(images: Tensor, deviation: float) -> Tensor:
    """Gaussian blur, cut at three deviations, with mirrored borders; (N, C, H, W) to the same shape.

    Args:
        images: larger than three deviations, or repeated mirror images are needed and the window is cut.
        deviation: in pixels.
    """
    reach = min(math.ceil(3 * deviation), images.shape[2] - 1, images.shape[3] - 1)
    places = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    window = torch.exp(-places.square() / (2 * deviation**2))
    window = window / window.sum()
    n, channels, height, width = images.shape
    flat = F.pad(images, (reach,) * 4, mode="reflect").reshape(n * channels, 1, height + 2 * reach, width + 2 * reach)
    found = F.conv2d(F.conv2d(flat, window.view(1, 1, 1, -1)), window.view(1, 1, -1, 1))
    return found.view(n, channels, height, width)


def normalised_luma(images: Tensor) -> Tensor:
    """Brightness minus its local mean, divided by its local deviation: neither colour, light nor contrast is left.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1].

    Returns:
        (N, 1, H, W), mostly within -3..3.
    """
    grey = luma(images)
    centred = grey - blur(grey, AROUND)
    return centred / (blur(centred.square(), AROUND).sqrt() + FLOOR)


def equal_contrast(normalised: Tensor) -> Tensor:
    """What :func:`normalised_luma` gives as a picture, in which three deviations fill [-1, 1]; same shape."""
    return (normalised / 3).clamp(-1, 1)
