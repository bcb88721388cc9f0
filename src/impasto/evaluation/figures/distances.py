"""Distances between two sets of features, with intervals. The figures themselves are torch-fidelity's."""

import math
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric

from impasto.evaluation.figures.intervals import CutFrom, Error, Estimate, by_picture

JACKKNIFE_MOST: Final = 4096
"""Samples of each set that KID's interval looks at: its cost grows with their square."""

Statistics = dict[str, np.ndarray]
"""``mu`` (d,) float32 and ``sigma`` (d, d) float64."""


def statistics(features: Tensor) -> Statistics:
    """Mean and covariance of features (n, d), n at least 2."""
    return fid_features_to_statistics(features)


def frechet(generated: Statistics, real: Statistics) -> float:
    """Fréchet distance of two Gaussians (Heusel et al. 2017, eq. 6), exactly as torch-fidelity computes it."""
    return float(fid_statistics_to_metric(generated, real, verbose=False)[KEY_METRIC_FID])


def frechet_estimate(
    generated: Tensor, real: Tensor, real_statistics: Statistics | None = None, pictures: CutFrom = (None, None)
) -> Estimate:
    """Fréchet distance of two sets of features with an interval.

    Args:
        generated: (n, d).
        real: (m, d).
        real_statistics: of ``real``; None computes them.
        pictures: that the samples of either side are crops of.
    """
    stats = statistics(generated), real_statistics or statistics(real)
    errors = [
        frechet_error(generated, *stats, pictures[0]),
        frechet_error(real, *stats[::-1], pictures[1]),
    ]
    return Estimate.around(frechet(*stats), errors, FRECHET_METHOD)


FRECHET_METHOD: Final = (
    "95%, Student's t, from the distance's influence function summed over each picture's crops (infinitesimal "
    "jackknife; limit law of Rippl, Munk and Sturm 2016); sampling error only, without the distance's bias at finite "
    "counts"
)


def frechet_error(features: Tensor, own: Statistics, other: Statistics, pictures: Tensor | None = None) -> Error:
    """Standard error of the Fréchet distance that comes from the finite number of ``features``.

    With d = m1 - m2 and T the matrix of the optimal transport from N(m1, S1) to N(m2, S2), the influence of a sample x
    on |d|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) is 2 d'(x - m1) + (x - m1)'(I - T)(x - m1) - tr((I - T) S1).
    One symmetric eigendecomposition of either covariance, so seconds at 2048 dimensions. Crops of one picture are not
    independent, so that their influences are added up before their spread is looked at (Liang and Zeger 1986).

    Args:
        features: (n, d).
        own: their statistics.
        other: those of the other set.
        pictures: (n,) which picture each is a crop of; None if all are different.
    """
    centred = features.double() - torch.from_numpy(own["mu"]).double()
    s1, s2 = torch.from_numpy(own["sigma"]).double(), torch.from_numpy(other["sigma"]).double()
    matrix = torch.eye(len(s1), dtype=torch.float64) - transport(s1, s2)
    shift = torch.from_numpy(own["mu"]).double() - torch.from_numpy(other["mu"]).double()
    influence = 2 * centred @ shift + ((centred @ matrix) * centred).sum(1)
    sums = by_picture(influence - influence.mean(), pictures)
    count = len(sums)
    return Error(math.sqrt(count / max(count - 1, 1) * float(sums.square().sum())) / len(features), count)


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
    generated: Tensor,
    real: Tensor,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
    pictures: CutFrom = (None, None),
) -> Estimate:
    """Kernel distance (Bińkowski et al. 2018): mean over subsets of the unbiased MMD^2 under (x'y / d + 1)^3.

    Args:
        generated: (n, d), n at least ``subset_size``.
        real: (m, d), likewise.
        subsets: how many.
        subset_size: samples of each set in a subset.
        seed: of their choice; torch-fidelity's own where not given.
        pictures: that the samples of either side are crops of.
    """
    found = kid_features_to_metric(
        generated, real, kid_subsets=subsets, kid_subset_size=subset_size, rng_seed=seed, verbose=False
    )
    choice = found[KEY_METRIC_KID_STD] / math.sqrt(subsets)
    return Estimate.around(found[KEY_METRIC_KID_MEAN], mmd_errors(generated, real, pictures), KID_METHOD, choice)


KID_METHOD: Final = (
    "95%, Student's t, from the jackknife over both sets that leaves out one picture, with all crops of it, at a time "
    "(on the conservative side) and the spread over subsets"
)


def mmd_errors(
    x: Tensor, y: Tensor, pictures: CutFrom = (None, None), most: int = JACKKNIFE_MOST
) -> tuple[Error, Error]:
    """Standard errors of the unbiased MMD^2 with KID's kernel that come from either set, by the jackknife.

    Args:
        x: (n, d).
        y: (m, d).
        pictures: that the samples of either set are crops of; one picture is left out at a time.
        most: samples of each set to look at; the error shrinks with the square root of the number of pictures.
    """
    a, b = (some(features, most).double() for features in (x, y))
    within_a, within_b, between = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    return (
        _jackknife_error(within_a.fill_diagonal_(0), between, pictures[0], len(x)),
        _jackknife_error(within_b.fill_diagonal_(0), between.T, pictures[1], len(y)),
    )


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _jackknife_error(within: Tensor, between: Tensor, pictures: Tensor | None, total: int) -> Error:
    """Error of MMD^2 by leaving out each picture's samples; the other set's own term is a constant.

    Args:
        within: (n, n) kernel of the set, 0 on the diagonal.
        between: (n, m) kernel with the other set.
        pictures: of all samples, of which these are :func:`some`.
        total: their number.
    """
    n, m = between.shape
    chosen = None if pictures is None else some(pictures, n)
    in_all = total if pictures is None else len(torch.unique(pictures))
    rows, cross = by_picture(within.sum(1), chosen), by_picture(between.sum(1), chosen)
    inside = 0.0 if chosen is None else by_picture(by_picture(within, chosen).T, chosen).diagonal()
    left = n - by_picture(torch.ones(n, dtype=torch.float64), chosen)
    count = len(rows)
    if left.min() < 2:
        return Error(math.nan, in_all)
    without = (rows.sum() - 2 * rows + inside) / (left * (left - 1)) - 2 * (cross.sum() - cross) / (left * m)
    variance = (count - 1) / count * float(((without - without.mean()) ** 2).sum())
    return Error(math.sqrt(variance * count / in_all), in_all)


def inception_score(logits: Tensor, splits: int = 10) -> Estimate:
    """exp of the mean divergence of p(class | picture) from p(class) (Salimans et al. 2016), over ``splits`` parts.

    Args:
        logits: (n, classes), n at least ``splits``.
        splits: parts; the published figures use 10.
    """
    found = isc_features_to_metric(logits, splits)
    error = Error(found[KEY_METRIC_ISC_STD] / math.sqrt(max(splits - 1, 1)), splits)
    return Estimate.around(found[KEY_METRIC_ISC_MEAN], [error], f"95%, Student's t, over {splits} parts")


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
