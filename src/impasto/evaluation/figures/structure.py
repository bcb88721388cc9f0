"""Whether two pictures have the same structure, regardless of colours and texture."""

import torch
import torch.nn.functional as F
from torch import Tensor

MOST_PLACES = 32
"""Rows and columns that larger feature maps are averaged down to."""


def self_similarity(features: Tensor) -> Tensor:
    """Cosine similarity of the features at every place with those at every other one.

    How places look is divided out; how they relate to each other remains (Shechtman and Irani 2007; on deep features,
    Kolkin et al. 2019). The mean over places is subtracted first: deep features share most of their direction.

    Args:
        features: (N, C, h, w).

    Returns:
        (N, L, L) with L = h * w places, or as many as fit.
    """
    height, width = (min(side, MOST_PLACES) for side in features.shape[2:])
    places = F.adaptive_avg_pool2d(features.float(), (height, width)).flatten(2)
    places = F.normalize(places - places.mean(2, keepdim=True), dim=1, eps=1e-6)
    return places.transpose(1, 2) @ places


def structure_score(features: Tensor, content: Tensor) -> Tensor:
    """Correlation of the self-similarities of two pictures over all pairs of different places.

    1 is the same structure; pictures of different things are near 0; one that is flat all over gives 0.

    Args:
        features: (N, C, h, w) of the pictures.
        content: likewise of what they were made from.

    Returns:
        (N,) in [-1, 1].
    """
    a, b = self_similarity(features), self_similarity(content)
    apart = ~torch.eye(a.shape[1], dtype=torch.bool, device=a.device)
    a, b = (x[:, apart] - x[:, apart].mean(1, keepdim=True) for x in (a, b))
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp_min(1e-12)


def structure_change(features: Tensor, content: Tensor) -> Tensor:
    """Mean absolute difference of the cosine similarities of all pairs of places in two pictures.

    The content loss of Kolkin et al. 2019: how places relate to each other, not how they look. 0 is the same
    structure. Unrelated pictures do not reach 1, but the value that the features' spread of similarities sets: a table
    has a row for them.

    Args:
        features: (N, C, h, w) of the pictures.
        content: likewise of what they were made from.

    Returns:
        (N,) in [0, 2].
    """
    ours, theirs = (cosine_similarities(x) for x in (features, content))
    return (ours - theirs).abs().mean((1, 2))


def cosine_similarities(features: Tensor) -> Tensor:
    """(N, C, h, w) to (N, L, L), L places, or as many as :data:`MOST_PLACES` squared."""
    height, width = (min(side, MOST_PLACES) for side in features.shape[2:])
    places = F.normalize(F.adaptive_avg_pool2d(features.float(), (height, width)).flatten(2), dim=1, eps=1e-6)
    return places.transpose(1, 2) @ places
