"""How brightness runs through a picture: coherence of its directions at several scales, and agreement of edges."""

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.contrast import blur

SLOPE: Final = 0.7
"""Deviation, in pixels, of the Gaussian before the derivatives."""
REACHES: Final = (1.0, 2.0, 4.0)
"""The scales: deviations of the Gaussian that products of derivatives are averaged with."""
FLAT: Final = 0.1
"""Sum of squared slopes of :func:`~impasto.base.contrast.normalised_luma`, per pixel, that halves the coherence: a flat
sky has none, while strokes give it some."""
GRID: Final = 256
"""Values of coherence at which its distribution is kept."""


def gradients(grey: Tensor, deviation: float = SLOPE) -> tuple[Tensor, Tensor]:
    """Central differences along x and y of the blurred brightness (N, 1, H, W): two of the same shape."""
    padded = F.pad(blur(grey, deviation), (1,) * 4, mode="reflect")
    right, down = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2], padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    return right / 2, down / 2


def coherence(grey: Tensor, reaches: Sequence[float] = REACHES, flat: float = FLAT) -> Tensor:
    """How much one direction prevails around each place: (l1 - l2) / (l1 + l2 + flat), l1 >= l2 the structure tensor's
    eigenvalues.

    Bigün and Granlund 1987, with a constant, so that 0 is flat or the same in all directions; 1 is one direction.

    Args:
        grey: (N, 1, H, W).
        reaches: the scales, deviations in pixels of the Gaussian that products of derivatives are averaged with.
        flat: see :data:`FLAT`.

    Returns:
        (N, scales, H, W) in [0, 1].
    """
    x, y = gradients(grey)
    products = torch.cat([x * x, y * y, x * y], 1)
    found = []
    for reach in reaches:
        xx, yy, xy = blur(products, reach).split(1, 1)
        found.append(((xx - yy).square() + 4 * xy.square()).sqrt() / (xx + yy + flat).clamp_min(1e-8))
    return torch.cat(found, 1)


def coherence_distribution(normalised: Tensor) -> Tensor:
    """Share of places whose coherence is at most 1/256, 2/256, ..., 1, at each scale.

    Args:
        normalised: (N, 1, H, W), from :func:`~impasto.base.contrast.normalised_luma`.

    Returns:
        (N, scales, 256), increasing to 1.
    """
    level = (coherence(normalised).flatten(2) * GRID).ceil().clamp(1, GRID).long() - 1
    counts = torch.zeros(*level.shape[:2], GRID, device=level.device)
    return counts.scatter_add_(2, level, torch.ones_like(level, dtype=counts.dtype)).cumsum(2) / level.shape[2]


def distribution_distance(ours: Tensor, style: Tensor) -> Tensor:
    """Wasserstein-1 distance of two distributions on [0, 1], the area between their cumulative shares.

    Args:
        ours: (..., scales, 256), from :func:`coherence_distribution`; the mean over pictures is that of their set.
        style: likewise.

    Returns:
        (...) in [0, 1], the mean over scales.
    """
    return (ours - style).abs().mean((-1, -2))


def edge_field(normalised: Tensor) -> Tensor:
    """Strength and direction of the edges around each place.

    A gradient g at angle a counts as |g| (cos 2a, sin 2a), so that an edge from dark to light equals one from light to
    dark; averaged over two pixels.

    Args:
        normalised: (N, 1, H, W), from :func:`~impasto.base.contrast.normalised_luma`.

    Returns:
        (N, 2, H, W).
    """
    x, y = gradients(normalised)
    size = (x.square() + y.square()).sqrt().clamp_min(1e-8)
    return blur(torch.cat([(x * x - y * y) / size, 2 * x * y / size], 1), REACHES[1])


def edge_agreement(edges: Tensor, content: Tensor) -> Tensor:
    """Whether edges lie where those of the content do and run the same way, whatever their colours and contrast.

    Args:
        edges: (N, 2, H, W), from :func:`edge_field`.
        content: likewise, of what they were made from.

    Returns:
        (N,) the cosine between the fields, in [-1, 1]: 1 for the same edges, near 0 for unrelated pictures.
    """
    return F.cosine_similarity(edges.flatten(1), content.flatten(1), dim=1)
