"""Masks cover the share that is asked for, and pictures with a mask hold what is known and nothing of what is not."""

import numpy as np
import pytest
from scipy.ndimage import label

from impasto.degradations.degradation import Damage, degrade
from impasto.degradations.masks import HOLE, KNOWN, Inpainting, box, free_form, text, with_mask

INPAINTING = Inpainting(kinds=["box"], strength=[0.1, 0.3], measured_at=[0.2])


@pytest.mark.parametrize("mask", [free_form, box, text])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("shape", [(64, 64), (48, 128)])
def test_masks_cover_their_share(mask: object, share: float, shape: tuple[int, int]) -> None:
    found = [1 - mask(shape, share, np.random.default_rng(seed)).mean() for seed in range(20)]  # type: ignore[operator]
    slack = 0.01 if mask is box else 0.15
    assert all(share - 0.01 <= each <= share + slack for each in found)
    assert len(set(found)) > 1 or mask is box


def test_a_box_is_a_rectangle_of_bounded_shape() -> None:
    places = set()
    for seed in range(40):
        missing = ~box((60, 80), 0.2, np.random.default_rng(seed))
        rows, columns = np.flatnonzero(missing.any(1)), np.flatnonzero(missing.any(0))
        tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert missing.sum() == tall * wide
        assert missing.sum() == pytest.approx(0.2 * 60 * 80, rel=0.04)
        assert 0.48 < tall / wide < 2.1
        places.add((rows[0], columns[0]))
    assert len(places) > 20
    assert not box((10, 100), 0.9, np.random.default_rng(0)).all(0)[5:95].any()  # as wide as it must be


def test_strokes_are_connected_and_letters_are_many() -> None:
    strokes = ~free_form((128, 128), 0.1, np.random.default_rng(1))
    letters = ~text((128, 128), 0.1, np.random.default_rng(1))
    neighbours = np.ones((3, 3))
    assert label(strokes, neighbours)[1] < 6
    assert label(letters, neighbours)[1] > 8


def test_what_is_missing_is_gone_and_the_mask_says_where(photograph: np.ndarray) -> None:
    known = np.zeros((2, 2), bool)
    known[0, 1] = True
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert with_mask(picture, known).tolist() == [
        [[HOLE, HOLE, HOLE, 0], [3, 4, 5, KNOWN]],
        [[HOLE, HOLE, HOLE, 0], [HOLE, HOLE, HOLE, 0]],
    ]
    found = degrade(photograph, INPAINTING, 0, Damage("box", 0.2))
    assert found.shape == (120, 144, 4)
    there = found[..., 3] == KNOWN
    assert there.mean() == pytest.approx(0.8, abs=0.01)
    assert np.array_equal(found[there][:, :3], photograph[there])
    assert (found[~there] == [HOLE, HOLE, HOLE, 0]).all()
    assert INPAINTING.channels(3) == 4
    assert INPAINTING.record()["hole"] == HOLE
