"""Feature statistics of sets of pictures, which stand for style."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Moments:
    """First and second moments of the features of one layer over all places of all pictures, unscaled.

    Attributes:
        mean: (C,) float64.
        second: (C, C) float64, the mean of f f', which is the Gram matrix over its number of places.
    """

    mean: Tensor
    second: Tensor

    @property
    def deviation(self) -> Tensor:
        """(C,)."""
        return (self.second.diagonal() - self.mean.square()).clamp_min(1e-12).sqrt()


def moments(features: Tensor) -> Moments:
    """Moments of feature maps (N, C, h, w)."""
    places = features.double().movedim(1, -1).flatten(0, -2)
    return Moments(places.mean(0).cpu(), (places.T @ places / len(places)).cpu())


def averaged(parts: Sequence[Moments], counts: Sequence[int]) -> Moments:
    """Moments of sets taken together; ``counts`` are the numbers of pictures in each, all of one size."""
    shares = [count / sum(counts) for count in counts]
    mean = sum((share * part.mean for share, part in zip(shares, parts, strict=True)), torch.zeros(()))
    return Moments(mean, sum((s * part.second for s, part in zip(shares, parts, strict=True)), torch.zeros(())))


def gram_distance(ours: Sequence[Moments], style: Sequence[Moments]) -> float:
    """Mean over layers of |G - G'| / |G'| in Frobenius norm, G the Gram matrices of two sets of pictures.

    Every channel is divided by its deviation in the style set first, so that none outweighs the others.

    Args:
        ours: one for each layer.
        style: likewise, of the style pictures.
    """
    total = 0.0
    for a, b in zip(ours, style, strict=True):
        scale = torch.outer(b.deviation, b.deviation)
        total += float(((a.second - b.second) / scale).norm() / (b.second / scale).norm())
    return total / len(style)


def mean_std_distance(ours: Sequence[Moments], style: Sequence[Moments]) -> float:
    """Mean over layers of the root mean square, over channels, of the differences in mean and in deviation.

    In units of the channel's deviation in the style set (the statistics of Huang and Belongie 2017); as
    :func:`gram_distance`.
    """
    total = 0.0
    for a, b in zip(ours, style, strict=True):
        means, deviations = (a.mean - b.mean) / b.deviation, (a.deviation - b.deviation) / b.deviation
        total += float((means.square() + deviations.square()).mean().sqrt())
    return total / len(style)
