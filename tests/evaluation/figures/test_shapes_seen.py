"""A reader of pixels finds in drawn pictures what their captions say, and not what others say."""

from dataclasses import astuple

import cv2
import numpy as np
import pytest

from impasto.data.sources.captioned_shapes import Picture, scene_of
from impasto.evaluation.figures.shapes_seen import Agreement, agreement, look


@pytest.mark.parametrize(("side", "least"), [(32, 0.98), (48, 1.0)])
def test_true_pictures_agree_with_their_captions(side: int, least: float) -> None:
    found = [agreement(Picture(7, i)(np.zeros(1), side), scene_of(7, i).caption) for i in range(100)]
    assert np.mean([astuple(each) for each in found], 0).min() >= least
    others = [agreement(Picture(7, i)(np.zeros(1), side), scene_of(7, i + 1).caption) for i in range(100)]
    assert np.mean([each.all for each in others]) < 0.03


def test_blurred_pictures_are_read_too() -> None:
    blurred = [cv2.GaussianBlur(Picture(7, i)(np.zeros(1), 32), (0, 0), 0.7) for i in range(60)]
    assert np.mean([agreement(each, scene_of(7, i).caption).all for i, each in enumerate(blurred)]) >= 0.95


def scene() -> np.ndarray:
    """A red square of 8 pixels at the left, and a blue one of 6 at the right, on white."""
    picture = np.full((32, 32, 3), 255, np.uint8)
    picture[11:19, 3:11] = 220, 20, 20
    picture[12:18, 22:28] = 20, 40, 220
    return picture


def test_what_is_seen_by_hand() -> None:
    first, second = look(scene())
    assert (first.color, first.kind, first.x, first.y) == ("red", "square", 7 / 32, 15 / 32)
    assert (second.color, second.kind, second.x, second.y) == ("blue", "square", 25 / 32, 15 / 32)
    assert second.size == "small"


@pytest.mark.parametrize(
    ("caption", "agreed"),
    [
        ("a red square left of a small blue square", Agreement(1, 1, 1, 1, 1, 1)),
        ("a small blue square right of a red square", Agreement(1, 1, 1, 1, 1, 1)),
        ("a red square right of a small blue square", Agreement(1, 1, 0, 0, 1, 1)),
        ("a red square above a small blue square", Agreement(1, 1, 0, 0, 1, 1)),
        ("a red circle left of a small blue square", Agreement(1, 0, 1, 0, 1, 1)),
        ("a red square left of a small green square", Agreement(0, 1, 1, 0, 1, 1)),
    ],
)
def test_each_thing_counts_by_itself(caption: str, agreed: Agreement) -> None:
    assert agreement(scene(), caption) == agreed


def test_a_third_thing_or_only_one_is_not_what_was_asked_for() -> None:
    caption = "a red square left of a small blue square"
    more = scene()
    more[25:30, 2:7] = 20, 200, 40
    assert agreement(more, caption) == Agreement(1, 1, 1, 0, 1, 0)
    assert agreement(np.full((32, 32, 3), 255, np.uint8), caption) == Agreement()
    with pytest.raises(ValueError, match="does not describe"):
        agreement(more, "a cat")
