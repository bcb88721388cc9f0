"""The rule by which pictures decide what learning their style is given."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.data.style_budget import BROAD_CROP, CROP, budget_for, budget_of, mark_width


def stripes(width: int, height: int = 288, length: int = 288) -> np.ndarray:
    """Vertical stripes, each so many pixels wide."""
    row = (np.arange(length) // width % 2 * 255).astype(np.uint8)
    return np.repeat(np.broadcast_to(row, (height, length))[..., None], 3, 2)


def test_numbers_of_pictures_lie_between_those_of_the_table() -> None:
    few = [budget_for([stripes(4)] * count) for count in (1, 8, 20)]
    assert [(b.minutes, b.rank) for b in few] == [(2, 2), (5, 3), (8, 3)]
    assert few[0].kimg < few[1].kimg < few[2].kimg
    assert budget_for([stripes(4)] * 14).minutes == 6.5
    assert budget_for([stripes(4)] * 30).minutes == 8


def test_small_pictures_are_not_blown_up() -> None:
    assert budget_for([stripes(4, 180, 200)]).canvas == 200
    assert budget_for([stripes(4, 40, 64)]).canvas == CROP  # a crop must fit
    assert budget_for([stripes(4, 900, 1200)]).canvas == 288


@pytest.mark.parametrize("width", [3, 6, 12])
def test_width_of_marks_by_hand(width: int) -> None:
    # Against the other lines, correlation along a row of stripes falls from 1 straight to -1 over a stripe's width, and
    # along a column it stays 1: their mean is a half where the former is 0, at half a stripe: twice that is its width.
    assert mark_width(stripes(width)) == pytest.approx(width, abs=0.2)


def test_broad_marks_get_a_larger_crop() -> None:
    assert budget_for([stripes(4)]).crop == CROP
    assert budget_for([stripes(12)]).crop == BROAD_CROP


def test_blank_pictures_and_bad_files_are_no_obstacle(tmp_path: Path) -> None:
    assert mark_width(np.full((50, 500, 3), 200, np.uint8)) == 0
    Image.fromarray(np.full((50, 500, 3), 200, np.uint8)).save(tmp_path / "blank.png")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    assert budget_of(str(tmp_path)).pictures == 1
    assert budget_of(str(tmp_path / "missing")).minutes == 2
