import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from impasto.data.packing.pack import pack
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources import decode as decode_module
from impasto.data.sources.decode import BadImage, decode
from impasto.data.sources.folder import FolderSource
from tests.data.messy import COLOURS, bad_pictures, good_pictures, saved

GOOD, BAD = good_pictures(), bad_pictures()


@pytest.mark.parametrize("name", GOOD)
def test_good_picture_has_its_pixels(name: str) -> None:
    picture = GOOD[name]
    pixels = decode(picture.data)
    assert pixels.dtype == np.uint8
    assert pixels.shape == picture.pixels.shape
    assert np.abs(pixels.astype(int) - picture.pixels).max() <= picture.tolerance
    pixels[:] = 0  # a fresh array, not a view of what Pillow holds


@pytest.mark.parametrize("name", GOOD)
def test_good_picture_as_grey(name: str) -> None:
    picture = GOOD[name]
    expected = picture.pixels @ [0.299, 0.587, 0.114]
    assert np.abs(decode(picture.data, channels=1)[..., 0] - expected).max() <= picture.tolerance + 1


@pytest.mark.parametrize("name", BAD)
def test_bad_picture_says_why(name: str) -> None:
    data, reason = BAD[name]
    with pytest.raises(BadImage, match=reason) as raised:
        decode(data)
    assert len(str(raised.value)) < 100


# EXIF 2.3, tag 0x0112: where the 0th row and the 0th column of the stored picture are on the one that is seen.
ROW_AND_COLUMN = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def stored_as(seen: np.ndarray, orientation: int) -> np.ndarray:
    """The array a camera writes for a picture that is to be seen upright, pixel by pixel from the table above."""
    h, w = seen.shape[:2]

    def place(r: int, c: int) -> tuple[int, int]:
        sides = dict(zip(ROW_AND_COLUMN[orientation], (r, c), strict=True))
        y = sides["top"] if "top" in sides else h - 1 - sides["bottom"]
        x = sides["left"] if "left" in sides else w - 1 - sides["right"]
        return y, x

    rows, columns = (h, w) if orientation < 5 else (w, h)
    return np.array([[seen[place(r, c)] for c in range(columns)] for r in range(rows)])


@pytest.mark.parametrize("kind", ["png", "tiff", "webp", "jpeg"])
@pytest.mark.parametrize("orientation", ROW_AND_COLUMN)
def test_orientation(orientation: int, kind: str) -> None:
    h, w = COLOURS.shape[:2]
    stored = stored_as(COLOURS, orientation)
    block = np.ones((16, 16, 1), np.uint8)  # for JPEG, which blurs single pixels
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"webp": {"lossless": True}, "jpeg": {"quality": 100, "subsampling": 0}}.get(kind, {})
    data = saved(Image.fromarray(np.kron(stored, block)), kind, exif=exif, **options)
    seen = decode(data)
    assert seen.shape == (16 * h, 16 * w, 3)
    assert np.abs(seen.astype(int) - np.kron(COLOURS, block)).max() <= (4 if kind == "jpeg" else 0)


def test_nonsense_orientation_and_exif_are_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    np.testing.assert_array_equal(decode(saved(Image.fromarray(COLOURS), "png", exif=exif)), COLOURS)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(COLOURS), "png", exif=b"Exif\x00\x00II*")), COLOURS)


def test_alpha_is_kept_for_four_channels() -> None:
    layers = np.array([[(200, 100, 50, 128), (9, 9, 9, 0)]], np.uint8)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(layers), "png"), channels=4), layers)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(COLOURS), "png"), channels=4)[..., 3], 255)


def test_large_jpeg_is_shrunk_while_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    ramp = np.add.outer(np.arange(400), np.arange(400)) // 4
    data = saved(Image.fromarray(ramp.astype(np.uint8)), "jpeg", quality=95)
    monkeypatch.setattr(decode_module, "MAX_PIXELS", 10_000)
    with pytest.raises(BadImage, match="400 x 400 pixels are more than the 10,000"):
        decode(data)
    shrunk = decode(data, channels=1, at_least=32)  # 400 / 4 is the least above 2 * 32
    assert shrunk.shape == (100, 100, 1)
    blocks = ramp.reshape(100, 4, 100, 4).mean((1, 3))
    assert np.abs(shrunk[..., 0] - blocks).max() <= 2


@pytest.mark.parametrize("orientation", [1, 6])
def test_huge_picture_is_averaged_down(orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "_HUGE", 10_000)
    layers = np.random.default_rng(0).integers(0, 256, (90, 200, 4), np.uint8)
    layers[..., 3] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(layers), "png", exif=exif)
    shrunk = decode(data, at_least=7)  # 90 // (4 * 7) = 3
    means = layers[..., :3].astype(float)[:, :198].reshape(30, 3, 66, 3, 3).mean((1, 3))
    seen = shrunk if orientation == 1 else np.rot90(shrunk, 1)  # 6 is seen turned clockwise
    assert seen.shape == (30, 67, 3)
    assert np.abs(seen[:, :66] - means).max() <= 1
    assert decode(data).shape == ((90, 200, 3) if orientation == 1 else (200, 90, 3))


def test_pillow_switches_of_others_do_not_count_and_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    with pytest.raises(BadImage, match="truncated"):
        decode(BAD["truncated.jpeg"][0])
    assert decode(GOOD["plain.png"].data).shape == (2, 3, 3)
    assert (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS) == (True, 1)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "nowhere.png").symlink_to("missing")
    (tmp_path / "loop.png").symlink_to("loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    reasons = {"folder.png": "folder", "nowhere.png": "gone", "loop.png": "itself", "pipe.png": "not a regular file"}
    for name, reason in reasons.items():
        with pytest.raises(BadImage, match=reason):
            decode(tmp_path / name)


def test_file_too_large_to_read(tmp_path: Path) -> None:
    (tmp_path / "video.png").touch()
    os.truncate(tmp_path / "video.png", 2**30 + 1)
    with pytest.raises(BadImage, match="1,073,741,825 bytes are more than"):
        decode(tmp_path / "video.png")


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(GOOD["plain.png"].data)

    def refuse(_: Path) -> bytes:  # root may read anything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadImage, match="permission denied"):
        decode(path)


def test_every_cut_of_a_file_is_bad_or_right() -> None:
    """No error of Pillow's own gets through, wherever a file ends or is damaged."""
    rng = np.random.default_rng(0)
    for name in ("plain.gif", "plain.tiff", "palette.png", "lossless.webp", "two_eyes.mpo", "plain.tga", "lzw.tiff"):
        data = GOOD[name].data
        for _ in range(30):
            broken = bytearray(data[: rng.integers(1, len(data) + 1)])
            broken[rng.integers(len(broken))] ^= 0xFF
            with suppress(BadImage):
                assert decode(bytes(broken)).dtype == np.uint8


def test_path_and_bytes_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "grün 緑.png"
    path.write_bytes(GOOD["plain.png"].data)
    np.testing.assert_array_equal(decode(path), decode(path.read_bytes()))
    np.testing.assert_array_equal(decode(str(path)), COLOURS)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_clear_pixels_hide_does_not_count(tmp_path: Path, mode: str) -> None:
    """Three pictures that look the same, with black, white and noise under clear pixels, are packed as the same."""
    seen = np.random.default_rng(0).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    opacity = np.full((8, 10), 255, np.uint8)
    opacity[:4] = 0
    opacity[4:, :5] = 128 if mode != "P" else 255
    noise = np.random.default_rng(1).integers(0, 256, seen.shape, dtype=np.uint8)
    for name, hidden in (("black", np.zeros_like(seen)), ("white", np.full_like(seen, 255)), ("noise", noise)):
        colours = np.where(opacity[..., None] == 0, hidden, seen)
        if mode == "P":  # entry 0 is clear, whatever its colour
            image = Image.fromarray(np.where(opacity == 0, 0, 1 + (seen[..., 0] > 127)).astype(np.uint8), "P")
            image.putpalette([*hidden[0, 0].tolist(), 10, 20, 30, 200, 210, 220])
            image.save(tmp_path / f"{name}.png", transparency=0)
        else:
            image = Image.fromarray(np.dstack([colours, opacity]))
            image.convert(mode).save(tmp_path / f"{name}.png")
    for depth in (8, 16):
        packed = pack(FolderSource(tmp_path), SizePolicy(8, 10, depth=depth), tmp_path / "cache", duplicates="keep")
        first, *others = packed.as_bytes(range(3))
        assert (first[:4] == 255).all()
        assert all(np.array_equal(first, other) for other in others)
