"""The real pictures that generated ones are nearest to: has the generator learnt, or learnt by heart?"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from impasto.base.pixels import from_uint8
from impasto.evaluation.figures.distances import some
from impasto.evaluation.figures.manifold import distances

PART: Final = 8192
"""Real samples that are searched at a time."""
AMONG: Final = 2048
"""Real samples whose distances among each other are measured."""


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
    """The ``k`` real samples that each generated one is nearest to, in memory that does not grow with the real ones.

    Args:
        generated: (n, d).
        real: (m, d), m at least ``k``.
        k: neighbours.
    """
    index = torch.empty(len(generated), 0, dtype=torch.int64)
    distance = torch.empty(len(generated), 0, dtype=torch.float64)
    for start in range(0, len(real), PART):
        part = real[start : start + PART]
        nearer = [squared.topk(min(k, len(part)), 1, largest=False) for squared in distances(generated, part)]
        index = torch.cat([index, torch.cat([found.indices for found in nearer]).cpu() + start], 1)
        distance = torch.cat([distance, torch.cat([found.values for found in nearer]).sqrt().cpu()], 1)
        distance, order = distance.topk(min(k, distance.shape[1]), 1, largest=False)
        index = index.gather(1, order)
    return Neighbours(index, distance)


def memorisation(generated: Tensor, real: Tensor) -> dict[str, float]:
    """Two signs of learning by heart.

    ``copied`` is the share of generated pictures that are less than a third as far from their nearest real picture as
    from their second nearest (the rule of Yoon et al. 2023, here in feature space): 0 is none. ``novelty`` is the
    median distance of generated pictures from their nearest real one, over the same of real pictures among themselves:
    1 is as far as real pictures are from each other, 0 is copies. Distances among real pictures are those of 2,048
    from all.

    Args:
        generated: features (n, d).
        real: features (m, d) of the pictures trained on, m at least 2.
    """
    distance = nearest(generated, real, 2).distance
    among = nearest(some(real, AMONG), real, 2).distance[:, 1].median()  # the nearest is the picture itself
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
