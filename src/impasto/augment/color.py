"""Random changes of colour: affine maps of the channels, composed first and applied in one product.

The colour group of Karras et al. 2020a, appendix B, for any number of channels: the luma axis is the diagonal, and hue,
a rotation about it, needs three channels. A transformation that is not applied is exactly the identity.
"""

import math

import torch
from torch import Tensor

from impasto.augment.draws import normal, uniform


def random_color(images: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """A random change of colour for each of the pictures (N, C, H, W).

    Args:
        images: only their number and channels matter.
        p: probability of each of brightness, contrast, luma flip, hue and saturation; scalar.

    Returns:
        Matrices (N, C, C) and offsets (N, C).
    """
    n, channels = images.shape[:2]
    on, u = uniform(n, 5, images.device), uniform(n, 2, images.device)
    g = normal(n, 3, images.device)
    brightness = torch.where(on[:, 0] < p, 0.2 * g[:, 0], 0.0)
    contrast = torch.where(on[:, 1] < p, torch.exp2(0.5 * g[:, 1]), 1.0)
    flip = torch.where((on[:, 2] < p) & (u[:, 0] < 0.5), 1.0, 0.0)
    angle = torch.where(on[:, 3] < p, math.tau * (u[:, 1] - 0.5), 0.0)
    saturation = torch.where(on[:, 4] < p, torch.exp2(g[:, 2]), 1.0)

    later = saturated(saturation, channels) @ hue(angle, channels) @ luma_flipped(flip, channels)
    matrix = later * contrast[:, None, None]
    offset = matrix.sum(2) * brightness[:, None]  # brightness comes first, equal in all channels
    return matrix, offset


def luma_flipped(flip: Tensor, channels: int) -> Tensor:
    """Mirrors colours in the plane across the luma axis where ``flip`` (N,) is 1: (N, C, C)."""
    eye, luma = _axes(channels, flip)
    return eye - 2 * luma * flip[:, None, None]


def saturated(factor: Tensor, channels: int) -> Tensor:
    """Multiplies the difference from grey by a factor (N,): (N, C, C)."""
    eye, luma = _axes(channels, factor)
    return eye + (eye - luma) * (factor[:, None, None] - 1)


def hue(angle: Tensor, channels: int) -> Tensor:
    """Rotates colours about the luma axis by radians (N,) (Rodrigues' formula): (N, C, C)."""
    eye, luma = _axes(channels, angle)
    if channels != 3:
        return eye.expand(len(angle), -1, -1)
    s = 3**-0.5
    cross = torch.tensor([[0, -s, s], [s, 0, -s], [-s, s, 0]], device=angle.device)
    sine, versine = angle.sin()[:, None, None], (1 - angle.cos())[:, None, None]
    return eye + sine * cross + versine * (luma - eye)


def _axes(channels: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """The identity and the projection onto the luma axis: both (C, C)."""
    eye = torch.eye(channels, device=like.device)
    return eye, torch.full_like(eye, 1 / channels)


def recolored(images: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """Pictures (N, C, H, W) under matrices (N, C, C) and offsets (N, C)."""
    return (matrix @ images.flatten(2) + offset[:, :, None]).view_as(images)
