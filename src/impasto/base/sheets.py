"""Sheets: places of the classes, and pictures written side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from impasto.base.files import whole_or_not
from impasto.base.label_maps import as_picture
from impasto.base.opacity import on_checks
from impasto.base.pixels import to_uint8
from impasto.base.spec import ImageSpec

AS_COLUMNS: Final = 16
"""With this many classes or fewer, each has a column."""
AS_ROWS: Final = 32
"""With this many classes or fewer, each has a row; with more, a single picture."""
AT_MOST: Final = 256
"""Classes shown by a single picture."""


@dataclass(frozen=True)
class Sheet:
    """Places of classes.

    Attributes:
        columns: pictures in a row.
        labels: the class of each picture, row by row.
        reading: how the classes' names are to be read.
    """

    columns: int
    labels: list[int]
    reading: str


def sheet_of(classes: int, count: int | None = None, columns: int | None = None) -> Sheet:
    """The sheet for a number of classes, 0 for an unconditional generator.

    Args:
        classes: how many there are.
        count: pictures; None takes as many as show each class.
        columns: pictures in a row; None likewise. With either of the two, the classes come in turn, picture by picture.
    """
    if count or columns or classes <= AS_COLUMNS:
        columns = columns or (classes if 0 < classes <= AS_COLUMNS else 8)
        reading = "Columns" if columns == classes else "Row by row, and from the first again"
        return Sheet(columns, [i % max(classes, 1) for i in range(count or columns * 8)], reading)
    if classes <= AS_ROWS:
        return Sheet(8, [label for label in range(classes) for _ in range(8)], "Rows, from the top")
    return Sheet(16, list(range(min(classes, AT_MOST))), "One picture of each, row by row")


def legend(names: Sequence[str], count: int | None = None, columns: int | None = None) -> str:
    """A line that says which class is where; empty without classes."""
    if not names:
        return ""
    sheet = sheet_of(len(names), count, columns)
    shown = names[: max(sheet.labels) + 1]
    rest = f" ({len(names) - len(shown):,} more are not shown)" if len(shown) < len(names) else ""
    return f"{sheet.reading}: {', '.join(shown)}{rest}"


def shown(images: Tensor, columns: int, spec: ImageSpec) -> tuple[Tensor, int]:
    """Pictures as sheets can show them, and how many are in a row.

    What is clear shows checks; the frames of a clip lie side by side, one clip in a row.

    Args:
        images: (N, C, H, W) in [-1, 1], as networks paint them.
        columns: pictures in a row.
        spec: what they are.
    """
    if spec.frames > 1:
        images, columns = images.unflatten(1, (spec.frames, -1)).flatten(0, 1), spec.frames
    return on_checks(images) if spec.opacity else as_picture(images, spec), columns


def save_sheet(images: Tensor, columns: int, path: Path, gap: int = 2) -> None:
    """Write pictures side by side as one PNG.

    Args:
        images: (N, C, H, W) in [-1, 1]; grey or colour, else the first channel is shown.
        columns: pictures in a row.
        path: of the file; its folder is made, and the file is there whole or not at all.
        gap: white pixels between pictures, 1 or more.
    """
    from torchvision.utils import make_grid  # here, since it takes long to import

    pixels = to_uint8(images if images.shape[1] in (1, 3) else images[:, :1]).cpu()
    grid = make_grid(pixels, columns, gap, pad_value=255)
    if len(pixels) > 1:
        grid = grid[:, gap:-gap, gap:-gap]
    picture = Image.fromarray(grid[0].numpy() if pixels.shape[1] == 1 else grid.permute(1, 2, 0).numpy())
    with whole_or_not(path) as temporary:
        picture.save(temporary, "PNG")


SIDE: Final = 320
"""Pixels of a cell of :func:`save_pairs`."""
GAP: Final = 6
MARK: Final = ("Description", "impasto: pictures before and after")
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
    save_cells([[picture for pair in row for picture in pair] for row in rows], path)


def save_cells(rows: Sequence[Sequence[np.ndarray]], path: Path) -> None:
    """Write rows of small pictures, whole and on white.

    Args:
        rows: of pictures as :func:`shrunk` and :func:`caption` give them; the first row is the longest.
        path: of the sheet, a PNG.
    """
    strips = []
    for row in rows:
        cells = [Image.fromarray(picture) for picture in row]
        strip = Image.new("RGB", (len(rows[0]) * (SIDE + GAP) - GAP, max(c.height for c in cells)), "white")
        for i, picture in enumerate(cells):
            strip.paste(picture, (i * (SIDE + GAP) + (SIDE - picture.width) // 2, (strip.height - picture.height) // 2))
        strips.append(strip)
    sheet = Image.new("RGB", (strips[0].width, sum(s.height + GAP for s in strips) - GAP), "white")
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height + GAP
    told = PngInfo()
    told.add_text(*MARK)
    with whole_or_not(path) as temporary:
        sheet.save(temporary, "PNG", pnginfo=told)


def caption(text: str, height: int = 48) -> np.ndarray:
    """A line of text as a cell of a sheet: uint8 (height, SIDE, 3), cut where it does not fit."""
    cell = Image.new("RGB", (SIDE, height), "white")
    pen, font = ImageDraw.Draw(cell), ImageFont.load_default(20)
    while len(text) > 1 and pen.textlength(text, font) > SIDE - 2 * GAP:
        text = f"{text[:-2]}\N{HORIZONTAL ELLIPSIS}"
    pen.text((SIDE / 2, height / 2), text, "black", font, anchor="mm")
    return np.asarray(cell)


def is_sheet(path: Path) -> bool:
    """Whether a file was written by :func:`save_cells`, under any name."""
    try:
        with Image.open(path) as picture:
            return picture.info.get(MARK[0]) == MARK[1]
    except (OSError, ValueError, SyntaxError):  # not there, or no picture
        return False


def shrunk(pixels: np.ndarray, alpha: np.ndarray | None = None, side: int = SIDE) -> np.ndarray:
    """The picture, on white, no side longer than ``side``.

    Args:
        pixels: uint8 or uint16 (H, W, C); of other than one or three channels the first is shown.
        alpha: opacity (H, W, 1) of the same type; None for an opaque picture.
        side: in pixels.

    Returns:
        uint8 (h, w, 3).
    """
    layers = [pixels if pixels.shape[2] in (1, 3) else pixels[..., :1], *([] if alpha is None else [alpha])]
    small = []
    for layer in layers:
        values = layer if layer.dtype == np.uint8 else (layer >> 8).astype(np.uint8)
        image = Image.fromarray(values.squeeze(2) if values.shape[2] == 1 else values)
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        small.append(image)
    colours = small[0].convert("RGB")
    if alpha is None:
        return np.asarray(colours)
    return np.asarray(Image.composite(colours, Image.new("RGB", colours.size, "white"), small[1]))
