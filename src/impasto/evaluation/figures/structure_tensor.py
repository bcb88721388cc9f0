"""How brightness runs through a picture: coherence of its directions at several scales, and agreement of edges."""

import math
from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.pixels import luma

AROUND: Final = 6.0
"""Deviation, in pixels, of the Gaussian window that local means and contrasts are taken over."""
FLOOR: Final = 0.02
"""Contrast, of a range of 2, below which differences are noise and are not blown up: two and a half levels of 255."""
SLOPE: Final = 0.7
"""Deviation, in pixels, of the Gaussian before the derivatives."""
REACHES: Final = (1.0, 2.0, 4.0)
"""The scales: deviations of the Gaussian that products of derivatives are averaged with."""
FLAT: Final = 0.1
"""Sum of squared slopes of :func:`normalised_luma`, per pixel, that halves the coherence: a flat sky has none, while
strokes give it some."""
GRID: Final = 256
"""Values of coherence at which its distribution is kept."""


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
        normalised: (N, 1, H, W), from :func:`normalised_luma`.

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
        normalised: (N, 1, H, W), from :func:`normalised_luma`.

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
