"""Pictures from strangers are looked at before they are decoded."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from impasto.base.visitors import Limits
from impasto.serve.refusals import Refusal
from impasto.serve.uploads import inspect
from tests.serve.pictures import encoded, encoded_image
from tests.style_painter import photo

WEBP = encoded("WEBP")
LIMITS = Limits(max_bytes=200_000, max_pixels=40 * 50)


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that says it has many pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def moving() -> bytes:
    frames = [Image.fromarray(photo(20, 30, seed)) for seed in range(3)]
    return encoded_image(frames[0], "GIF", save_all=True, append_images=frames[1:])


def icon() -> bytes:
    """An icon may hold a larger picture than its header says."""
    return encoded_image(Image.fromarray(photo(16, 16)), "ICO")


def many_channels() -> bytes:
    tifffile = pytest.importorskip("tifffile", reason="the science extra is not installed")
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((20, 30, 5), np.uint16), photometric="minisblack", planarconfig="contig")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "ending"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp"), ("BMP", ".bmp"), ("TIFF", ".tif")]
)
def test_a_painting_is_of_the_format_of_its_picture(kind: str, ending: str) -> None:
    data = encoded(kind)
    upload = inspect(data, LIMITS)
    assert (upload.data, upload.ending, upload.kept) == (data, ending, True)


def test_a_format_that_is_not_written_here_becomes_png(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(Image.SAVE, "WEBP")
    upload = inspect(WEBP, LIMITS)
    assert (upload.ending, upload.kept) == (".png", False)


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (b"", 400, "has no body"),
        (b"x" * 200_001, 413, "more than the 200,000 bytes"),
        (encoded(height=40, width=51), 413, "51 x 40 pixels are more than the 2,000"),
        (bomb(60_000, 60_000), 413, "60000 x 60000 pixels"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "no picture that is read here: send one of JPEG, PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", 415, "no picture that is read here"),
        (icon(), 415, "no picture that is read here"),
        (moving(), 422, "has 3 frames, and one is painted"),
    ],
    ids=["nothing", "bytes", "pixels", "a bomb", "svg", "postscript", "icon", "frames"],
)
def test_what_is_not_taken(data: bytes, status: int, says: str) -> None:
    with pytest.raises(Refusal) as refused:
        inspect(data, LIMITS)
    assert refused.value.status == status
    assert says in refused.value.sentence


def test_channels_that_only_the_command_paints() -> None:
    with pytest.raises(Refusal, match="TIFF of many channels"):
        inspect(many_channels(), LIMITS)


def test_one_pixel_less_is_taken() -> None:
    assert inspect(encoded(height=40, width=50), LIMITS).ending == ".png"
