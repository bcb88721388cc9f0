"""How well regions lie over each other: the Dice coefficient, and the Hausdorff distance of borders."""

import numpy as np
import torch
from scipy.ndimage import binary_erosion, distance_transform_edt
from torch import Tensor


def dice(sums: Tensor) -> Tensor:
    """The Dice coefficient of each class (Dice 1945), NaN for one that is neither there nor found.

    Args:
        sums: pixels by class that are right, of the target, and found, (..., 3, K), as
            :func:`~impasto.evaluation.figures.segmentation.marginals` gives them.

    Returns:
        (..., K) in 0..1.
    """
    right, there, found = sums.double().unbind(-2)
    return 2 * right / (there + found)


def hausdorff_95(found: np.ndarray, target: np.ndarray) -> float:
    """The 95th percentile of the distances from each border to the other, both ways together, in pixels.

    As MedPy's ``hd95`` has it: the border of a region are its pixels that have a neighbour, up, down, left or right,
    outside of it.

    Args:
        found: bool (H, W).
        target: likewise.

    Returns:
        NaN if either is empty: there is no distance to nothing.
    """
    if not found.any() or not target.any():
        return float("nan")
    borders = [region & ~binary_erosion(region) for region in (found, target)]
    distances = [
        distance_transform_edt(~other)[border] for border, other in zip(borders, reversed(borders), strict=True)
    ]
    return float(np.percentile(np.concatenate(distances), 95))


def hausdorff_of_classes(found: np.ndarray, target: np.ndarray, classes: int) -> Tensor:
    """The mean of :func:`hausdorff_95` over the classes but the first, for each picture.

    Args:
        found: positions of classes, (N, H, W).
        target: likewise; other numbers are of no class, and what is found there does not count.
        classes: how many there are.

    Returns:
        (N,) float64; NaN where no class is in both.
    """
    values = torch.full((len(found), classes - 1), torch.nan, dtype=torch.float64)
    for n, (ours, truth) in enumerate(zip(found, target, strict=True)):
        known = truth < classes
        for number in range(1, classes):
            values[n, number - 1] = hausdorff_95((ours == number) & known, truth == number)
    return values.nanmean(1)
