"""Picture formats: which endings are written, and how; imports no torch."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from PIL import Image

from impasto.data.sources.decode import formats as readable_formats
from impasto.data.sources.measured_names import named_measured
from impasto.video.endings import clip_name, is_clip

LONGEST_NAME: Final = 255
"""Most bytes of a file name that file systems take."""


@dataclass(frozen=True)
class Format:
    """How pictures of one ending are written.

    Attributes:
        name: Pillow's.
        options: for Pillow.
        alpha: whether it holds transparency.
        frames: whether it holds several frames or pages.
        deep: whether 16 bits per sample are written.
        lossless: whether every sample is written as it is.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    alpha: bool = True
    frames: bool = False
    deep: bool = False
    lossless: bool = False


_FORMATS: Final = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), Format("JPEG", {"quality": 95, "subsampling": 0}, alpha=False)),
    **dict.fromkeys((".png", ".apng"), Format("PNG", frames=True, deep=True, lossless=True)),
    ".webp": Format("WEBP", {"quality": 95}, frames=True),
    ".avif": Format("AVIF", {"quality": 95, "subsampling": "4:4:4"}, frames=True),
    **dict.fromkeys((".heic", ".heif", ".hif"), Format("HEIF", {"quality": 95, "chroma": 444})),
    ".jxl": Format("JXL", {"quality": 95}),
    ".gif": Format("GIF", frames=True),
    **dict.fromkeys(
        (".tif", ".tiff"), Format("TIFF", {"compression": "tiff_lzw"}, frames=True, deep=True, lossless=True)
    ),
    **dict.fromkeys((".bmp", ".dib"), Format("BMP", alpha=False, lossless=True)),
    **dict.fromkeys((".ppm", ".pnm"), Format("PPM", alpha=False, lossless=True)),
    **dict.fromkeys((".jp2", ".j2k", ".jpx"), Format("JPEG2000")),
    ".tga": Format("TGA", lossless=True),
    ".qoi": Format("QOI", lossless=True),
}
"""By ending; HEIC and JPEG XL are written if their plugins are installed."""
ONLY_READ: Final = (".pgm", ".pbm", ".pfm", ".ico", ".pcx", ".sgi", ".rgb", ".dds", ".psd", ".mpo")
"""Endings of pictures that are never written: they get .png added."""
PICTURE_ENDINGS: Final = (*_FORMATS, *ONLY_READ)


def format_of(path: str | Path) -> Format | None:
    """How a file of that name is written; None if it cannot be."""
    found = _FORMATS.get(Path(path).suffix.lower())
    readable_formats()  # makes Pillow know its plugins
    return found if found is not None and found.name in Image.SAVE else None


def endings_written() -> list[str]:
    """All endings that can be written here."""
    return [ending for ending in _FORMATS if format_of(f"a{ending}")]


def target_name(name: str) -> str:
    """The name of the painting of a picture: the same, with .png added to formats that are only read, .mp4 to clips.

    Files of measured values, such as DICOM, are painted as files of the same kind.

    A name that would be too long with .png is cut, and gets eight digits of its hash.
    """
    if format_of(name) or named_measured(name):
        return name
    if is_clip(name):
        return clip_name(name)
    path = Path(name)
    if len(os.fsencode(f"{path.name}.png")) <= LONGEST_NAME:
        return f"{name}.png"
    whole = os.fsencode(path.name)
    tail = f"-{hashlib.sha256(whole).hexdigest()[:8]}.png"
    return str(path.with_name(whole[: LONGEST_NAME - len(tail)].decode(errors="ignore") + tail))
