"""Pictures of 16 bits, one or many channels keep both; transparency lies on white."""

import io
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.base.notices import forget_notices, notices
from impasto.data.sources.decode import BadImage, decode, on_white
from impasto.data.sources.native_depth import decode_deep, decode_layers, is_deep
from tests.data.messy import bad_pictures, good_pictures

SAMPLES = np.random.default_rng(0).integers(0, 65536, (5, 7, 4), dtype=np.uint16)


def png16(samples: np.ndarray) -> bytes:
    """A PNG of 16 bits written by hand (RFC 2083): Pillow writes none in colour."""
    height, width, channels = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(samples: np.ndarray, **options: Any) -> bytes:
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 3])
def test_png_of_16_bits(channels: int) -> None:
    data = png16(SAMPLES[..., :channels])
    assert is_deep(data)
    pixels = decode_deep(data)
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, SAMPLES[..., :channels])


@pytest.mark.parametrize("channels", [2, 4])
def test_png_of_16_bits_with_opacity(channels: int) -> None:
    pixels, opacity = decode_layers(png16(SAMPLES[..., :channels]))
    assert np.array_equal(pixels, SAMPLES[..., : channels - 1])
    assert opacity is not None
    assert np.array_equal(opacity, SAMPLES[..., channels - 1 : channels])
    share = opacity / 65535.0
    expected = pixels * share + 65535 * (1 - share)
    assert np.abs(decode_deep(png16(SAMPLES[..., :channels])) - expected).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"planarconfig": "separate", "photometric": "rgb"}])
def test_tiff_of_16_bits_in_three_channels(options: dict[str, Any]) -> None:
    samples = SAMPLES[..., :3]
    planar = "planarconfig" in options
    data = tiff(samples.transpose(2, 0, 1) if planar else samples, **{"photometric": "rgb", **options})
    assert is_deep(data)
    assert np.array_equal(decode_deep(data), samples)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_of_seven_channels(dtype: Any) -> None:
    samples = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (5, 6, 7)).astype(dtype)
    pixels = decode_deep(tiff(samples, photometric="minisblack", planarconfig="contig"))
    assert pixels.dtype == dtype
    assert np.array_equal(pixels, samples)


def test_channels_that_a_microscope_writes_as_pages() -> None:
    samples = np.random.default_rng(1).integers(0, 65535, (2, 4, 5, 6)).astype(np.uint16)  # depths, channels
    data = tiff(samples, imagej=True, metadata={"axes": "ZCYX"})
    assert np.array_equal(decode_deep(data), samples[0].transpose(1, 2, 0))


def test_opacity_in_tiff_is_no_channel() -> None:
    pixels, opacity = decode_layers(tiff(SAMPLES, photometric="rgb", extrasamples=["unassalpha"]))
    assert opacity is not None
    assert pixels.shape == (5, 7, 3)
    assert np.array_equal(opacity[..., 0], SAMPLES[..., 3])
    four = decode_layers(tiff(SAMPLES, photometric="rgb", extrasamples=["unspecified"]))
    assert four[1] is None
    assert four[0].shape == (5, 7, 4)


def test_grey_tiff_of_16_bits_and_floats() -> None:
    file = io.BytesIO()
    Image.fromarray(SAMPLES[..., 0]).save(file, "TIFF")
    assert np.array_equal(decode_deep(file.getvalue())[..., 0], SAMPLES[..., 0])
    file = io.BytesIO()
    Image.fromarray(np.array([[0.0, 0.5, 1.0]], np.float32)).save(file, "TIFF")
    assert decode_deep(file.getvalue())[0, :, 0].tolist() == [0, 32768, 65535]


def test_without_tifffile_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seven = tiff(np.zeros((5, 6, 7), np.uint8), photometric="minisblack", planarconfig="contig")
    three = tiff(SAMPLES[..., :3], photometric="rgb")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(BadImage, match=r"its 7 channels are read by the package tifffile: .*science"):
        decode_deep(seven)
    forget_notices()
    assert decode_deep(three).dtype == np.uint8
    assert "impasto[science]" in notices()["data.tifffile"]


@pytest.mark.parametrize("name", good_pictures())
def test_pictures_of_8_bits_are_as_ever(name: str) -> None:
    data = good_pictures()[name].data
    pixels = decode_deep(data)
    if pixels.dtype == np.uint16:
        assert np.abs(pixels / 257 - decode(data, pixels.shape[2])).max() <= 1
    else:
        assert np.array_equal(pixels, decode(data, pixels.shape[2]))


@pytest.mark.parametrize("name", bad_pictures())
def test_bad_pictures_say_why(name: str) -> None:
    data, reason = bad_pictures()[name]
    with pytest.raises(BadImage, match=reason):
        decode_deep(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_pictures_are_turned_upright(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(SAMPLES[..., 0]).save(tmp_path / "deep.png", exif=exif)
    Image.fromarray((SAMPLES[..., 0] // 257).astype(np.uint8)).save(tmp_path / "flat.png", exif=exif)
    assert np.array_equal(decode_deep(tmp_path / "deep.png") // 257, decode(tmp_path / "flat.png", 1))


def test_on_white_by_hand() -> None:
    pixels, opacity = np.array([[[0], [100], [255]]], np.uint8), np.array([[[0], [128], [255]]], np.uint8)
    # 100 * 128/255 + 255 * 127/255 = 177.2
    assert on_white(pixels, opacity).ravel().tolist() == [255, 177, 255]
    deep = on_white(np.array([[[0], [65535]]], np.uint16), np.array([[[65535], [1]]], np.uint16))
    assert deep.ravel().tolist() == [0, 65535]
