"""How close pictures are to their targets: PSNR, SSIM, MS-SSIM and LPIPS, and how sharp beside them; on [-1, 1]."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from impasto.base.errors import UserError
from impasto.base.pixels import luma
from impasto.networks.pretrained.extractor import device_of
from impasto.networks.pretrained.lpips import Backbone, lpips_network

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


def psnr_y(images: Tensor, target: Tensor) -> Tensor:
    """PSNR in dB of the brightness Y of each picture, as papers on restoration give it: (N,); infinite for equal ones.

    Y is that of ITU-R BT.601 in studio range, 16 + 65.481 R + 128.553 G + 24.966 B for colours in 0..1 (MATLAB's
    rgb2ycbcr), not rounded, with a peak of 255: since Y has 219 steps, 1.31 dB more than with a peak of its own range.
    Grey pictures are taken as they are. No border is cut off.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1].
        target: likewise.
    """
    check_pair(images, target)
    if images.shape[1] == 1:
        return psnr(images, target)
    difference = (studio_luma(images) - studio_luma(target)).square().mean((1, 2, 3))
    return 10 * torch.log10(255.0**2 / difference)


def studio_luma(images: Tensor) -> Tensor:
    """Y of ITU-R BT.601 in studio range, 16..235: (N, 3, H, W) in [-1, 1] to (N, 1, H, W)."""
    weights = torch.tensor([65.481, 128.553, 24.966], device=images.device)
    return 16 + ((images.float() + 1) / 2 * weights.view(1, 3, 1, 1)).sum(1, keepdim=True)


def sharpness(images: Tensor, target: Tensor) -> Tensor:
    """Root mean square of the differences of neighbouring pixels over that of the target, in brightness: (N,).

    1 is as sharp as the target, less is blurred. Noise counts as sharpness, so that it is read beside PSNR.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1].
        target: likewise; differences of a flat one count as :data:`FLAT`.
    """
    check_pair(images, target, 2, "sharpness")
    ours, theirs = (gradient_energy(luma(x)) for x in (images, target))
    return (ours / theirs.clamp_min(FLAT**2)).sqrt()


FLAT: Final = 1 / 255
"""Root mean square of differences in [-1, 1] below which a picture is flat: half a step of 8 bits."""


def gradient_energy(images: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels, down plus across: (N, 1, H, W) to (N,)."""
    down, across = images.diff(dim=-2), images.diff(dim=-1)
    return down.square().mean((1, 2, 3)) + across.square().mean((1, 2, 3))


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
    "psnr_y": psnr_y,
    "ssim": ssim,
    "ms_ssim": ms_ssim,
    "lpips": lpips,
    "sharpness": sharpness,
}
"""By name; all but ``lpips`` and ``sharpness`` are better when higher."""


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
