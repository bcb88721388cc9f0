"""Membership inference on a painter from noise: was this picture trained on?"""

from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.audit.attacks import Attack, attack
from impasto.base.pixels import from_uint8, to_uint8
from impasto.base.progress import counting
from impasto.data.packing.packed import PackedImages
from impasto.data.transforms import to_float
from impasto.evaluation.figures.distances import some_positions
from impasto.evaluation.protocols.sampling import labels_like
from impasto.networks.scores import Scores
from impasto.painters.painter import Painter

BATCH: Final = 256
SIDE: Final = 32
"""Pixels of the side at which pictures are compared; larger ones are made smaller."""


def score_attack(judge: nn.Module, members: PackedImages, others: PackedImages, most: int, device: Any) -> Attack:
    """By the discriminator's score of each picture, which is higher for those it knows (Hayes et al. 2019).

    Args:
        judge: the discriminator, which only who has the checkpoint can ask.
        members: pictures trained on.
        others: pictures held back.
        most: of each, at random but always the same.
        device: to run on.
    """
    judge = judge.to(device)
    found = []
    for each in (members, others):
        rows = some_positions(len(each), most)
        found.append(by_picture(scores(judge, each, rows, device), each, rows))
    return attack(found[0], found[1])


def by_picture(values: np.ndarray, packed: PackedImages, rows: np.ndarray) -> np.ndarray:
    """Means over the crops of each picture, which are no pictures of their own."""
    if packed.cut_from is None:
        return values
    _, place = np.unique(packed.cut_from[rows], return_inverse=True)
    return np.bincount(place, values) / np.bincount(place)


@torch.no_grad()
def scores(judge: nn.Module, packed: PackedImages, positions: np.ndarray, device: Any) -> np.ndarray:
    """Mean score of each picture: (n,)."""
    conditions = packed.vectors if packed.vectors is not None else packed.labels
    found = []
    for rows in np.array_split(positions, max(1, len(positions) // BATCH)):
        condition = None if conditions is None else torch.from_numpy(np.asarray(conditions[rows])).to(device)
        if condition is not None and packed.vectors is None:
            condition = condition.long()
        said = Scores.of(judge(pictures(packed, rows).to(device), condition))
        found.append(said.flat().float().flatten(1).mean(1) if said.flat().ndim > 1 else said.flat().float())
    return torch.cat(found).cpu().numpy().astype(np.float64)


def nearest_attack(
    painter: Painter, members: PackedImages, others: PackedImages, most: int, generated: int, seed: int
) -> Attack:
    """By the distance to the nearest of many generated pictures (Chen et al. 2020, the full black box).

    Args:
        painter: whose pictures anyone can have.
        members: pictures trained on.
        others: pictures held back.
        most: of each, at random but always the same.
        generated: pictures painted.
        seed: of them.
    """
    painted = samples(painter, members, generated, seed)
    found = []
    for each in (members, others):
        rows = some_positions(len(each), most)
        distances = nearest(small(pictures(each, rows)), painted).double().numpy()
        found.append(-by_picture(distances, each, rows))
    return attack(found[0], found[1])


@torch.no_grad()
def samples(painter: Painter, like: PackedImages, count: int, seed: int) -> Tensor:
    """Painted pictures, made small and flat, with labels as often as training had them."""
    condition: Tensor | None = None
    if painter.conditional:
        labels = like.labels
        condition = torch.from_numpy(like.vectors) if labels is None and like.vectors is not None else None
        condition = labels_like(labels, count) if labels is not None else condition
    found = []
    with counting("Painting pictures to compare", count) as done:
        for start in range(0, count, BATCH):
            n = min(BATCH, count - start)
            part = None if condition is None else condition[torch.arange(start, start + n) % len(condition)]
            painted = painter.sample(n, seed=seed, start=start, condition=part)
            found.append(small(from_uint8(to_uint8(painted.cpu()))))
            done(n)
    return torch.cat(found)


def nearest(real: Tensor, painted: Tensor) -> Tensor:
    """Distance of each real picture (n, D) from the nearest painted one (m, D): root mean square, (n,)."""
    parts = [torch.cdist(part, painted).amin(1) for part in real.split(BATCH)]
    return torch.cat(parts) / real.shape[1] ** 0.5


def small(images: Tensor) -> Tensor:
    """(N, C, H, W) to (N, D), at most :data:`SIDE` pixels high and wide."""
    if max(images.shape[2:]) > SIDE:
        images = F.adaptive_avg_pool2d(images, (min(SIDE, images.shape[2]), min(SIDE, images.shape[3])))
    return images.flatten(1)


def pictures(packed: PackedImages, positions: np.ndarray) -> Tensor:
    """As networks see them: (n, C, H, W) in [-1, 1]."""
    pixels = packed.batch(positions)
    whole = torch.from_numpy(pixels if pixels.dtype == np.uint8 else pixels.astype(np.int32))
    return to_float(whole, packed.levels_to_map)
