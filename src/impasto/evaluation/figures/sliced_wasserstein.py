"""Sliced Wasserstein distance of features, from tables of quantiles that are made once for each picture."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from impasto.networks.pretrained.feature_maps import FeatureMaps

DIRECTIONS: Final = 64
"""Random unit vectors that features are projected on, at each layer."""
QUANTILES: Final = 64
"""Values kept of each projection."""
MOST_PLACES: Final = 2048
"""Places of a layer that are looked at, evenly spread."""


def quantile_table(values: Tensor) -> Tensor:
    """Quantiles of samples at (k + 1/2) / 64: (..., n) to (..., 64)."""
    places = ((torch.arange(QUANTILES, device=values.device) + 0.5) / QUANTILES * values.shape[-1]).long()
    return in_order(values)[..., places]


def in_order(values: Tensor) -> Tensor:
    """Sorted along the last axis; on the CPU by NumPy, which is thirty times as fast as torch."""
    if values.device.type != "cpu":
        return values.sort(-1).values
    return torch.from_numpy(np.sort(values.numpy(), -1))


def pooled(tables: Tensor) -> Tensor:
    """The table of several samples of the same size taken together: (n, ..., 64) to (..., 64)."""
    return tables[0] if len(tables) == 1 else quantile_table(tables.movedim(0, -2).flatten(-2))


def wasserstein(ours: Tensor, style: Tensor) -> Tensor:
    """Wasserstein-1 distance of samples on a line, from their tables; mean over everything but the first axis.

    Args:
        ours: (n, ..., 64).
        style: (..., 64), or of ``ours``' shape.

    Returns:
        (n,), 0 or more.
    """
    return (ours - style).abs().flatten(1).mean(1)


def slices(features: Sequence[Tensor], scales: Sequence[Tensor]) -> Tensor:
    """Tables of features on random directions (Bonneel et al. 2015; as a style distance, Heitz et al. 2021).

    Args:
        features: (n, C, h, w) of each layer.
        scales: (C,) of each layer, by which channels are divided, so that none outweighs the others.

    Returns:
        (n, layers, 64 directions, 64 quantiles).
    """
    found = []
    for number, (layer, scale) in enumerate(zip(features, scales, strict=True)):
        places = layer.flatten(2)
        places = places[..., :: -(-places.shape[2] // MOST_PLACES)]
        directions = _directions(layer.shape[1], number).to(layer.device) / scale.to(layer.device)
        found.append(quantile_table(directions @ places))
    return torch.stack(found, 1)


@cache
def _directions(channels: int, seed: int) -> Tensor:
    drawn = torch.randn(DIRECTIONS, channels, generator=torch.Generator().manual_seed(seed))
    return drawn / drawn.norm(dim=1, keepdim=True)


def channel_scales(network: FeatureMaps, device: torch.device) -> list[Tensor]:
    """The deviation of each channel of the style layers on noise of a natural picture's spectrum: one (C,) a layer.

    Fixed for a network, so that distances to several styles can be compared, and pictures are described once.

    Args:
        network: whose style layers are looked at.
        device: that it is on.
    """
    maps = network.maps(natural_noise().to(device), network.style_layers)
    found = [layer.float().movedim(1, 0).flatten(1).std(1) for layer in maps]
    return [scale.clamp_min(0.1 * float(scale.median())) for scale in found]


def natural_noise(pictures: int = 4, side: int = 256) -> Tensor:
    """Coloured noise whose amplitude falls with the frequency, as that of photographs does (Field 1987)."""
    white = torch.randn(pictures, 3, side, side, generator=torch.Generator().manual_seed(0))
    frequency = torch.fft.fftfreq(side)
    falling = 1 / (frequency[:, None].square() + frequency[None, : side // 2 + 1].square()).sqrt().clamp_min(1 / side)
    noise = torch.fft.irfft2(torch.fft.rfft2(white) * falling, s=(side, side))
    grey, colour = noise.mean(1, keepdim=True), noise - noise.mean(1, keepdim=True)
    shaped = grey + 0.5 * colour
    return (0.5 * (shaped - shaped.mean((1, 2, 3), keepdim=True)) / shaped.std((1, 2, 3), keepdim=True)).clamp(-1, 1)
