"""The real pictures that generated ones are nearest to: has the generator learnt, or learnt by heart?"""

from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.evaluation.manifold import distances, radii
from impasto.pixels import from_uint8


@dataclass(frozen=True)
class Neighbours:
    """Nearest real pictures of generated ones in feature space.

    Attributes:
        index: int64 (n, k), which real pictures, nearest first.
        distance: float64 (n, k), how far.
    """

    index: Tensor
    distance: Tensor


def nearest(generated: Tensor, real: Tensor, k: int = 3) -> Neighbours:
    """The ``k`` real samples that each generated one is nearest to.

    Args:
        generated: (n, d).
        real: (m, d), m at least ``k``.
        k: neighbours.
    """
    found = [squared.topk(k, 1, largest=False) for squared in distances(generated, real)]
    return Neighbours(
        torch.cat([part.indices for part in found]).cpu(), torch.cat([part.values for part in found]).sqrt().cpu()
    )


def memorisation(generated: Tensor, real: Tensor) -> dict[str, float]:
    """Two signs of learning by heart.

    ``copied`` is the share of generated pictures that are less than a third as far from their nearest real picture as
    from their second nearest (the rule of Yoon et al. 2023, here in feature space): 0 is none. ``novelty`` is the
    median distance of generated pictures from their nearest real one, over the same of real pictures among themselves:
    1 is as far as real pictures are from one another, 0 is copies.

    Args:
        generated: features (n, d).
        real: features (m, d) of the pictures trained on, m at least 2.
    """
    distance = nearest(generated, real, 2).distance
    among = radii(real, 1).sqrt().cpu().median()
    return {
        "copied": float((distance[:, 0] < distance[:, 1] / 3).double().mean()),
        "novelty": float(distance[:, 0].median() / among.clamp_min(1e-12)),
    }


def neighbour_sheet(generated: Tensor, neighbours: Tensor) -> tuple[Tensor, int]:
    """Rows of a generated picture and its nearest real ones.

    Args:
        generated: uint8 (n, C, H, W).
        neighbours: uint8 (n, k, C, H, W).

    Returns:
        ((n * (k + 1), C, H, W) in [-1, 1], pictures in a row).
    """
    rows = torch.cat([generated[:, None], neighbours], 1)
    return from_uint8(rows.flatten(0, 1)), rows.shape[1]
