"""Paintings in several styles beside each other: sheets of pictures and styles, and strips from style to style."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from impasto.base.checks import check_switch
from impasto.base.sheets import caption, save_cells, shrunk
from impasto.data.sources.frames import Frames
from impasto.inference.batches import over_pictures
from impasto.inference.events import Done, Event, Painted, Progress
from impasto.inference.masks import Masks
from impasto.inference.places import output_folder
from impasto.inference.repaint import Look, Repainting
from impasto.inference.restore import MaskOf
from impasto.inference.saving import save
from impasto.inference.stylize import check_look, left_to_paint, masks_of
from impasto.inference.targets import choose_targets
from impasto.painters.painter import Painter

COLUMN: Final = 512
"""Pixels of the longer side of a painting in a strip, at most."""


@dataclass(frozen=True)
class Column:
    """A style on a sheet.

    Attributes:
        name: its caption.
        shown: a picture in it, as :func:`~impasto.base.sheets.shrunk` gives it; None if there is none.
        painter: paints in it; takes content.
    """

    name: str
    shown: np.ndarray | None
    painter: Painter


def style_sheet(
    columns: Sequence[Column], source: str | Path, output: str | Path, *, look: Look, masks: Masks | None = None
) -> Iterator[Event]:
    """Write ``sheet.png`` alone: a row for each picture, a column for each style, on top a picture in that style.

    Args:
        columns: the styles.
        source: the pictures: file or folder.
        output: folder.
        look: how paintings should look.
        masks: where they are painted; None for everywhere.

    Yields:
        As :func:`~impasto.inference.stylize.stylize`; the target of each picture is the sheet.

    Raises:
        UserError: there is nothing to paint, a setting is out of range, or the disk is full.
    """
    check_look(look)
    folder = output_folder(output)
    targets = choose_targets(source, folder, clips="sheet=true is")
    captions, shown = [caption("")], [caption("")]
    for column in columns:
        captions.append(caption(column.name))
        shown.append(caption("") if column.shown is None else column.shown)
    rows: list[list[np.ndarray]] = (
        [captions, shown] if any(column.shown is not None for column in columns) else [captions]
    )

    def paint(picture: Path, target: Path) -> Generator[Progress, None, Painted]:
        painters = [column.painter for column in columns]
        pixels, alpha, painted = yield from in_all(painters, picture, look, masks_of(masks, targets, picture))
        rows.append([shrunk(pixels, alpha), *(shrunk(*layers) for layers in painted)])
        return Painted(picture, target)

    pictures = dict.fromkeys(targets.paintings, folder / "sheet.png")
    for event in over_pictures(pictures, targets.remarks, output, paint):
        if isinstance(event, Done) and event.painted:
            save_cells(rows, folder / "sheet.png")
        yield event


def strips(
    painters: Sequence[Painter],
    source: str | Path,
    output: str | Path,
    *,
    look: Look,
    masks: Masks | None = None,
    overwrite: bool = False,
) -> Iterator[Event]:
    """Paint each picture with each painter, and write the paintings beside each other under the picture's name.

    Args:
        painters: from left to right; take content.
        source: see :func:`~impasto.inference.stylize.stylize`.
        output: likewise.
        look: likewise.
        masks: likewise.
        overwrite: likewise.

    Yields:
        As :func:`~impasto.inference.stylize.stylize`.

    Raises:
        UserError: there is nothing to paint, a setting is out of range, or the disk is full.
    """
    check_look(look)
    check_switch("overwrite", overwrite)
    targets = choose_targets(source, output, clips="steps= is")

    def paint(picture: Path, target: Path) -> Generator[Progress, None, Painted]:
        *_, painted = yield from in_all(painters, picture, look, masks_of(masks, targets, picture))
        save([(np.concatenate([shrunk(*layers, side=COLUMN) for layers in painted], 1), None)], target)
        return Painted(picture, target)

    yield from over_pictures(*left_to_paint(targets, overwrite), output, paint)


Layers8 = tuple[np.ndarray, np.ndarray | None]
"""uint8 (H, W, C), and the opacity (H, W, 1); None for an opaque picture."""


def in_all(
    painters: Sequence[Painter], picture: Path, look: Look, mask_of: MaskOf | None
) -> Generator[Progress, None, tuple[np.ndarray, np.ndarray | None, list[Layers8]]]:
    """The first frame of a picture, its opacity, and its paintings by several painters."""
    pixels, alpha = next(iter(Frames(picture)))
    mask = None if mask_of is None else mask_of(*pixels.shape[:2])
    painted: list[Layers8] = []
    for number, painter in enumerate(painters):
        repainting = Repainting(painter, pixels, alpha, look, mask=mask)
        for done, total in repainting:
            yield Progress(picture, number * total + done, len(painters) * total)
        painted.append((repainting.result, repainting.opacity))
    return pixels, alpha, painted
