"""Keyframes find their frames, come to their size, and are painted where they are not transparent."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.data.sources.keyframes import open_keyframes
from tests.clips import write_clip
from tests.numbered_frames import numbered


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Frames 10 to 14 of greys 100 to 140."""
    return numbered(tmp_path / "clip", range(10, 15), name="f{}.png")


def key(path: Path, color: tuple[int, ...] = (200, 0, 0), size: tuple[int, int] = (16, 16)) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB" if len(color) == 3 else "RGBA", size, color).save(path)
    return path


def pixels(clip: Path, keyframes: Path, part: str, masks: Path | None = None) -> list[np.ndarray]:
    opened = open_keyframes(str(clip), str(keyframes), None if masks is None else str(masks))
    return [np.asarray(item.load) for item in opened[part].source.items()]


@pytest.mark.parametrize("name", ["f12.jpg", "12.jpg", "keyframe_0012.jpg"])
def test_a_keyframe_goes_by_the_name_or_the_number_of_its_frame(name: str, clip: Path, tmp_path: Path) -> None:
    key(tmp_path / "keys" / name)
    (content,) = pixels(clip, tmp_path / "keys", "content")
    (target,) = pixels(clip, tmp_path / "keys" / name, "target")
    assert (content == 120).all()
    assert abs(target.astype(int) - (200, 0, 0)).max() <= 4  # JPEG


def test_frames_of_a_file_count_from_1(tmp_path: Path) -> None:
    frames = [np.full((16, 16, 3), grey, np.uint8) for grey in (20, 120, 220)]
    write_clip(tmp_path / "walk.mkv", frames, codec="ffv1", form="bgr0", options={})
    for number, grey in ((1, 20), (3, 220)):
        path = key(tmp_path / f"keys{number}" / f"{number:04d}.png")
        assert (pixels(tmp_path / "walk.mkv", path, "content")[0] == grey).all()
    assert [int(frame.mean()) for frame in pixels(tmp_path / "walk.mkv", path, "shown")] == [20, 120, 220]
    with pytest.raises(UserError, match=r"0004\.png is keyframe 4 of .*walk\.mkv, which has 3 frames"):
        open_keyframes(str(tmp_path / "walk.mkv"), str(key(tmp_path / "late" / "0004.png")))


@pytest.mark.parametrize("name", ["sunset.png", "f9.png", "15.png"])
def test_a_keyframe_without_a_frame_is_refused(name: str, clip: Path, tmp_path: Path) -> None:
    key(tmp_path / "keys" / name)
    with pytest.raises(UserError, match=rf"{name} belongs to no frame of the clip.*\(10 to 14\)"):
        open_keyframes(str(clip), str(tmp_path / "keys"))


def test_frames_of_two_sizes_are_refused(clip: Path, tmp_path: Path) -> None:
    numbered(clip, [14], name="f{}.png", size=(20, 16))
    with pytest.raises(UserError, match=r"clip: f10\.png has 16 x 16 pixels, and f14\.png 20 x 16: bring all"):
        open_keyframes(str(clip), str(key(tmp_path / "keys" / "12.png")))


def test_two_keyframes_of_one_frame_are_refused(clip: Path, tmp_path: Path) -> None:
    key(tmp_path / "keys" / "12.png")
    key(tmp_path / "keys" / "f12.png")
    with pytest.raises(UserError, match="belong to the same frame"):
        open_keyframes(str(clip), str(tmp_path / "keys"))


@pytest.mark.parametrize(("size", "stretched"), [((32, 32), False), ((24, 16), True)])
def test_a_keyframe_of_another_size_is_resized_and_that_is_said(
    size: tuple[int, int], stretched: bool, clip: Path, tmp_path: Path
) -> None:
    forget_notices()
    path = key(tmp_path / "keys" / "12.png", size=size)
    (target,) = pixels(clip, path, "target")
    assert target.shape == (16, 16, 3)
    (said,) = (sentence for name, sentence in notices().items() if name.startswith("data.size"))
    assert f"{size[0]} x {size[1]} pixels and is resized to the 16 x 16" in said
    assert ("stretched" in said) == stretched


def test_what_is_transparent_is_not_painted(clip: Path, tmp_path: Path) -> None:
    layers = np.zeros((16, 16, 4), np.uint8)
    layers[..., 0] = 200
    layers[:, :8, 3], layers[:, 8, 3] = 255, 51  # a fifth
    (tmp_path / "keys").mkdir()
    Image.fromarray(layers).save(tmp_path / "keys" / "12.png")
    (target,), (mask,) = (pixels(clip, tmp_path / "keys", part) for part in ("target", "mask"))
    assert (target[:, :8] == (200, 0, 0)).all()
    assert (target[:, 8] == (136, 96, 96)).all()  # 120 + (200 - 120) / 5, 120 - 120 / 5
    assert (target[:, 9:] == 120).all()
    assert mask[0, :, 0].tolist() == [255] * 8 + [51] + [0] * 7


def test_a_mask_of_another_size_is_resized(clip: Path, tmp_path: Path) -> None:
    key(tmp_path / "keys" / "12.png")
    half = np.zeros((32, 32), np.uint8)
    half[:16] = 255
    (tmp_path / "masks").mkdir()
    Image.fromarray(half).save(tmp_path / "masks" / "f12.png")
    (mask,) = pixels(clip, tmp_path / "keys", "mask", tmp_path / "masks")
    assert mask.shape == (16, 16, 1)
    assert mask[:6].min() > 250
    assert mask[10:].max() < 5
    key(tmp_path / "keys" / "13.png")
    with pytest.raises(UserError, match=r"has no mask for .*13\.png"):
        open_keyframes(str(clip), str(tmp_path / "keys"), str(tmp_path / "masks"))


def test_what_cannot_be_learnt_from_is_refused(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.clip=CLIP"):
        open_keyframes(str(clip))
    with pytest.raises(UserError, match=r"Nothing of .* is painted"):
        open_keyframes(str(clip), str(key(tmp_path / "clear" / "12.png", (200, 0, 0, 0))))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "12.png").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"12\.png cannot be read"):
        open_keyframes(str(clip), str(tmp_path / "broken"))
    numbered(tmp_path / "two" / "a", [1])
    numbered(tmp_path / "two" / "b", [1])
    with pytest.raises(UserError, match="holds 2 clips"):
        open_keyframes(str(tmp_path / "two"), str(key(tmp_path / "one" / "1.png")))
