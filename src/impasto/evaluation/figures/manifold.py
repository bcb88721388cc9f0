"""Precision, recall, density and coverage: whether two sets of features lie in one another's neighbourhoods."""

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK = 1024
"""Rows of a distance matrix that exist at a time."""


def precision_recall(generated: Tensor, real: Tensor, k: int = 3) -> tuple[float, float]:
    """Share of generated samples inside the real manifold, and of real ones inside the generated one.

    A manifold is the union of balls around its samples, each reaching to the k-th nearest other sample
    (Kynkäänniemi et al. 2019, eqs. 1-3).

    Args:
        generated: (n, d), n greater than k.
        real: (m, d), likewise.
        k: neighbours.
    """
    return share_inside(generated, real, radii(real, k)), share_inside(real, generated, radii(generated, k))


def density_coverage(generated: Tensor, real: Tensor, k: int = 5) -> tuple[float, float]:
    """How many real balls hold a generated sample, over k, and the share of real balls that hold one at all.

    Naeem et al. 2020, eqs. 4 and 6. Density may exceed 1; both are near 1 for samples of one distribution.

    Args:
        generated: (n, d).
        real: (m, d), m greater than k.
        k: neighbours.
    """
    reach = radii(real, k)
    hits = torch.zeros(len(real), dtype=torch.int64)
    for squared in distances(generated, real):
        hits += (squared <= reach).sum(0).cpu()
    return float(hits.sum()) / (k * len(generated)), float((hits > 0).double().mean())


def radii(features: Tensor, k: int) -> Tensor:
    """Squared distance of each sample to its k-th nearest other one: (n,) float64.

    Raises:
        ValueError: fewer than k + 1 samples.
    """
    if len(features) <= k:
        raise ValueError(f"{k} neighbours need more than {len(features)} samples")
    parts = []
    first = 0
    for squared in distances(features, features):
        own = torch.arange(len(squared))
        squared[own, first + own] = -1  # itself, regardless of rounding
        parts.append(squared.kthvalue(k + 1).values.clamp_min(0))
        first += len(squared)
    return torch.cat(parts)


def share_inside(samples: Tensor, centres: Tensor, reach: Tensor) -> float:
    """Share of samples that some ball holds; ``reach`` is squared."""
    inside = sum(int((squared <= reach).any(1).sum()) for squared in distances(samples, centres))
    return inside / len(samples)


def distances(a: Tensor, b: Tensor, block: int = BLOCK) -> Iterator[Tensor]:
    """Squared Euclidean distances, ``block`` rows at a time: (block, m) float64.

    In float64, and about a common centre: |a|^2 + |b|^2 - 2 a'b loses half its digits.
    """
    device = torch.device("cuda") if torch.cuda.is_available() else torch.device("cpu")
    a, b = a.to(device).double(), b.to(device).double()
    centre = b.mean(0)
    a, b = a - centre, b - centre
    b_squared = (b * b).sum(1)
    for rows in a.split(block):
        yield ((rows * rows).sum(1)[:, None] + b_squared - 2 * rows @ b.T).clamp_min_(0)
