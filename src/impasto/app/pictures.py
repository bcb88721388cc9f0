"""Pictures that visitors bring: limits that hold before a pixel is decoded, and copies that a browser shows."""

import base64
import io
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from impasto.app.places import NotHere, Shelf, inside
from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.visitors import Limits
from impasto.data.sources.decode import BadImage, checked, decode, formats, read_file
from impasto.data.sources.native_depth import is_beyond_pillow

SHOWN: Final = 1600
"""Pixels of the longer side of what a browser shows."""
THUMBNAIL: Final = 240
LONGEST_NAME: Final = 120
"""Bytes: file systems take 255, and the name of a painting is longer than that of its picture."""


def check_picture(path: Path, name: str, limits: Limits) -> None:
    """Refuse a file by its size, its format and the size that its header tells.

    Raises:
        UserError: it is refused; the sentence names it and the reason.
    """
    if (size := path.stat().st_size) > limits.max_bytes:
        raise UserError(
            f"{name} has {size / 1e6:,.0f} MB, and {limits.max_bytes / 1e6:,.0f} MB are taken at most: make it smaller."
        )
    try:
        data = read_file(path)
        pixels = checked(data, lambda: pixels_in(data))
    except BadImage as problem:
        raise UserError(f"{name} cannot be used: {problem}.") from None
    if pixels > limits.max_pixels:
        raise UserError(
            f"{name} has {pixels / 1e6:,.0f} million pixels, and {limits.max_pixels / 1e6:,.0f} are taken at most: "
            "make it smaller."
        )


def pixels_in(data: bytes) -> int:
    """Pixels of all frames of a picture, as its header tells; none is decoded.

    Raises:
        Exception: of Pillow's or tifffile's many kinds, if the header cannot be read.
    """
    if is_beyond_pillow(data):
        with suppress(ImportError):  # without tifffile, Pillow reads what it can
            from tifffile import TiffFile

            with TiffFile(io.BytesIO(data)) as file:
                return int(np.prod([int(side) for side in file.pages[0].shape], dtype=object))
    with Image.open(io.BytesIO(data), formats=formats()) as image:
        return image.width * image.height * int(getattr(image, "n_frames", 1))


class Album:
    """Pictures that visitors brought, each in a folder of its own with a copy to show.

    Args:
        root: of the folders.
        uploads: folder that files arrive in; nothing outside of it is taken.
        limits: of what is taken.
    """

    def __init__(self, root: Path, uploads: Path, limits: Limits) -> None:
        self.shelf, self.uploads, self.limits = Shelf(root), uploads, limits

    def take(self, path: object, name: object) -> Path:
        """Take a file that has arrived.

        Args:
            path: where it lies, as the visitor says.
            name: of the file on the visitor's machine.

        Returns:
            Its folder; its name is the token by which the visitor knows it.

        Raises:
            UserError: it is refused.
        """
        source = inside(self.uploads, path)
        return self.keep(source, safe_name(name, source))

    def keep(self, source: Path, name: str) -> Path:
        """Take a file of this machine; as :meth:`take`."""
        check_picture(source, name, self.limits)
        folder = self.shelf.new()
        try:
            shutil.copyfile(source, folder / name)
            shown = decode_shown(folder / name)
            write_jpeg(folder / "shown.jpg", shown)
        except BadImage as problem:
            shutil.rmtree(folder, ignore_errors=True)
            raise UserError(f"{name} cannot be used: {problem}.") from None
        return folder

    def original(self, token: object) -> Path:
        """The file as it was brought.

        Raises:
            NotHere: there is none.
        """
        folder = self.shelf.of(token)
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name != "shown.jpg":
                return path
        raise NotHere


def safe_name(name: object, source: Path) -> str:
    """A file's name without anything that a file system or a page could take for more than a name."""
    text = Path(str(name) if name else source.name).name
    stem = re.sub(r"[^\w .()-]+", "_", Path(text).stem).strip(". ")
    stem = os.fsencode(stem)[:LONGEST_NAME].decode(errors="ignore") or "picture"
    ending = re.sub(r"[^\w.]+", "", Path(text).suffix.lower())[:12]
    return f"{'picture' if stem == 'shown' else stem}{ending or source.suffix.lower()}"


def decode_shown(path: Path, side: int = SHOWN) -> np.ndarray:
    """A picture upright and on white, with no side longer than ``side``: uint8 (h, w, 3).

    Raises:
        BadImage: it cannot be read.
    """
    return shrink(decode(path, at_least=side), side)


def shrink(pixels: np.ndarray, side: int, shorter: bool = False) -> np.ndarray:
    """A picture, uint8 (H, W, 3), whose longer side, or shorter, is no more than ``side``."""
    height, width = pixels.shape[:2]
    factor = side / (min if shorter else max)(height, width)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def jpeg(pixels: np.ndarray, quality: int = 88) -> bytes:
    """A picture, uint8 (H, W, 3), as a browser loads it."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write_jpeg(path: Path, pixels: np.ndarray, quality: int = 88) -> None:
    """Write a picture, whole or not at all."""
    with whole_or_not(path) as temporary:
        temporary.write_bytes(jpeg(pixels, quality))


def as_link(pixels: np.ndarray) -> str:
    """A small picture as an address that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(pixels)).decode()}"


def thumbnail(paths: Sequence[Path], side: int = THUMBNAIL) -> bytes | None:
    """Pictures as a square, JPEG: the first that can be read, or the first four; None if none can."""
    found: list[np.ndarray] = []
    for path in paths:
        with suppress(BadImage):
            found.append(square(decode(path, at_least=side), side if len(paths) < 4 else side // 2))
        if len(found) == (1 if len(paths) < 4 else 4):
            break
    if len(found) == 4:
        return jpeg(np.concatenate([np.concatenate(found[i : i + 2], 1) for i in (0, 2)]), 85)
    return jpeg(found[0], 85) if found else None


def square(pixels: np.ndarray, side: int) -> np.ndarray:
    """The middle of a picture, uint8 (H, W, 3), as a square of ``side`` pixels."""
    image = Image.fromarray(pixels)
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    return np.array(image.resize((side, side), Image.Resampling.LANCZOS, (left, top, left + edge, top + edge)))
