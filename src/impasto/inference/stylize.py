"""Repainting pictures and folders of pictures."""

from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from impasto.base.checks import check_number, check_share, check_switch
from impasto.base.errors import UserError
from impasto.base.sheets import save_pairs, shrunk
from impasto.data.sources.frames import Frames, Layers
from impasto.inference.events import Done, Event, Painted, Progress, Skipped, Started, reason_to_skip
from impasto.inference.formats import format_of, target_name
from impasto.inference.repaint import Look, Repainting
from impasto.inference.saving import save
from impasto.inference.targets import choose_targets
from impasto.painters.painter import Painter

Pair = tuple[np.ndarray, np.ndarray]
"""A picture before and after, small, for the sheet."""


def stylize(
    painter: Painter,
    source: str | Path,
    output: str | Path,
    *,
    strength: float = 1.0,
    preserve_color: bool = False,
    tile: int | None = None,
    overwrite: bool = False,
    sheet: int | None = None,
) -> Iterator[Event]:
    """Repaint a picture, or all pictures below a folder, under their own names and sub-folders.

    Pictures come out upright (the EXIF orientation is applied), with their transparency. Existing paintings are
    kept. One that cannot be read, painted or written is skipped with a reason, and the next one follows.

    Args:
        painter: takes content.
        source: file or folder.
        output: folder, made if it is missing; for a single picture also a file.
        strength: see :class:`~impasto.inference.repaint.Look`.
        preserve_color: likewise.
        tile: likewise.
        overwrite: also replace existing paintings.
        sheet: write also ``sheet.png`` with those painted now, before and after, with this many pairs in a row.

    Yields:
        ``Started``, then for each picture ``Progress`` by tiles and ``Painted`` or ``Skipped``, and ``Done``.

    Raises:
        UserError: there is nothing to paint, a setting is out of range, or the disk is full.
    """
    if "content" not in painter.takes:
        raise UserError(
            f"{painter.origin.path} paints from noise; use src/generate.py, or give a model such as model=cut."
        )
    check_share("strength", strength)
    for name, switch in (("preserve_color", preserve_color), ("overwrite", overwrite)):
        check_switch(name, switch)
    for name, number, least in (("tile", tile, 0), ("sheet", sheet, 1)):
        if number is not None:
            check_number(name, number, least)
    targets = choose_targets(source, output, with_sheet=sheet is not None)
    paintings = targets.paintings
    left = [picture for picture in paintings if overwrite or not is_there(paintings[picture])]
    remarks = targets.remarks
    if there := len(paintings) - len(left):
        remarks += (f"{there} of {len(paintings)} are there already; overwrite=true paints them again.",)
    yield Started(len(left), remarks)
    pairs: list[Pair] = []
    look, painted, skipped = Look(strength, preserve_color, tile), 0, 0
    for picture in left:
        target = paintings[picture]
        try:
            event, pair = yield from repaint_file(painter, picture, target, look, with_pair=sheet is not None)
        except Exception as problem:
            skipped += 1
            yield Skipped(picture, reason_to_skip(problem))
            continue
        painted += 1
        if pair is not None:
            pairs.append(pair)
        yield event
    if pairs and sheet is not None:
        save_pairs(pairs, sheet, targets.sheet)
    yield Done(painted, skipped, Path(output))


def is_there(target: Path) -> bool:
    """Whether a painting exists; a name that the file system refuses does not."""
    try:
        return target.is_file()
    except OSError:
        return False


def name_notes(source: Path, target: Path) -> tuple[str, ...]:
    """A note on the name of a painting that had to be cut."""
    cut = target.name == target_name(source.name) and target.name not in (source.name, f"{source.name}.png")
    return (f"its name is too long with .png, so it is painted as {target.name}",) if cut else ()


def repaint_file(
    painter: Painter, source: Path, target: Path, look: Look, with_pair: bool = False
) -> Generator[Progress, None, tuple[Painted, Pair | None]]:
    """Repaint one file.

    Args:
        painter: takes content.
        source: the picture.
        target: where the painting goes.
        look: how it should look.
        with_pair: also return the picture before and after.

    Yields:
        Progress by tiles of all frames.

    Returns:
        The event; and the picture before and after, small, for the sheet, or None without ``with_pair``.
    """
    frames, kind = Frames(source), format_of(target)
    count = frames.count if kind is not None and kind.frames else 1
    painted: list[Layers] = []
    pair = None
    notes = name_notes(source, target)
    for number, (pixels, alpha) in enumerate(islice(frames, count)):
        deep = pixels.dtype == np.uint16 and kind is not None and kind.deep and (count == 1 or kind.name == "TIFF")
        repainting = Repainting(painter, pixels, alpha, look, deep)
        for done, total in repainting:
            yield Progress(source, number * total + done, count * total)
        painted.append((repainting.result, repainting.opacity))
        if number == 0 and with_pair:
            pair = shrunk(pixels, alpha), shrunk(*painted[0])
        if number == 0 and pixels.dtype == np.uint16 and not deep:
            notes += (f"{target.suffix} holds 8 of its 16 bits",)
    if count < frames.count:
        notes += (f"{target.suffix} holds one of its {frames.count} frames, and the first is painted",)
    save(painted, target, frames.durations, frames.animation)
    return Painted(source, target, notes), pair
