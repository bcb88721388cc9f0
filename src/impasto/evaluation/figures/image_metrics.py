"""How close pictures are to their targets: PSNR, SSIM, MS-SSIM and LPIPS, on [-1, 1]."""

from collections.abc import Callable
from functools import cache
from typing import Final

import torch
from torch import Tensor
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from impasto.base.errors import UserError
from impasto.networks.pretrained.extractor import device_of, freeze
from impasto.networks.pretrained.lpips import LPIPS, Backbone

RANGE: Final = 2.0
"""From -1 to 1."""


def psnr(images: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each picture: (N,); infinite for equal ones.

    Args:
        images: (N, C, H, W) in [-1, 1].
        target: likewise.
    """
    check_pair(images, target)
    values: Tensor = peak_signal_noise_ratio(
        images.float(), target.float(), data_range=RANGE, reduction="none", dim=(1, 2, 3)
    )
    return values


def ssim(images: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each picture (Wang et al. 2004; Gaussian window of 11 pixels, deviation 1.5): (N,).

    As torchmetrics has it, the mean goes over the whole picture, continued by its mirror image at the borders.

    Args:
        images: (N, C, H, W) in [-1, 1], at least 11 pixels high and wide.
        target: likewise.

    Raises:
        UserError: the pictures are smaller, or differ in shape.
    """
    check_pair(images, target, 11, "ssim")
    values = structural_similarity_index_measure(images.float(), target.float(), data_range=RANGE, reduction="none")
    assert isinstance(values, Tensor)
    return values.reshape(len(images))


def ms_ssim(images: Tensor, target: Tensor) -> Tensor:
    """Structural similarity over five scales of each picture (Wang et al. 2003): (N,).

    Args:
        images: (N, C, H, W) in [-1, 1], at least 161 pixels high and wide.
        target: likewise.

    Raises:
        UserError: the pictures are smaller, or differ in shape.
    """
    check_pair(images, target, 161, "ms_ssim")
    values: Tensor = multiscale_structural_similarity_index_measure(
        images.float(), target.float(), data_range=RANGE, reduction="none", normalize="relu"
    )
    return values.reshape(len(images))


def lpips(images: Tensor, target: Tensor, backbone: Backbone = "alex") -> Tensor:
    """Learned perceptual distance of each picture (Zhang et al. 2018, version 0.1): (N,); 0 for equal ones.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1].
        target: likewise.
        backbone: its network.

    Raises:
        UserError: its weights cannot be had, or the pictures differ in shape.
    """
    check_pair(images, target)
    network = lpips_network(backbone)
    device = device_of(network)
    with torch.no_grad():
        values: Tensor = network(images.to(device), target.to(device))
    return values


METRICS: Final[dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "psnr": psnr,
    "ssim": ssim,
    "ms_ssim": ms_ssim,
    "lpips": lpips,
}
"""By name; all but ``lpips`` are better when higher."""


@cache
def lpips_network(backbone: Backbone) -> LPIPS:
    """The network of LPIPS, frozen; loaded once.

    Raises:
        UserError: an unknown backbone, or weights that cannot be had.
    """
    frozen: LPIPS = freeze(LPIPS(backbone))
    return frozen


def check_pair(images: Tensor, target: Tensor, least: int = 1, name: str = "") -> None:
    """Make sure that two batches can be compared.

    Raises:
        UserError: they differ in shape, or are smaller than ``least`` pixels high or wide.
    """
    if images.shape != target.shape:
        raise UserError(f"Pictures of shape {tuple(images.shape)} cannot be compared with {tuple(target.shape)}.")
    if min(images.shape[2:]) < least:
        height, width = images.shape[2:]
        raise UserError(f"{name} needs pictures of at least {least} x {least} pixels; these have {height} x {width}.")
