"""Pieces of the style's pictures in repainted ones."""

import torch

from impasto.evaluation.figures.copied_patches import measure_copies
from tests.style_painter import picture


def noise(seed: int, height: int = 96, width: int = 96) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_copies_are_found_at_any_place_and_mirrored() -> None:
    style = [noise(i) for i in range(3)]
    found = measure_copies([style[1].flip(3)], style)
    assert found["copied_patches"] == 1
    assert found["nearest_patch"] < 0.01
    # two patches of uniform noise in [-1, 1] differ by a root mean square of (2/3) ** 0.5, their nearest by little less
    assert 0.7 < found["nearest_patch_real"] < 0.83


def test_fresh_pictures_are_as_far_as_real_ones_are_from_each_other() -> None:
    found = measure_copies([noise(9)], [noise(i) for i in range(3)])
    assert found["copied_patches"] < 0.2
    assert abs(found["nearest_patch"] - found["nearest_patch_real"]) < 0.05


def test_a_single_picture_is_measured_by_its_halves() -> None:
    found = measure_copies([noise(9)], [noise(1, 60, 140)])
    assert abs(found["nearest_patch"] - found["nearest_patch_real"]) < 0.05
    assert measure_copies([picture(64, 64)], [picture(40, 400)]) == {}  # no patch would fit
