"""Distances between two sets of features, with intervals. The figures themselves are torch-fidelity's."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric

Z95: Final = 1.959964
"""Half-width of a 95% interval in standard deviations of a normal distribution."""

JACKKNIFE_MOST: Final = 4096
"""Samples of each set that KID's interval looks at: its cost grows with their square."""

Statistics = dict[str, np.ndarray]
"""``mu`` (d,) float32 and ``sigma`` (d, d) float64."""


@dataclass(frozen=True)
class Estimate:
    """A figure with a 95% interval.

    Attributes:
        value: the figure.
        low: lower end of the interval.
        high: upper end.
        method: what the interval is.
    """

    value: float
    low: float
    high: float
    method: str

    @classmethod
    def around(cls, value: float, error: float, method: str) -> "Estimate":
        """A normal interval from a standard error."""
        return cls(value, value - Z95 * error, value + Z95 * error, method)


def statistics(features: Tensor) -> Statistics:
    """Mean and covariance of features (n, d), n at least 2."""
    return fid_features_to_statistics(features)


def frechet(generated: Statistics, real: Statistics) -> float:
    """Fréchet distance of two Gaussians (Heusel et al. 2017, eq. 6), exactly as torch-fidelity computes it."""
    return float(fid_statistics_to_metric(generated, real, verbose=False)[KEY_METRIC_FID])


def frechet_estimate(generated: Tensor, real: Tensor, real_statistics: Statistics | None = None) -> Estimate:
    """Fréchet distance of two sets of features with an interval.

    Args:
        generated: (n, d).
        real: (m, d).
        real_statistics: of ``real``, where they are known.
    """
    stats = statistics(generated), real_statistics or statistics(real)
    value = frechet(*stats)
    error = math.hypot(frechet_error(generated, *stats), frechet_error(real, *stats[::-1]))
    return Estimate.around(value, error, FRECHET_METHOD)


FRECHET_METHOD: Final = (
    "95%, normal, from the distance's influence function (infinitesimal jackknife; limit law of Rippl, Munk and Sturm "
    "2016); sampling error only, without the distance's bias at finite counts"
)


def frechet_error(features: Tensor, own: Statistics, other: Statistics) -> float:
    """Standard error of the Fréchet distance that comes from the finite number of ``features``.

    With d = m1 - m2 and T the matrix of the optimal transport from N(m1, S1) to N(m2, S2), the influence of a sample x
    on |d|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) is 2 d'(x - m1) + (x - m1)'(I - T)(x - m1) - tr((I - T) S1).
    One symmetric eigendecomposition of either covariance, so seconds at 2048 dimensions.

    Args:
        features: (n, d).
        own: their statistics.
        other: those of the other set.
    """
    centred = features.double() - torch.from_numpy(own["mu"]).double()
    s1, s2 = torch.from_numpy(own["sigma"]).double(), torch.from_numpy(other["sigma"]).double()
    matrix = torch.eye(len(s1), dtype=torch.float64) - transport(s1, s2)
    shift = torch.from_numpy(own["mu"]).double() - torch.from_numpy(other["mu"]).double()
    influence = 2 * centred @ shift + ((centred @ matrix) * centred).sum(1)
    return float(influence.std() / math.sqrt(len(influence)))


def transport(s1: Tensor, s2: Tensor) -> Tensor:
    """S1^(-1/2) (S1^(1/2) S2 S1^(1/2))^(1/2) S1^(-1/2), on the directions in which S1 has any variance."""
    values, vectors = torch.linalg.eigh(s1)
    kept = values > values[-1].clamp_min(1e-300) * 1e-10
    values, vectors = values[kept], vectors[:, kept]
    half, inverse = values.sqrt(), values.rsqrt()
    inner = half[:, None] * (vectors.T @ s2 @ vectors) * half
    inner_values, inner_vectors = torch.linalg.eigh(inner)
    root = (inner_vectors * inner_values.clamp_min(0).sqrt()) @ inner_vectors.T
    return vectors @ (inverse[:, None] * root * inverse) @ vectors.T


def kid_estimate(
    generated: Tensor, real: Tensor, *, subsets: int = 100, subset_size: int = 1000, seed: int = 2020
) -> Estimate:
    """Kernel distance (Bińkowski et al. 2018): mean over subsets of the unbiased MMD^2 under (x'y / d + 1)^3.

    Args:
        generated: (n, d), n at least ``subset_size``.
        real: (m, d), likewise.
        subsets: how many.
        subset_size: samples of each set in a subset.
        seed: of their choice; torch-fidelity's own where not given.
    """
    found = kid_features_to_metric(
        generated, real, kid_subsets=subsets, kid_subset_size=subset_size, rng_seed=seed, verbose=False
    )
    choice = found[KEY_METRIC_KID_STD] / math.sqrt(subsets)
    return Estimate.around(found[KEY_METRIC_KID_MEAN], math.hypot(mmd_error(generated, real), choice), KID_METHOD)


KID_METHOD: Final = (
    "95%, normal, from the delete-one jackknife over both sets (on the conservative side) and the spread over subsets"
)


def mmd_error(x: Tensor, y: Tensor, most: int = JACKKNIFE_MOST) -> float:
    """Standard error of the unbiased MMD^2 with KID's kernel, by the two-sample delete-one jackknife.

    Args:
        x: (n, d).
        y: (m, d).
        most: samples of each set to look at; the error shrinks with the square root of the counts.
    """
    a, b = (some(features, most).double() for features in (x, y))
    within_a, within_b, between = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    variance_x = _jackknife_variance(within_a.fill_diagonal_(0), between) * len(a) / len(x)
    variance_y = _jackknife_variance(within_b.fill_diagonal_(0), between.T) * len(b) / len(y)
    return math.sqrt(variance_x + variance_y)


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _jackknife_variance(within: Tensor, between: Tensor) -> float:
    """Variance of MMD^2 by leaving out each row's sample; the other set's own term is a constant."""
    n, m = between.shape
    if n < 3:
        return math.nan
    rows, cross = within.sum(1), between.sum(1)
    without = (rows.sum() - 2 * rows) / ((n - 1) * (n - 2)) - 2 * (cross.sum() - cross) / ((n - 1) * m)
    return float((n - 1) / n * ((without - without.mean()) ** 2).sum())


def inception_score(logits: Tensor, splits: int = 10) -> Estimate:
    """exp of the mean divergence of p(class | picture) from p(class) (Salimans et al. 2016), over ``splits`` parts.

    Args:
        logits: (n, classes), n at least ``splits``.
        splits: parts; the published figures use 10.
    """
    found = isc_features_to_metric(logits, splits)
    error = found[KEY_METRIC_ISC_STD] / math.sqrt(max(splits - 1, 1))
    return Estimate.around(found[KEY_METRIC_ISC_MEAN], error, f"95%, normal, from the spread over {splits} parts")


def some(features: Tensor, most: int) -> Tensor:
    """At most ``most`` rows, as :func:`some_positions` chooses them."""
    return features[torch.from_numpy(some_positions(len(features), most))]


def some_positions(n: int, most: int | None) -> np.ndarray:
    """At most ``most`` of the numbers 0 to ``n``: int64, increasing, always the same ones.

    By chance and not evenly spaced, so that no order of the pictures can leave a part of them out.
    """
    if most is None or most >= n:
        return np.arange(n)
    chosen = torch.randperm(n, generator=torch.Generator().manual_seed(n))[:most]
    return np.sort(chosen.numpy())
