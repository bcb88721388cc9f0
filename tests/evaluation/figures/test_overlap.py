"""Dice and Hausdorff 95 by hand."""

import math

import numpy as np
import torch

from impasto.evaluation.figures.overlap import dice, hausdorff_95, hausdorff_of_classes


def square(top: int, left: int, side: int = 4) -> np.ndarray:
    mask = np.zeros((16, 16), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_dice_is_twice_the_overlap_over_both() -> None:
    sums = torch.tensor([[8, 0, 0], [16, 5, 0], [16, 0, 0]])
    found = dice(sums)
    assert found[:2].tolist() == [0.5, 0.0]
    assert math.isnan(found[2])


def test_hausdorff_of_moved_and_grown_squares() -> None:
    assert hausdorff_95(square(2, 2), square(2, 2)) == 0
    # Moved by 3: of the 12 pixels of each border, the far column of 4 is 3 away, so the 95th percentile is 3.
    assert hausdorff_95(square(2, 2), square(2, 5)) == 3
    # One lost pixel far away among 13 of a border and 12 of the other: 24 zeros and one 10, sorted, place 0.95 * 24.
    far = square(2, 2)
    far[5, 15] = True
    assert hausdorff_95(far, square(2, 2)) == np.percentile([0] * 24 + [10], 95)
    assert math.isnan(hausdorff_95(square(2, 2), np.zeros((16, 16), bool)))


def test_pixels_of_no_class_do_not_count() -> None:
    target = square(2, 2).astype(np.uint8)
    found = target.copy()
    found[10:, 10:] = 1
    wrong = hausdorff_of_classes(found[None], target[None], 2)
    target[10:, 10:] = 255
    assert wrong.item() > 5
    assert hausdorff_of_classes(found[None], target[None], 2).item() == 0
    assert hausdorff_of_classes(found[None] * 0, target[None] * 0, 2).isnan().all()
