"""Pictures as they come: every awkward format with the pixels it must turn into, and everything that is no picture.

The expected pixels are written down by hand from the formats' definitions, not read back through Pillow.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
COLOURS = np.array([[RED, GREEN, BLUE], [(10, 20, 30), (200, 100, 50), (0, 0, 0)]], np.uint8)
"""2 rows of 3 pixels, all different."""


@dataclass(frozen=True)
class Good:
    """A file, and the RGB pixels it holds, to within so many levels."""

    data: bytes
    pixels: np.ndarray
    tolerance: int = 0


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def good_pictures() -> dict[str, Good]:
    """Name to picture, for every format and mode."""
    return {**_plain(), **_transparent(), **_deep(), **_printed(), **_moving(), **_lossy()}


def _plain() -> dict[str, Good]:
    rgb = Image.fromarray(COLOURS)
    kinds = {"png": {}, "bmp": {}, "tga": {}, "ppm": {}, "tiff": {}, "gif": {}}
    files = {f"plain.{kind}": Good(saved(rgb, kind, **options), COLOURS) for kind, options in kinds.items()}
    files["lossless.webp"] = Good(saved(rgb, "webp", lossless=True), COLOURS)
    files["lossless.jp2"] = Good(saved(rgb, "jpeg2000", irreversible=False), COLOURS)
    files["lzw.tiff"] = Good(saved(rgb, "tiff", compression="tiff_lzw"), COLOURS)
    files["interlaced.png"] = Good(_png(3, 2, 8, 2, _adam7(COLOURS), interlaced=True), COLOURS)
    grey = np.array([[0, 7, 255]], np.uint8)
    files["grey.png"] = Good(saved(Image.fromarray(grey), "png"), np.repeat(grey[..., None], 3, 2))
    files["one_bit.png"] = Good(_png(3, 1, 1, 0, b"\x00\xa0"), np.array([[WHITE, (0, 0, 0), WHITE]], np.uint8))
    palette = _chunk(b"PLTE", bytes([*RED, *GREEN, 10, 20, 30]))
    files["palette.png"] = Good(_png(3, 1, 8, 3, b"\x00\x02\x00\x01", palette), np.array([[(10, 20, 30), RED, GREEN]]))
    files["dot.png"] = Good(saved(Image.new("RGB", (1, 1), (1, 2, 3)), "png"), np.array([[(1, 2, 3)]]))
    return files


def _transparent() -> dict[str, Good]:
    # 200 * 128/255 + 255 * 127/255 = 227.4, and so on; a clear pixel is white, whatever colour hides in it.
    layers = np.array([[(200, 100, 50, 128), (9, 9, 9, 0), (1, 2, 3, 255)]], np.uint8)
    on_white = np.array([[(227, 177, 152), WHITE, (1, 2, 3)]])
    files = {"alpha.png": Good(saved(Image.fromarray(layers), "png"), on_white)}
    files["alpha.webp"] = Good(saved(Image.fromarray(layers), "webp", lossless=True, exact=True), on_white)
    files["alpha.tiff"] = Good(saved(Image.fromarray(layers), "tiff"), on_white)
    grey = np.array([[(200, 128), (9, 0)]], np.uint8)
    files["grey_alpha.png"] = Good(_png(2, 1, 8, 4, b"\x00" + grey.tobytes()), np.array([[(227,) * 3, WHITE]]))
    palette = _chunk(b"PLTE", bytes([200, 100, 50, *GREEN])) + _chunk(b"tRNS", bytes([128, 0]))
    files["palette_alpha.png"] = Good(_png(2, 1, 8, 3, b"\x00\x00\x01", palette), np.array([[(227, 177, 152), WHITE]]))
    key = _chunk(b"tRNS", struct.pack(">3H", *GREEN))
    files["colour_key.png"] = Good(_png(2, 1, 8, 2, b"\x00" + bytes([*GREEN, *RED]), key), np.array([[WHITE, RED]]))
    return files


def _deep() -> dict[str, Good]:
    # 16 bits to 8 is a division by 257: 128 / 257 = 0.498, 129 / 257 = 0.502, 32768 / 257 = 127.502
    samples = [0, 128, 129, 257, 32768, 65535]
    as_bytes = np.repeat(np.array([[0, 0, 1, 1, 128, 255]])[..., None], 3, 2)
    files = {"grey16.png": Good(_png(6, 1, 16, 0, b"\x00" + struct.pack(">6H", *samples)), as_bytes)}
    files["grey16.tiff"] = Good(_tiff(6, 1, struct.pack("<6H", *samples), bits=16), as_bytes)
    files["grey16_big_endian.tiff"] = Good(_tiff(6, 1, struct.pack(">6H", *samples), bits=16, order=">"), as_bytes)
    files["grey16.pgm"] = Good(b"P5 6 1 65535\n" + struct.pack(">6H", *samples), as_bytes)
    # Pillow keeps the high byte of 16-bit colour: 4863 >> 8 = 18 where 4863 / 257 = 18.9
    colour = [0, 4863, 65535, 257, 32768, 65278]
    eight = np.array([[(0, 19, 255), (1, 128, 254)]])
    files["colour16.png"] = Good(_png(2, 1, 16, 2, b"\x00" + struct.pack(">6H", *colour)), eight, 1)
    files["colour16.tiff"] = Good(_tiff(2, 1, struct.pack("<6H", *colour), bits=16, samples=3), eight, 1)
    unit = struct.pack("<4f", 0.0, 0.5, 1.0, -3.0)  # 0.5 * 255 = 127.5, which rounds to even
    files["float_unit.tiff"] = Good(_tiff(4, 1, unit, bits=32, kind=3), _greys(0, 128, 255, 0))
    files["float_byte.tiff"] = Good(_tiff(2, 1, struct.pack("<2f", 254.6, 3.2), bits=32, kind=3), _greys(255, 3))
    files["int32.tiff"] = Good(_tiff(2, 1, struct.pack("<2i", 65535, 257), bits=32, kind=2), _greys(255, 1))
    return files


def _printed() -> dict[str, Good]:
    inks = np.array([[(0, 255, 255, 0), (255, 0, 255, 0), (0, 0, 0, 255), (0, 0, 0, 0)]], np.uint8)
    seen = np.array([[RED, GREEN, (0, 0, 0), WHITE]])
    files = {"cmyk.tiff": Good(saved(Image.fromarray(inks, "CMYK"), "tiff"), seen)}
    big = Image.fromarray(np.kron(inks, np.ones((16, 16, 1), np.uint8)), "CMYK")
    files["cmyk.jpg"] = Good(saved(big, "jpeg", quality=100), np.kron(seen, np.ones((16, 16, 1), int)), 3)
    # L* of 54.3, a* of 80.8, b* of 69.9 is the red of sRGB under D50, the white of ICC and TIFF; L* in steps of 100/255
    lab = Image.frombytes("LAB", (1, 1), bytes([138, 81, 70]))
    files["lab.tiff"] = Good(saved(lab, "tiff"), np.array([[RED]]), 5)
    # A profile whose first primary is green and whose second is red.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"tmp ").replace(b"gXYZ", b"rXYZ").replace(b"tmp ", b"gXYZ")
    profile = profile.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")).replace(b"sRGB", b"swap")
    swapped = Image.fromarray(np.array([[RED, GREEN, BLUE]], np.uint8))
    files["profile.png"] = Good(saved(swapped, "png", icc_profile=profile), np.array([[GREEN, RED, BLUE]]), 1)
    files["broken_profile.png"] = Good(saved(swapped, "png", icc_profile=b"nonsense"), np.array([[RED, GREEN, BLUE]]))
    return files


def _moving() -> dict[str, Good]:
    frames = [Image.new("RGB", (2, 2), colour) for colour in (RED, GREEN)]
    first = np.full((2, 2, 3), RED)
    more = {"save_all": True, "append_images": frames[1:]}
    files = {f"animated.{kind}": Good(saved(frames[0], kind, **more), first) for kind in ("gif", "png", "tiff")}
    files["animated.webp"] = Good(saved(frames[0], "webp", lossless=True, **more), first)
    files["two_eyes.mpo"] = Good(saved(frames[0], "mpo", **more), first, 3)
    return files


def _lossy() -> dict[str, Good]:
    blocks = np.kron(COLOURS, np.ones((16, 16, 1), np.uint8))
    image, options = Image.fromarray(blocks), {"quality": 100, "subsampling": 0}
    files = {"baseline.jpg": Good(saved(image, "jpeg", **options), blocks, 4)}
    files["progressive.jpg"] = Good(saved(image, "jpeg", progressive=True, **options), blocks, 4)
    files["UPPER.JPEG"] = files["baseline.jpg"]
    grey = Image.fromarray(np.full((16, 16), 77, np.uint8))
    files["grey.jpg"] = Good(saved(grey, "jpeg", quality=100), np.full((16, 16, 3), 77), 1)
    return files


def bad_pictures() -> dict[str, tuple[bytes, str]]:
    """Name to content and a part of the reason."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    files = {"empty.jpg": (b"", "empty"), "page.jpg": (b"<html>not found</html>", "not a picture")}
    for kind in ("jpeg", "png", "gif", "tiff", "bmp"):
        whole = saved(Image.fromarray(noise), kind)
        files[f"truncated.{kind}"] = (whole[: len(whole) // 2], "truncated")
    webp = saved(Image.fromarray(noise), "webp")
    files["truncated.webp"] = (webp[: len(webp) // 2], "truncated")
    files["stub.png"] = (saved(Image.fromarray(noise), "png")[:20], "truncated")
    files["bomb.png"] = (_png(60_000, 60_000, 8, 2, b""), "60000 x 60000 pixels")
    files["phone.heic"] = (b"\x00\x00\x00\x18ftypheic" + bytes(12), "HEIC")
    files["drawing.png"] = (b'<?xml version="1.0"?><svg/>', "not a picture")
    files["endless.tiff"] = (_tiff(1, 1, struct.pack("<f", np.inf), bits=32, kind=3), "finite")
    files["beyond.tiff"] = (_tiff(1, 1, struct.pack("<f", 1e6), bits=32, kind=3), "16 bits")
    return files


def write_all(folder: Path) -> None:
    """All good pictures into ``folder/good`` and all bad ones into ``folder/bad``."""
    for part, files in (("good", {k: v.data for k, v in good_pictures().items()}), ("bad", _contents())):
        (folder / part).mkdir(parents=True)
        for name, data in files.items():
            (folder / part / name).write_bytes(data)


def _contents() -> dict[str, bytes]:
    return {name: data for name, (data, _) in bad_pictures().items()}


def _greys(*values: int) -> np.ndarray:
    return np.repeat(np.array([values])[..., None], 3, 2)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(w: int, h: int, bits: int, colour: int, rows: bytes, more: bytes = b"", interlaced: bool = False) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">2I5B", w, h, bits, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + more + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _adam7(pixels: np.ndarray) -> bytes:
    """Rows of the seven passes of an interlaced PNG, each after its filter byte 0."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = (pixels[top::down, left::right] for top, left, down, right in passes)
    return b"".join(b"\x00" + row.tobytes() for part in parts if part.shape[1] for row in part)


def _tiff(w: int, h: int, data: bytes, bits: int, samples: int = 1, kind: int = 1, order: str = "<") -> bytes:
    """An uncompressed TIFF of one strip; ``kind`` 1 is unsigned, 2 signed, 3 float (TIFF 6.0, sections 8 and 19)."""
    end = 8 + len(data)
    repeated = struct.pack(f"{order}{samples}H", *[bits] * samples)
    tags = [(256, 4, w), (257, 4, h), (258, 3, bits), (259, 3, 1), (262, 3, 1 if samples == 1 else 2), (273, 4, 8)]
    tags += [(277, 3, samples), (278, 4, h), (279, 4, len(data)), (339, 3, kind)]
    body = b""
    for tag, field, value in tags:
        number = samples if tag in (258, 339) else 1
        if tag == 258 and samples > 1:
            packed = struct.pack(f"{order}I", end)
        elif tag == 339 and samples > 1:
            packed = struct.pack(f"{order}I", end + len(repeated))
        else:
            packed = struct.pack(f"{order}{'H2x' if field == 3 else 'I'}", value)
        body += struct.pack(f"{order}HHI", tag, field, number) + packed
    lists = repeated + struct.pack(f"{order}{samples}H", *[kind] * samples)
    directory = struct.pack(f"{order}H", len(tags)) + body + struct.pack(f"{order}I", 0)
    start = b"II*\x00" if order == "<" else b"MM\x00*"
    return start + struct.pack(f"{order}I", end + len(lists)) + data + lists + directory
