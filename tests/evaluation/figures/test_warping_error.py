"""Flicker of clips whose motion is known."""

import math

import numpy as np
import pytest

from impasto.evaluation.figures.warping_error import WarpingErrors, error_along, mean_error, seen_in_both, warping_error
from tests.video.test_motion import texture


def test_worked_out_by_hand() -> None:
    first, second = np.zeros((2, 4, 1), np.uint8), np.zeros((2, 4, 1), np.uint8)
    first[0, :, 0] = (10, 20, 30, 40)
    second[0, :, 0] = (99, 10, 20, 51)  # one pixel to the right, and the third one 21 brighter
    way = np.zeros((2, 4, 2), np.float32)
    way[..., 0] = 1
    counted = np.zeros((2, 4), bool)
    counted[0, :3] = True
    assert error_along(first, second, way, counted) == pytest.approx((21 / 255) ** 2 / 3)
    assert math.isnan(error_along(first, second, way, np.zeros((2, 4), bool)))
    deep = error_along(first.astype(np.uint16) * 257, second.astype(np.uint16) * 257, way, counted)
    assert deep == pytest.approx((21 / 255) ** 2 / 3)


def test_edges_of_things_and_what_is_covered_do_not_count() -> None:
    way = np.zeros((6, 8, 2), np.float32)
    way[:, 4:, 0] = 2
    back = np.zeros((6, 8, 2), np.float32)
    back[:, 4:, 0] = -2
    seen = seen_in_both(way, back)
    assert seen[:, :3].all()  # still
    assert not seen[:, 3:5].any()  # where the slope of the flow is 1
    assert seen[:, 5].all()
    assert not seen[:, 6:].any()  # leaves the picture


def test_a_painting_that_moves_with_its_scene_has_a_small_error_and_one_that_does_not_a_large_one() -> None:
    wide, paint = texture(96, 200), texture(96, 200, 5)
    content = [np.ascontiguousarray(wide[:, 4 * i : 4 * i + 128]) for i in range(4)]
    attached = [np.ascontiguousarray(paint[:, 4 * i : 4 * i + 128]) for i in range(4)]
    on_glass = [np.ascontiguousarray(paint[:, :128])] * 4
    along, fixed = warping_error(attached, content), warping_error(on_glass, content)
    true = np.square((paint[:, 4:132].astype(float) - paint[:, :128]) / 255).mean()
    assert along < 0.02 * fixed
    assert fixed == pytest.approx(true, rel=0.15)
    assert warping_error(content, content) < 0.02 * fixed


def test_one_frame_has_none() -> None:
    assert math.isnan(warping_error([texture(32, 32)], [texture(32, 32)]))
    assert mean_error([1.0, math.nan, 3.0]) == 2.0


def test_scenes_are_not_compared_with_each_other() -> None:
    one, other = texture(64, 96, 0), texture(64, 96, 1)
    measured = WarpingErrors(1)
    for frame in (one, one, other, other):
        measured.add(frame, [frame])
    assert [math.isnan(error) for error in measured.errors[0]] == [False, True, False]
