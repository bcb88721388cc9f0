"""Folders of pictures as something to measure."""

import csv
import logging
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.base.cache import cache_dir
from impasto.base.errors import UserError
from impasto.base.sheets import is_sheet
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.decode import BadImage, decode
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.source import shown

log = logging.getLogger("impasto")

SHEET = "grid.png"
"""Sheet that generate.py writes beside its pictures."""
PAIRS = "sheet.png"
"""Sheet that stylize.py writes beside its paintings; it is marked, since a painting may have this name too."""
FIRST = "000000.png"
"""The first picture of generate.py, by which its folders are recognised."""
NAMED = 20
"""Bad pictures that are named on the console; ``bad_images.csv`` has all."""


def size_of_first(folder: Path) -> tuple[int, int]:
    """(H, W) of the first picture of a folder that can be read.

    Raises:
        UserError: there is none.
    """
    sheets = sheets_in(folder, "generated")
    items = FolderSource(folder, option="generated").items()
    for item in islice((item for item in items if item.name not in sheets), 16):
        assert isinstance(item.load, Path)
        try:
            height, width, _ = decode(item.load).shape
        except BadImage:
            continue
        return height, width
    raise UserError(f"generated={folder}: its first pictures cannot be read; give image_size= to go on without them.")


def sheets_in(folder: Path, option: str) -> set[str]:
    """Names of the files in a folder that are sheets of its pictures.

    Args:
        folder: of pictures.
        option: the setting that names the folder.
    """
    found = {PAIRS} if is_sheet(folder / PAIRS) else set()
    if (folder / SHEET).is_file() and (option == "generated" or (folder / FIRST).is_file()):
        found.add(SHEET)
    return found


def pack_folder(
    folder: Path,
    size: tuple[int, int],
    option: str,
    class_of: Callable[[str], str] | None = None,
    keep_in: Path | None = None,
) -> PackedImages:
    """All good pictures of a folder at one size, repeated ones too; bad ones are named, and sheets are left out.

    Args:
        folder: may hold a folder for each class.
        size: (H, W); pictures of another aspect are cropped to the middle.
        option: the setting that names the folder, for messages.
        class_of: class of a picture by its path below the folder.
        keep_in: folder for the packed pictures; None is the cache.
    """
    source = FolderSource(folder, class_of=class_of, option=option)
    packed = pack(source, SizePolicy(*size), keep_in or cache_dir(), duplicates="keep", max_bad_share=1.0)
    bad = bad_in(packed)
    if sheets := sheets_in(folder, option):
        packed = packed.subset([i for i, name in enumerate(packed.every_name()) if name not in sheets])
    for name, reason in bad[:NAMED]:
        log.warning("Skipped %s: %s.", shown(str(folder / name)), reason)
    if len(bad) > NAMED:
        log.warning("Skipped %d more.", len(bad) - NAMED)
    log.info("%s: %d pictures at %d x %d", folder, len(packed), *size)
    return packed


def bad_in(packed: PackedImages) -> list[tuple[str, str]]:
    """Name and reason of every picture that could not be used."""
    if not packed.num_bad:
        return []
    used = {*packed.every_name(), SHEET}  # the list has repeated ones too, which are used
    return [(name, reason) for name, reason in packed.bad() if name not in used]


def open_generated(folder: Path, size: tuple[int, int], keep_in: Path) -> PackedImages:
    """Generated pictures, with the classes of ``labels.csv`` if there is one.

    Raises:
        UserError: it is not such a table.
    """
    table = folder / "labels.csv"
    class_of = None
    if table.is_file():
        with table.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = csv.DictReader(file)
            try:
                if not {"file", "label"} <= set(rows.fieldnames or ()):
                    raise UserError(f"{table} has no columns file and label, as generate.py writes; mend or remove it.")
                labels = {row["file"]: row["label"] or "" for row in rows}
            except csv.Error as problem:
                raise UserError(f"{table} is no CSV ({problem}), as generate.py writes; mend or remove it.") from None
        class_of = lambda name: labels.get(name, "")  # noqa: E731 - as short as it can be said
    return pack_folder(folder, size, "generated", class_of, keep_in)


def labels_of(generated: PackedImages, real: PackedImages, count: int) -> Tensor | None:
    """Classes of the first generated pictures in the numbers of the real ones; None if their names differ."""
    if generated.labels is None or not set(generated.class_names) - {""} <= set(real.class_names):
        return None
    numbers = np.array([real.class_names.index(name) if name else -1 for name in generated.class_names])
    labels = numbers[np.asarray(generated.labels)[:count]]
    return torch.from_numpy(labels) if (labels >= 0).all() else None
