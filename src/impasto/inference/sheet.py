"""Photographs beside what became of them, on one sheet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SIDE = 320
"""Pixels of a cell."""
GAP = 6
MARK = ("Description", "impasto: pictures before and after")
"""Written into a sheet, so that it is not taken for one of the paintings beside it."""


def save_pairs(pairs: Sequence[tuple[np.ndarray, np.ndarray]], columns: int, path: Path) -> None:
    """Write pairs of pictures, before and after, ``columns`` pairs in a row, whole and on white.

    Args:
        pairs: as :func:`shrunk` gives them.
        columns: pairs in a row; no more than there are.
        path: of the sheet, a PNG.
    """
    columns = min(columns, len(pairs))
    rows = [pairs[i : i + columns] for i in range(0, len(pairs), columns)]
    strips = []
    for row in rows:
        cells = [Image.fromarray(picture) for pair in row for picture in pair]
        strip = Image.new("RGB", (2 * columns * (SIDE + GAP) - GAP, max(c.height for c in cells)), "white")
        for i, picture in enumerate(cells):
            strip.paste(picture, (i * (SIDE + GAP) + (SIDE - picture.width) // 2, (strip.height - picture.height) // 2))
        strips.append(strip)
    sheet = Image.new("RGB", (strips[0].width, sum(s.height + GAP for s in strips) - GAP), "white")
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height + GAP
    path.parent.mkdir(parents=True, exist_ok=True)
    told = PngInfo()
    told.add_text(*MARK)
    sheet.save(path, "PNG", pnginfo=told)


def is_sheet(path: Path) -> bool:
    """Whether a file was written by :func:`save_pairs`, whatever its name."""
    try:
        with Image.open(path) as picture:
            return picture.info.get(MARK[0]) == MARK[1]
    except (OSError, ValueError, SyntaxError):  # not there, or no picture
        return False


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """The picture, opaque, at most SIDE x SIDE pixels: uint8 (h, w, 3)."""
    image = Image.fromarray(pixels)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(image)
