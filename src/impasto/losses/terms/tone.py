"""Distances of tones: a painting in any palette keeps what is light and what is dark."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.pixels import luma

CHROMA: Final = ((-0.169, -0.331, 0.5), (0.5, -0.419, -0.081))
"""The two colour differences of ITU-R BT.601."""


def luma_distance(painted: Tensor, content: Tensor, blur: int = 8) -> Tensor:
    """L1 between brightness blurred over ``blur`` pixels, each picture at mean 0 and deviation 1 first.

    The project's own. Keeps light light and dark dark, and leaves strokes and overall tone free. (N, 1 or 3, H, W) in
    [-1, 1] both.
    """
    a, b = (_blurred_luma(images, blur) for images in (painted, content))
    return (a - b).abs().mean()


def chroma_distance(painted: Tensor, content: Tensor, blur: int = 8) -> Tensor:
    """As :func:`luma_distance`, of the two colour differences, scaled together.

    The project's own. What is bluer stays bluer, in any palette. (N, 3, H, W) in [-1, 1] both; 0 for grey
    pictures.
    """
    if painted.shape[1] != 3:
        return painted.new_zeros(())
    a, b = (_evened(_blurred(_project(images, CHROMA), blur)) for images in (painted, content))
    return (a - b).abs().mean()


def _blurred_luma(images: Tensor, blur: int) -> Tensor:
    return _evened(_blurred(luma(images), blur))


def _project(images: Tensor, rows: tuple[tuple[float, ...], ...]) -> Tensor:
    return F.conv2d(images.float(), images.new_tensor(rows, dtype=torch.float32)[..., None, None])


def _blurred(images: Tensor, blur: int) -> Tensor:
    half = blur // 2
    return F.avg_pool2d(F.pad(images, (half, half, half, half), mode="reflect"), blur, max(half, 1))


def _evened(maps: Tensor) -> Tensor:
    """Each picture at mean 0 and, all its channels together, deviation 1; nearly flat ones are not amplified."""
    deviation = maps.std((2, 3), keepdim=True).mean(1, keepdim=True)
    return (maps - maps.mean((2, 3), keepdim=True)) / (deviation + 0.1)
