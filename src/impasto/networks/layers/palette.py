"""Colours of one picture mapped to the palette of another, by their means and covariances."""

from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor, nn

from impasto.networks.layers.norm import Statistics

FLAT: Final = 1e-3
"""Added to the variances, so that a picture of one colour has a map too."""
STEPS: Final = 14
"""Of Newton's iteration; enough for variances that differ by a factor of a thousand."""


def palette_length(channels: int) -> int:
    """Numbers of a palette."""
    return channels * (channels + 3) // 2


def palette_of(images: Tensor) -> Tensor:
    """Means of the channels and the upper triangle of their covariance: (N, C, H, W) to (N, C + C (C + 1) / 2)."""
    means, covariance = moments(images)
    rows, columns = torch.triu_indices(images.shape[1], images.shape[1], device=images.device)
    return torch.cat([means, covariance[:, rows, columns]], 1)


def moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Means (N, C) and covariances (N, C, C) of the colours of pictures (N, C, H, W), in float32.

    Products in bfloat16, to which autocast would turn, can have negative variances.
    """
    with torch.autocast(images.device.type, enabled=False):
        seen = images.float().flatten(2)
        means = seen.mean(2)
        seen = seen - means[:, :, None]
        return means, seen @ seen.transpose(1, 2) / seen.shape[2]


class PaletteMatch(nn.Module):
    """The linear map with the least change of colours after which a picture has a palette's mean and covariance.

    Monge-Kantorovitch's map between Gaussians (Pitié and Kokaram 2007), with matrix products alone, so that it can be
    exported. A tile is mapped as its picture is, see :class:`~impasto.networks.layers.norm.WholeInputStatistics`.

    Attributes:
        statistics: means (1, C) and covariances (1, C, C) in place of the picture's own; None uses its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.statistics: Statistics | None = None

    def measure_parts(self, parts: Iterable[Tensor]) -> Statistics:
        """Mean (1, C) and covariance (1, C, C) of a picture from parts (1, C, h, w) that cover it."""
        count, sums, products = 0, torch.empty(0), torch.empty(0)
        for part in parts:
            means, covariance = (value.double() for value in moments(part))
            size = part.shape[2] * part.shape[3]
            sums = size * means + (sums if count else 0)
            products = size * (covariance + means[:, :, None] * means[:, None, :]) + (products if count else 0)
            count += size
        means, products = sums / count, products / count
        return means.float(), (products - means[:, :, None] * means[:, None, :]).float()

    @torch.no_grad()
    def forward(self, images: Tensor, palette: Tensor) -> Tensor:
        """Map pictures (N, C, H, W) in [-1, 1] to palettes (N or 1, K) of :func:`palette_of`; the same shape."""
        with torch.autocast(images.device.type, enabled=False):
            return self.mapped(images.float(), palette.float())

    def mapped(self, images: Tensor, palette: Tensor) -> Tensor:
        """As :meth:`forward`, in float32."""
        n, channels = images.shape[:2]
        own_means, own = self.statistics or moments(images)
        means, wanted = unpacked(palette, channels)
        flat = FLAT * torch.eye(channels, device=images.device)
        root, inverse = roots(own + flat)
        middle, _ = roots(root @ (wanted + flat) @ root)
        matrix = (inverse @ middle @ inverse).expand(n, -1, -1)
        shift = means - (matrix @ own_means[:, :, None].expand(n, -1, -1))[:, :, 0]
        mapped = matrix @ images.flatten(2) + shift[:, :, None]
        return mapped.view_as(images).clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def unpacked(palette: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """Means (N, C) and covariances (N, C, C) of palettes."""
    rows, columns = torch.triu_indices(channels, channels, device=palette.device)
    covariance = palette.new_zeros(len(palette), channels, channels)
    covariance[:, rows, columns] = palette[:, channels:]
    covariance[:, columns, rows] = palette[:, channels:]
    return palette[:, :channels], covariance


def roots(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Square roots of positive definite matrices (N, C, C), and the roots' inverses (Denman and Beavers, as products:
    Higham 2008, equation 6.35).
    """
    one = torch.eye(matrices.shape[-1], device=matrices.device).expand_as(matrices)
    size = matrices.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    root, inverse = matrices / size, one
    for _ in range(STEPS):
        step = (3 * one - inverse @ root) / 2
        root, inverse = root @ step, step @ inverse
    return root * size.sqrt(), inverse / size.sqrt()
