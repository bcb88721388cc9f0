"""Picture formats: which endings are written, and how; imports no torch."""

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not

LONGEST_NAME: Final = 255
"""Bytes of a file name that file systems take."""


@dataclass(frozen=True)
class Format:
    """How pictures of one ending are written.

    Attributes:
        name: Pillow's.
        options: for Pillow.
        alpha: whether it holds transparency.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    alpha: bool = True


_JPEG: Final = Format("JPEG", {"quality": 95, "subsampling": 0}, alpha=False)
_TIFF: Final = Format("TIFF", {"compression": "tiff_lzw"})
_FORMATS: Final = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), _JPEG),
    **dict.fromkeys((".png", ".apng"), Format("PNG")),
    ".webp": Format("WEBP", {"quality": 95}),
    ".avif": Format("AVIF", {"quality": 95, "subsampling": "4:4:4"}),
    **dict.fromkeys((".heic", ".heif"), Format("HEIF", {"quality": 95, "chroma": 444})),
    ".jxl": Format("JXL", {"quality": 95}),
    ".gif": Format("GIF"),
    **dict.fromkeys((".tif", ".tiff"), _TIFF),
    **dict.fromkeys((".bmp", ".dib"), Format("BMP", alpha=False)),
    **dict.fromkeys((".ppm", ".pnm"), Format("PPM", alpha=False)),
    **dict.fromkeys((".jp2", ".j2k", ".jpx"), Format("JPEG2000")),
    ".tga": Format("TGA"),
    ".qoi": Format("QOI"),
}
"""By ending; HEIC and JPEG XL are written where their plugins are installed."""
ONLY_READ: Final = (".pgm", ".pbm", ".pfm", ".ico", ".pcx", ".sgi", ".rgb", ".dds", ".psd", ".mpo")
"""Endings of pictures that are never written: they get .png added."""
PICTURE_ENDINGS: Final = (*_FORMATS, *ONLY_READ)


def format_of(path: str | Path) -> Format | None:
    """How a file of that name is written; None where it cannot be."""
    found = _FORMATS.get(Path(path).suffix.lower())
    Image.init()
    return found if found is not None and found.name in Image.SAVE else None


def endings_written() -> list[str]:
    """All endings that can be written here."""
    return [ending for ending in _FORMATS if format_of(f"a{ending}")]


def target_name(name: str) -> str:
    """The name of the painting of a picture: the same, with .png added to formats that are only read.

    A name that would be too long with .png is cut, and gets eight digits of its hash.
    """
    if format_of(name):
        return name
    path = Path(name)
    if len(os.fsencode(f"{path.name}.png")) <= LONGEST_NAME:
        return f"{name}.png"
    whole = os.fsencode(path.name)
    tail = f"-{hashlib.sha256(whole).hexdigest()[:8]}.png"
    return str(path.with_name(whole[: LONGEST_NAME - len(tail)].decode(errors="ignore") + tail))


def save(pixels: np.ndarray, path: Path) -> None:
    """Write a picture; the file is there whole or not at all.

    Args:
        pixels: uint8 (H, W, 1 to 4): grey or colour, each without or with opacity, which a format without it drops.
        path: of the file; its ending says the format.

    Raises:
        UserError: an ending that cannot be written.
    """
    kind = format_of(path)
    if kind is None:
        raise UserError(f"{path.suffix} cannot be written; give one of {', '.join(endings_written())}")
    if pixels.shape[2] in (2, 4) and not kind.alpha:
        pixels = pixels[..., :-1]
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[2] == 1 else pixels)
    # Encoded first, so that a disk that takes no more is told from a picture that cannot be encoded.
    buffer = io.BytesIO()
    image.save(buffer, kind.name, **kind.options)
    with whole_or_not(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())
