"""Limits hold before a pixel is decoded; names of files are made harmless."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.app.pictures import Album, check_picture, pixels_in, safe_name, shrink, square
from impasto.app.places import NotHere
from impasto.base.errors import UserError
from impasto.base.visitors import Limits

LIMITS = Limits(max_bytes=100_000, max_pixels=10_000)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size, with hardly a byte of pixels."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 100)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def gif(path: Path, frames: int, side: int) -> Path:
    images = [Image.new("L", (side, side), 40 * i) for i in range(frames)]
    images[0].save(path, save_all=True, append_images=images[1:])
    return path


@pytest.fixture
def album(tmp_path: Path) -> Album:
    (tmp_path / "uploads").mkdir()
    return Album(tmp_path / "album", tmp_path / "uploads", LIMITS)


def brought(album: Album, name: str, data: bytes) -> str:
    path = album.uploads / name
    path.write_bytes(data)
    return str(path)


def test_the_header_alone_refuses_a_bomb(album: Album) -> None:
    with pytest.raises(UserError, match=r"bomb.png has 3,600 million pixels, and 0 are taken at most"):
        album.take(brought(album, "bomb.png", png_header(60_000, 60_000)), "bomb.png")
    assert not list(album.shelf.root.iterdir())


def test_frames_count_together(tmp_path: Path) -> None:
    check_picture(gif(tmp_path / "few.gif", 4, 50), "few.gif", LIMITS)
    with pytest.raises(UserError, match="million pixels"):
        check_picture(gif(tmp_path / "many.gif", 5, 50), "many.gif", LIMITS)


def test_deep_tiff_is_counted_by_its_header(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros((30, 20, 5), np.uint16), photometric="minisblack", planarconfig="contig"
    )
    assert pixels_in((tmp_path / "a.tif").read_bytes()) == 30 * 20 * 5


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.png", b"", "the file is empty"),
        ("text.jpg", b"hello", "not a picture"),
        ("cut.png", png_header(10, 10)[:20], "truncated"),
        ("hollow.png", png_header(50, 50), "truncated"),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        ("paper.pdf", b"%PDF-1.7", "not a picture"),
        ("large.bmp", b"BM" + b"\0" * 200_000, "MB are taken at most"),
    ],
)
def test_bad_files_are_refused_with_a_reason(album: Album, name: str, data: bytes, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as refused:
        album.take(brought(album, name, data), name)
    assert str(refused.value).startswith(name)
    assert not list(album.shelf.root.iterdir())


def test_only_what_was_uploaded_is_taken(album: Album, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "mine.png")
    for path in (str(tmp_path / "mine.png"), "../mine.png", None):
        with pytest.raises(NotHere):
            album.take(path, "mine.png")


def test_what_was_brought_is_found_again_under_its_token(album: Album) -> None:
    Image.new("RGB", (40, 20), "red").save(album.uploads / "x.png")
    folder = album.take(str(album.uploads / "x.png"), "../../etc/My <b>holiday</b>.PNG")
    assert album.original(folder.name) == folder / "b_.png"
    with Image.open(folder / "shown.jpg") as shown:
        assert shown.size == (40, 20)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("holiday.jpg", "holiday.jpg"),
        ("../../etc/passwd", "passwd.png"),
        ('a"<script>.JPG', "a_script_.jpg"),
        ("shown.jpg", "picture.jpg"),
        ("", "upload.png"),
        (None, "upload.png"),
        ("....", "picture.png"),
        ("x" * 300 + ".png", "x" * 120 + ".png"),
        ("Ölbild (1).png", "Ölbild (1).png"),
    ],
)
def test_names_are_harmless(given: object, made: str) -> None:
    assert safe_name(given, Path("upload.png")) == made


def test_names_of_many_bytes_leave_room_for_that_of_the_painting() -> None:
    assert safe_name("画" * 80 + ".png", Path("upload.png")) == "画" * 40 + ".png"  # 3 bytes each
    assert safe_name("a" + "画" * 80 + ".png", Path("upload.png")) == "a" + "画" * 39 + ".png"


def test_shrink_and_square_keep_proportions() -> None:
    assert shrink(np.zeros((100, 50, 3), np.uint8), 20).shape == (20, 10, 3)
    assert shrink(np.zeros((100, 50, 3), np.uint8), 25, shorter=True).shape == (50, 25, 3)
    assert shrink(np.zeros((10, 5, 3), np.uint8), 20).shape == (10, 5, 3)
    halves = np.repeat(np.array([0, 200], np.uint8), 40)[None, :, None].repeat(40, 0).repeat(3, 2)
    middle = square(halves, 10)
    assert middle.shape == (10, 10, 3)
    assert (middle[:, 0] == 0).all()
    assert (middle[:, -1] == 200).all()
