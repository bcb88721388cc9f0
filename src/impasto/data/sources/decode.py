"""Turns any picture file into plain uint8 pixels, or says in one sentence why it cannot."""

import errno
import io
import os
import stat
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

MAX_PIXELS: Final = 2**27
"""Most pixels that are decoded, 134 million; a JPEG may be larger, since it is shrunk while it is decoded."""

_HUGE: Final = 2**24

MAX_BYTES: Final = 2**30
"""Most bytes of a file that are read, 1 GiB."""

# EPS, WMF and PDF are left out: Pillow hands them to other programs or executes what they say.
FORMATS: Final = (
    *("JPEG", "JPEG2000", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "DIB", "PPM", "TGA"),
    *("ICO", "PCX", "SGI", "DDS", "PSD", "QOI", "HEIF", "JXL"),
)

_ORIENTATION_TAG: Final = 0x0112
_UPRIGHT: Final[dict[int, Callable[[np.ndarray], np.ndarray]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}
"""How an array (H, W, C) is turned upright, by EXIF orientation. Pillow's exif_transpose has no 16-bit colours."""

_MODES: Final = {1: "L", 3: "RGB", 4: "RGBA"}

_SYSTEM_REASONS: Final = {
    errno.ENOENT: "the file is gone, or the link leads nowhere",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "the link leads back to itself",
    errno.EISDIR: "it is a folder",
    errno.EIO: "the disk cannot read it",
}


Decoded = TypeVar("Decoded")


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
        BadImage: it cannot be read or decoded.
    """
    data = picture if isinstance(picture, bytes) else read_file(picture)
    return checked(data, lambda: _pixels(data, channels, at_least))


def checked(data: bytes, decoder: Callable[[], Decoded]) -> Decoded:
    """The result of a decoder; any error it raises becomes one sentence.

    Args:
        data: the file's bytes.
        decoder: decodes them.

    Raises:
        BadImage: it cannot be decoded.
    """
    if not data:
        raise BadImage("the file is empty")
    try:
        with _pillow_rules():
            return decoder()
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
    """Pillow's process-wide switches as needed here, regardless of other libraries."""
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
def formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read here.

    HEIC and JPEG XL are read and written if the optional packages pillow-heif and pillow-jxl-plugin are installed.
    """
    Image.init()
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    with suppress(ImportError):
        import pillow_jxl  # noqa: F401 - registers itself
    return tuple(name for name in FORMATS if name in Image.OPEN)  # a build of Pillow may lack some


def open_image(data: bytes, at_least: int | None = None) -> tuple[Image.Image, int]:
    """A loaded picture, which may have been shrunk as :func:`decode` says, and its EXIF orientation."""
    image: Image.Image = Image.open(io.BytesIO(data), formats=formats())
    if at_least is not None and image.format in ("JPEG", "MPO"):
        # Twice the size needed leaves the last and finest halving to the Lanczos filter.
        image.draft(None, (2 * at_least, 2 * at_least))
    check_pixels(*image.size)
    image.load()
    orientation = orientation_of(image)  # before metadata is lost
    return _lighter(image, at_least), orientation


def check_pixels(width: int, height: int) -> None:
    """Refuse a picture that is too large for memory.

    Raises:
        BadImage: it has more than ``MAX_PIXELS``.
    """
    if width * height > MAX_PIXELS:
        raise BadImage(f"its {width} x {height} pixels are more than the {MAX_PIXELS:,} that are decoded")


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


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1, which is upright, if there is none."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # the metadata are damaged, not the pixels
        return 1
    return orientation if isinstance(orientation, int) else 1


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """An array (H, W, C) turned upright by its EXIF orientation, contiguous."""
    turn = _UPRIGHT.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


def _pixels(data: bytes, channels: int, at_least: int | None) -> np.ndarray:
    image, orientation = open_image(data, at_least)
    if has_deep_samples(image):
        image = Image.fromarray(in_range(np.asarray(image), 255).astype(np.uint8))
    image = _to_srgb(image)
    if channels == 4:
        return upright(np.array(image.convert("RGBA")), orientation)
    if image.has_transparency_data:
        layers = np.asarray(image.convert("RGBA"))
        image = Image.fromarray(on_white(layers[..., :3], layers[..., 3:]))
    # A palette goes through RGB: its entries are colours, not greys.
    if image.mode in ("P", "PA", "HSV", "YCbCr"):
        image = image.convert("RGB")
    pixels = np.array(image.convert(_MODES[channels]))
    return upright(pixels.reshape(*pixels.shape[:2], channels), orientation)


def eight_bit_layers(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    """The pixels of an 8-bit picture in sRGB, uint8 (H, W, 1 or 3), and its opacity (H, W, 1); None if opaque."""
    image = _to_srgb(image)
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        layers = np.array(image.convert("LA" if grey else "RGBA"))
        return np.ascontiguousarray(layers[..., :-1]), np.ascontiguousarray(layers[..., -1:])
    pixels = np.array(image.convert("L" if grey else "RGB"))
    return pixels.reshape(*pixels.shape[:2], -1), None


def has_deep_samples(image: Image.Image) -> bool:
    """Whether Pillow holds grey samples of more than 8 bits."""
    return image.mode == "F" or image.mode.startswith("I")


def in_range(samples: np.ndarray, top: int) -> np.ndarray:
    """Samples of more than 8 bits as whole numbers of 0..``top``, in their floating-point type.

    Integers are taken as 0..65535; floats as 0..1, 0..255 or 0..65535, the smallest range that holds them.
    """
    values = samples.astype(np.float32 if samples.dtype == np.uint16 else np.float64)
    if not np.isfinite(values).all():
        raise BadImage("it holds samples that are not finite numbers")
    highest = values.max()
    ranges = (1.0, 255.0, 65535.0) if samples.dtype.kind == "f" else (65535.0,)
    full = next((limit for limit in ranges if highest <= limit), None)
    if full is None:
        raise BadImage(f"its samples reach {highest:.6g}, more than 16 bits hold")
    return np.rint(np.clip(values, 0, full) * (top / full))


def on_white(pixels: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Lay a transparent picture on white paper, so that colours under clear pixels do not count.

    Args:
        pixels: uint8 or uint16 (H, W, C).
        opacity: of the same type, (H, W, 1); the type's largest value is opaque.

    Returns:
        As ``pixels``: pixels * a + white * (1 - a), rounded.
    """
    white = int(np.iinfo(pixels.dtype).max)
    wide = np.uint16 if pixels.dtype == np.uint8 else np.uint32  # hold white * white + white // 2
    alpha = opacity.astype(wide)
    return ((pixels * alpha + white * (white - alpha) + white // 2) // white).astype(pixels.dtype)


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
        return image  # the profile is damaged, not the pixels


def _unknown(data: bytes) -> str:
    heic = data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
    if heic and "HEIF" not in formats():
        return "HEIC is read by the optional package pillow-heif: pip install pillow-heif"
    if "JXL" not in formats() and data.startswith((b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")):
        return "JPEG XL is read by the optional package pillow-jxl-plugin: pip install pillow-jxl-plugin"
    if heic:
        return "the HEIC file is damaged: its header cannot be read"
    if data[:4] in (b"\x89PNG", b"RIFF", b"II*\x00", b"MM\x00*") or data[:3] in (b"\xff\xd8\xff", b"GIF"):
        return "the file is damaged: its header cannot be read"
    return "it is not a picture in a format that is read"


def _damage(error: Exception, data: bytes) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    cut_riff = data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") + 8 > len(data)  # WebP says so unclearly
    if cut_riff or "truncated" in text.lower() or isinstance(error, (EOFError, struct.error)):
        return "the file is truncated"
    return f"the file is damaged ({text or type(error).__name__})"
