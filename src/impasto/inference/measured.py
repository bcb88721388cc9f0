"""Painting files of measured values: what comes out has their format, spacing and place, and names no person."""

import gzip
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

import numpy as np

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.sheets import shrunk
from impasto.data.sources.measured.measured import Measured, Window
from impasto.data.sources.measured.reading import kind_of, read_measured
from impasto.data.sources.measured_names import named_measured
from impasto.inference.events import Painted, Progress
from impasto.inference.label_maps import Labelling
from impasto.inference.repaint import Look, Repainting
from impasto.inference.restore import MaskOf, repainting_of
from impasto.painters.painter import Painter

WARNING: Final = "not a medical device"

Keep = Callable[[tuple[np.ndarray, np.ndarray]], None]
"""Gets a picture before and after, small, for a sheet."""


def is_measured(picture: Path, target: Path) -> bool:
    """Whether a file is one of measured values.

    Raises:
        UserError: it is, and its painting would be another kind of file.
    """
    kind = kind_of(picture)
    if kind is None:
        return False
    if named_measured(target.name) != kind and picture.suffix.lower() != target.suffix.lower():
        raise UserError(f"{picture.name} is painted as a file of its own kind; give output= the same ending")
    return True


def repaint_measured(
    painter: Painter,
    source: Path,
    target: Path,
    look: Look,
    mask_of: MaskOf | None = None,
    keep: Keep | None = None,
    made: str = "",
) -> Generator[Progress, None, Painted]:
    """Repaint, restore or label one file of measured values, slice by slice.

    Args:
        painter: takes content.
        source: the file.
        target: where the painting goes: a file of the same format.
        look: how it should look.
        mask_of: gives where it is painted; None for everywhere.
        keep: gets the first slice before and after, small, for a sheet.
        made: with what, in a sentence that the file says of itself.

    Yields:
        Progress by tiles of all slices.

    Raises:
        UserError: the painter does not take the file's channels, or paints another size.
    """
    scan = read_measured(source)
    if painter.scale != 1:
        raise UserError("it is a file of measured values, and this model paints another size, which has no place")
    pictures = scan.pictures(window_of(painter, scan))
    painted = []
    for number, pixels in enumerate(pictures):
        repainting: Repainting
        if painter.gives.label_map is not None:
            repainting = Labelling(painter, pixels, None, look)
        else:
            repainting = repainting_of(painter, pixels, None, look, deep=True, mask_of=mask_of)
        for done, total in repainting:
            yield Progress(source, number * total + done, len(pictures) * total)
        painted.append(repainting.result)
        if number == 0 and keep is not None and pixels.shape[2] in (1, 3) and painted[0].shape[2] in (1, 3):
            keep((shrunk(pixels), shrunk(painted[0])))
    encoded = scan.encode(written(painter, scan, np.stack(painted)), f"{made}, {WARNING}" if made else WARNING)
    if target.suffix.lower() == ".gz":
        encoded = gzip.compress(encoded, mtime=0)
    with whole_or_not(target) as temporary:
        temporary.write_bytes(encoded)
    return Painted(source, target, scan.notes)


def window_of(painter: Painter, scan: Measured) -> Window | None:
    """The window that a painter sees a file through; None for the file's own.

    One that was trained on usual pictures sees the whole range of those formats that usual pictures are kept in.
    """
    window = (painter.content or painter.gives).window
    if isinstance(window, tuple):
        return window
    return scan.whole if window is None else None


def written(painter: Painter, scan: Measured, painted: np.ndarray) -> np.ndarray:
    """What is painted as it is written: values in the file's unit, colours in 8 bits, or numbers of classes.

    Args:
        painter: that painted it.
        scan: the file.
        painted: uint16 pictures or uint8 positions of classes, (slices, H, W, C).
    """
    label_map = painter.gives.label_map
    if label_map is not None:
        numbers = np.array(label_map.numbers or range(len(label_map.class_names)), np.uint8)
        return numbers[painted]
    if painted.shape == scan.values.shape:
        return scan.measured_again(painted, window_of(painter, scan))
    return np.rint(painted / 257).astype(np.uint8)
