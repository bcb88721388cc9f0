"""Clips: frames in their order, whatever their names; what cannot be ordered is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.data.sources.clips import ShapesSource, find_clips, number_of, open_clips
from tests.clips import write_clip
from tests.numbered_frames import numbered


def test_numbers_order_frames_not_letters(tmp_path: Path) -> None:
    numbered(tmp_path, [10, 9, 2], name="frame_{}.png")
    source = find_clips(str(tmp_path))
    assert [item.name for item in source.items()] == [f"{tmp_path.name}/frame_{n}.png" for n in (2, 9, 10)]
    assert source.class_names == (tmp_path.name,)
    assert source.length == 3


@pytest.mark.parametrize(
    ("name", "number"), [("0012.png", 12), ("shot3_007.jpg", 7), ("a.b.5.png", 5), ("cover.png", None)]
)
def test_the_last_number_of_a_name_counts(name: str, number: int | None) -> None:
    assert number_of(name) == number


def test_each_folder_is_a_clip(tmp_path: Path) -> None:
    numbered(tmp_path / "b", [1, 2])
    numbered(tmp_path / "a", [5])
    source = find_clips(str(tmp_path))
    assert source.class_names == ("a", "b")
    assert [(item.name, item.label) for item in source.items()] == [
        ("a/0005.png", 0),
        ("b/0001.png", 1),
        ("b/0002.png", 1),
    ]
    assert [item.name for item in source.items(2)] == ["b/0002.png"]


def test_a_file_is_a_clip_whose_frames_count_from_1(tmp_path: Path) -> None:
    greys = [np.full((16, 16, 3), grey, np.uint8) for grey in (20, 120, 220)]
    write_clip(tmp_path / "walk.mkv", greys, codec="ffv1", form="bgr0", options={})
    numbered(tmp_path / "other", [1])
    source = find_clips(str(tmp_path))
    items = list(source.items())
    assert [item.name for item in items] == ["other/0001.png", "walk.mkv/000001", "walk.mkv/000002", "walk.mkv/000003"]
    assert [int(np.asarray(item.load).mean()) for item in items[1:]] == [20, 120, 220]  # type: ignore[arg-type]
    assert [item.name for item in source.items(2)] == ["walk.mkv/000002", "walk.mkv/000003"]
    assert source.length is None
    assert find_clips(str(tmp_path / "walk.mkv")).class_names == ("walk.mkv",)


def test_a_frame_without_a_number_is_refused(tmp_path: Path) -> None:
    numbered(tmp_path, [1, 2])
    Image.new("RGB", (4, 4)).save(tmp_path / "cover.png")
    with pytest.raises(UserError, match=r"cover\.png has no number in its name.*0001\.png"):
        find_clips(str(tmp_path))


def test_two_frames_of_one_number_are_refused(tmp_path: Path) -> None:
    numbered(tmp_path, [1, 2])
    Image.new("RGB", (4, 4)).save(tmp_path / "2.png")
    with pytest.raises(UserError, match="are both frame 2"):
        find_clips(str(tmp_path))


def test_gaps_are_said(tmp_path: Path) -> None:
    forget_notices()
    numbered(tmp_path, [1, 2, 5])
    find_clips(str(tmp_path))
    assert any("2 numbers are missing between frames 1 and 5" in sentence for sentence in notices().values())


def test_what_is_no_clip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    for path in (tmp_path / "none", tmp_path / "a.txt", tmp_path):
        with pytest.raises(UserError):
            find_clips(str(path))


def test_more_made_clips_leave_the_earlier_ones_as_they_are() -> None:
    few, many = (list(ShapesSource(clips, 3, (16, 24)).items()) for clips in (2, 4))
    assert len(few) == 6
    assert all(a.name == b.name and np.array_equal(a.load, b.load) for a, b in zip(few, many, strict=False))  # type: ignore[arg-type]
    later = list(ShapesSource(4, 3, (16, 24)).items(4))
    assert [item.name for item in later] == [item.name for item in many[4:]]
    with pytest.raises(UserError, match=r"data\.size=8"):
        open_clips(size=8)
