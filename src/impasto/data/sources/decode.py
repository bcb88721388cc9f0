"""Turns any picture file into plain uint8 pixels, or says in one sentence why it cannot."""

import errno
import io
import os
import stat
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

MAX_PIXELS: Final = 2**27
"""Pixels that may be decoded, 134 million; a JPEG may be larger, for it is shrunk while it is decoded."""

_HUGE: Final = 2**24

MAX_BYTES: Final = 2**30
"""Bytes of a file that may be read, 1 GiB."""

# EPS, WMF and PDF are left out: Pillow hands them to other programs or executes what they say.
FORMATS: Final = (
    *("JPEG", "JPEG2000", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "DIB", "PPM", "TGA"),
    *("ICO", "PCX", "SGI", "DDS", "PSD", "QOI"),
)

_ORIENTATION_TAG: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MODES: Final = {1: "L", 3: "RGB", 4: "RGBA"}

_SYSTEM_REASONS: Final = {
    errno.ENOENT: "the file is gone, or the link leads nowhere",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "the link leads back to itself",
    errno.EISDIR: "it is a folder",
    errno.EIO: "the disk cannot read it",
}


class BadImage(Exception):  # noqa: N818 - what is bad is the picture, not the program
    """A picture that cannot be used; ``str()`` is the reason, one short sentence."""


def decode(picture: bytes | os.PathLike[str] | str, channels: int = 3, at_least: int | None = None) -> np.ndarray:
    """Decode a picture as people see it: upright, in sRGB, on white paper.

    The EXIF orientation is applied, an ICC profile is converted to sRGB, transparency is laid on white (kept for
    4 channels), 16-bit and float samples are scaled to 8 bits, and of an animation the first frame is taken.
    Float samples count as 0..1, 0..255 or 0..65535, the smallest range that holds them.

    Args:
        picture: the file's bytes, or its path.
        channels: 1 (grey, ITU-R 601), 3 (RGB) or 4 (RGBA).
        at_least: shortest side in pixels that the caller needs: a larger JPEG may come out at a half, a quarter
            or an eighth of its size, any picture above 16 million pixels at a whole fraction, but with no side
            shorter than twice this. None decodes the full size.

    Returns:
        uint8 (H, W, channels), a fresh array.

    Raises:
        BadImage: whatever is wrong with it.
    """
    data = picture if isinstance(picture, bytes) else read_file(picture)
    if not data:
        raise BadImage("the file is empty")
    try:
        with _pillow_rules():
            return _pixels(_open(data, at_least), channels)
    except BadImage:
        raise
    except MemoryError:
        raise BadImage("it does not fit into memory") from None
    except UnidentifiedImageError:
        raise BadImage(_unknown(data)) from None
    except Exception as error:  # Pillow's plugins raise nearly every kind there is on damaged files
        raise BadImage(_damage(error, data)) from None


def read_file(path: os.PathLike[str] | str) -> bytes:
    """The bytes of a regular file; a pipe or a device would make a run hang.

    Raises:
        BadImage: it cannot be read.
    """
    try:
        found = Path(path).stat()
        if not stat.S_ISREG(found.st_mode):
            raise BadImage("it is a folder that cannot be read" if Path(path).is_dir() else "it is not a regular file")
        if found.st_size > MAX_BYTES:
            raise BadImage(f"its {found.st_size:,} bytes are more than the {MAX_BYTES:,} that are read")
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        raise BadImage(_SYSTEM_REASONS.get(number or 0, f"it cannot be read ({error})")) from None


_rules_lock = threading.RLock()


@contextmanager
def _pillow_rules() -> Iterator[None]:
    """Pillow's process-wide switches as needed here, whatever another library has set them to."""
    with _rules_lock:
        kept = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        # Pillow counts pixels before a JPEG is shrunk; _open counts them after.
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, False
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of damaged metadata; what matters raises
                yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = kept


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)  # a build of Pillow may lack some


def _open(data: bytes, at_least: int | None) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(data), formats=_formats())
    if at_least is not None and image.format in ("JPEG", "MPO"):
        # Twice the size needed leaves the last and finest halving to the Lanczos filter.
        image.draft(None, (2 * at_least, 2 * at_least))
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadImage(f"its {width} x {height} pixels are more than the {MAX_PIXELS:,} that are decoded")
    image.load()
    turn = _turn(image)  # before metadata is lost
    image = _lighter(image, at_least)
    return image if turn is None else image.transpose(turn)


def _lighter(image: Image.Image, at_least: int | None) -> Image.Image:
    """A huge picture averaged down, so that what follows does not need its memory many times over."""
    if at_least is None or image.width * image.height < _HUGE or image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image
    # Four times the size needed: a box filter that far from the last step does not show.
    factor = min(image.size) // (4 * at_least)
    if factor < 2:
        return image
    info, image = image.info, image.reduce(factor)
    image.info = info
    return image


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # damaged metadata beside sound pixels
        return None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def _pixels(image: Image.Image, channels: int) -> np.ndarray:
    if image.mode == "F" or image.mode.startswith("I"):
        image = Image.fromarray(_to_8_bits(np.asarray(image)))
    image = _to_srgb(image)
    if channels == 4:
        return np.array(image.convert("RGBA"))
    if image.has_transparency_data:
        image = _on_white(image)
    # A palette goes through RGB: its entries are colours, not greys.
    if image.mode in ("P", "PA", "HSV", "YCbCr"):
        image = image.convert("RGB")
    pixels = np.array(image.convert(_MODES[channels]))
    return pixels.reshape(*pixels.shape[:2], channels)


def _to_8_bits(samples: np.ndarray) -> np.ndarray:
    """Grey samples of more than 8 bits as uint8, rounded; integers are taken as 0..65535."""
    values = samples.astype(np.float32 if samples.dtype == np.uint16 else np.float64)
    if not np.isfinite(values).all():
        raise BadImage("it holds samples that are not finite numbers")
    top = values.max()
    ranges = (1.0, 255.0, 65535.0) if samples.dtype.kind == "f" else (65535.0,)
    full = next((limit for limit in ranges if top <= limit), None)
    if full is None:
        raise BadImage(f"its samples reach {top:.6g}, more than 16 bits hold")
    return np.rint(np.clip(values, 0, full) * (255.0 / full)).astype(np.uint8)


def _on_white(image: Image.Image) -> Image.Image:
    layers = np.asarray(image.convert("RGBA"))
    alpha = layers[..., 3:].astype(np.uint16)
    # colour * a + white * (1 - a), rounded; at most 255 * 255 + 127, which 16 bits hold.
    mixed = (layers[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return Image.fromarray(mixed.astype(np.uint8))


def _to_srgb(image: Image.Image) -> Image.Image:
    """Colours as on an sRGB screen; greys and pictures without a usable profile stay as they are."""
    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(image, lab, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        target = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=target) or image
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image  # a damaged profile beside sound pixels


def _unknown(data: bytes) -> str:
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return "HEIC pictures are not read; convert it to JPEG or PNG"
    if data[:4] in (b"\x89PNG", b"RIFF", b"II*\x00", b"MM\x00*") or data[:3] in (b"\xff\xd8\xff", b"GIF"):
        return "the file is damaged: its header cannot be read"
    return "it is not a picture in a format that is read"


def _damage(error: Exception, data: bytes) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    cut_riff = data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") + 8 > len(data)  # WebP says so unclearly
    if cut_riff or "truncated" in text.lower() or isinstance(error, (EOFError, struct.error)):
        return "the file is truncated"
    return f"the file is damaged ({text or type(error).__name__})"
