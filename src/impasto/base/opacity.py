"""Pictures with opacity as a fourth channel: as networks see them, as files hold them, and how clean their edges are.

Networks see colours multiplied by opacity (Porter and Duff 1984), so that what is clear has one colour, black, and
resampling does not mix in colours that are not seen. Files hold colours as they are, beside opacity.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

OPAQUE_FROM = 128
"""Opacity from which on a pixel belongs to the body of a sprite."""


def straight(multiplied: Tensor) -> Tensor:
    """Colours multiplied by opacity, to colours as they are: uint8 (N, 4, H, W); those of clear pixels are 0."""
    wide = multiplied.to(torch.int32)
    opacity = wide[:, 3:]
    colors = (wide[:, :3] * 255 + opacity // 2) // opacity.clamp_min(1)
    return torch.cat([colors.clamp_max(255) * (opacity > 0), opacity], 1).to(torch.uint8)


def cleaned(pictures: Tensor, soft: bool = False) -> Tensor:
    """What a network painted, as sprites with clean edges.

    Args:
        pictures: uint8 (N, 4, H, W), colours multiplied by opacity.
        soft: keep half-clear pixels beside the body, in the mean colour of the body's pixels around; else every pixel
            is opaque or clear.

    Returns:
        uint8 (N, 4, H, W), colours as they are; clear pixels are 0 in all channels.
    """
    found = straight(pictures)
    colors, body = found[:, :3].float(), (found[:, 3:] >= OPAQUE_FROM).float()
    if not soft:
        return torch.cat([colors * body, 255 * body], 1).to(torch.uint8)
    rim = F.max_pool2d(body, 3, 1, 1) * (1 - body)
    around = F.avg_pool2d(colors * body, 3, 1, 1) / F.avg_pool2d(body, 3, 1, 1).clamp_min(1e-6)
    opacity = found[:, 3:] * (body + rim)
    colors = (colors * body + around.round() * rim) * (opacity > 0)
    return torch.cat([colors, opacity], 1).to(torch.uint8)


def halo(sprites: Tensor) -> Tensor:
    """What shows around the body of each sprite, in levels of 255; 0 for clean edges.

    The larger one of two: the opacity of pixels that neither belong to the body (an opacity of 128 or more) nor touch
    it; and of half-clear pixels that do touch it, by how much their colour lies outside of the colours of the body's
    pixels around, times their opacity.

    Args:
        sprites: uint8 (N, 4, H, W), colours as they are.

    Returns:
        (N,) float32, of each sprite's worst pixel.
    """
    colors, opacity = sprites[:, :3].float(), sprites[:, 3:].float()
    body = (opacity >= OPAQUE_FROM).float()
    near = F.max_pool2d(body, 3, 1, 1)
    stray = opacity * (1 - near)
    highest = F.max_pool2d(torch.where(body > 0, colors, -1.0), 3, 1, 1)
    lowest = -F.max_pool2d(torch.where(body > 0, -colors, -256.0), 3, 1, 1)
    foreign = torch.maximum(colors - highest, lowest - colors).clamp_min(0).amax(1, keepdim=True)
    rim = near * (1 - body) * (opacity > 0) * foreign * opacity / 255
    return torch.maximum(stray, rim).flatten(1).amax(1)


def keyed(pictures: Tensor, tolerance: int = 16) -> Tensor:
    """What is cut out of pictures on white by colour: the usual way without opacity, as a control.

    Args:
        pictures: uint8 (N, 4, H, W), colours multiplied by opacity.
        tolerance: how far a channel of a clear pixel may lie below white.

    Returns:
        uint8 (N, 4, H, W), colours as they are on white; white is clear, and all else opaque.
    """
    wide = pictures.to(torch.int32)
    on_white = (wide[:, :3] + 255 - wide[:, 3:]).clamp(0, 255)
    opaque = (on_white.amin(1, keepdim=True) < 255 - tolerance).to(torch.int32)
    return torch.cat([on_white * opaque, 255 * opaque], 1).to(torch.uint8)


def on_checks(images: Tensor, side: int = 4) -> Tensor:
    """Pictures laid on the checks that show what is clear: (N, 4, H, W) in [-1, 1] to (N, 3, H, W)."""
    height, width = images.shape[-2:]
    rows, columns = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    checks = 0.55 + 0.2 * ((rows[:, None] // side + columns[None] // side) % 2)
    share = (images[:, 3:] + 1) / 2
    return ((images[:, :3] + 1) / 2 + checks * (1 - share)).clamp(0, 1) * 2 - 1
