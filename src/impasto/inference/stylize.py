"""Repainting pictures, clips, and folders of them."""

import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from impasto.base.checks import check_number, check_switch
from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.sheets import save_pairs, shrunk
from impasto.data.sources.frames import Frames, Layers
from impasto.inference.batches import Over, over_pictures
from impasto.inference.brush import check_brush
from impasto.inference.events import Done, Event, Painted, Progress
from impasto.inference.formats import format_of, target_name
from impasto.inference.label_maps import (
    Objects,
    check_label_look,
    check_label_output,
    has_labels,
    label_name,
    paint_labels,
)
from impasto.inference.masks import Masks
from impasto.inference.measured import is_measured, repaint_measured
from impasto.inference.provenance import REPAINTED, made_with, silent_jpeg, speaks
from impasto.inference.repaint import PLAIN, Look
from impasto.inference.repaint_clip import FILM, Film, repaint_clip
from impasto.inference.restore import MaskOf, check_restoring, description, remarks, repainting_of, what_rounds
from impasto.inference.saving import save
from impasto.inference.targets import Targets, choose_targets
from impasto.painters.painter import Painter
from impasto.video.copying import copy_clip
from impasto.video.describing import BadClip
from impasto.video.endings import is_clip
from impasto.video.reading import Clip

Pair = tuple[np.ndarray, np.ndarray]
"""A picture before and after, small, for the sheet."""
STRONGEST: Final = 1.5


def stylize(
    painter: Painter,
    source: str | Path,
    output: str | Path,
    *,
    look: Look = PLAIN,
    film: Film = FILM,
    masks: Masks | None = None,
    overwrite: bool = False,
    sheet: int | None = None,
    task: str | None = None,
    instances: str | Path | None = None,
    told: str | None = None,
    over: Over = over_pictures,
) -> Iterator[Event]:
    """Repaint or restore a picture or a clip, or all below a folder, under their own names and sub-folders.

    Pictures come out upright (the EXIF orientation is applied), with their transparency; at strength 0 they are copied,
    clips packet by packet, without what their files say of their owners.
    Clips: see :func:`~impasto.inference.repaint_clip.repaint_clip`.
    Existing paintings are kept. One that cannot be read, painted or written is skipped with a reason, and the next one
    follows.

    Args:
        painter: takes content.
        source: file or folder.
        output: folder, made if it is missing; for a single picture or clip also a file.
        look: how paintings should look.
        film: how those of a clip follow each other, and are written.
        masks: where they are painted; None for everywhere.
        overwrite: also replace existing paintings.
        sheet: write also ``sheet.png`` with those painted now, before and after, with this many pairs in a row.
        task: that the painter must have been trained for; None for any.
        instances: maps of objects of the label maps that are painted, a file or a folder; None for none.
        told: written into the files of pictures, as their description; None leaves that to the painter.
        over: goes over the pictures.

    Yields:
        ``Started``, then for each picture ``Progress`` by tiles and ``Painted`` or ``Skipped``, and ``Done``.

    Raises:
        UserError: there is nothing to paint, a setting is out of range, or the disk is full.
    """
    check_painter(painter)
    check_look(look)
    check_restoring(painter, task, look)
    film.check()
    check_switch("overwrite", overwrite)
    if sheet is not None:
        check_number("sheet", sheet, 1)
    labels = has_labels(painter)
    if labels:
        check_label_look(look, masks)
    objects = choose_objects(painter, instances)
    if painter.gives.label_map is not None:
        check_label_output(Path(output))
    name_of = target_name if painter.gives.label_map is None else label_name
    alone = "models of label maps are" if labels else None
    targets = choose_targets(source, output, with_sheet=sheet is not None, name_of=name_of, clips=alone)
    pairs: list[Pair] = []
    left, said = left_to_paint(targets, overwrite)
    made = made_with(painter, REPAINTED)
    targets = replace(targets, paintings={})  # what paints one picture may be sent to other processes: keep it small

    def paint(picture: Path, target: Path) -> Generator[Progress, None, Painted]:
        keep = pairs.append if sheet is not None else None
        if is_measured(picture, target):
            within = masks_of(masks, targets, picture, soft=not painter.mask_channels)
            return (yield from repaint_measured(painter, picture, target, look, within, keep, made))
        if labels:
            own = None if objects is None else objects.of(name_of_picture(targets, picture))
            return (yield from paint_labels(painter, picture, target, look, own, keep))
        if is_clip(picture):
            whole = look.strength == 0 and painter.scale == 1 and picture.suffix.lower() == target.suffix.lower()
            if whole and copy_clip(picture, target):
                return Painted(picture, target)
            shown = None if keep is None else lambda a, b: keep((shrunk(a, None), shrunk(b, None)))
            name, alone = name_of_picture(targets, picture), targets.root == picture
            of_frames = None if masks is None else masks.of_clip(name, alone)
            return (yield from repaint_clip(painter, picture, target, look, film, of_frames, shown))
        mask_of = masks_of(masks, targets, picture, soft=not painter.mask_channels)
        return (yield from repaint_file(painter, picture, target, look, mask_of, keep, told, made))

    everything = (*said, *remarks(painter), *of_objects(painter, objects))
    for event in over(left, everything, output, paint, frames_in(left)):
        if isinstance(event, Done) and pairs and sheet is not None:
            save_pairs(pairs, sheet, targets.sheet)
        yield event


def check_painter(painter: Painter) -> None:
    """Make sure that a painter takes content and nothing else.

    Raises:
        UserError: it does not.
    """
    if "style" in painter.takes:
        raise UserError(f"{painter.origin.path} paints in any style; give style=.")
    if "content" not in painter.takes:
        raise UserError(
            f"{painter.origin.path} paints from noise; use src/generate.py, or give a model such as model=cut."
        )


def check_look(look: Look) -> None:
    """Make sure that settings make sense.

    Raises:
        UserError: one does not.
    """
    strength = look.strength
    if not isinstance(strength, int | float) or isinstance(strength, bool) or not 0 <= strength <= STRONGEST:
        raise UserError(f"strength={strength} is out of range; give a number from 0 to {STRONGEST}.")
    check_switch("preserve_color", look.preserve_color)
    check_brush(look.brush)
    if look.tile is not None:
        check_number("tile", look.tile, 0)


def frames_in(paths: Iterable[Path]) -> dict[Path, int]:
    """How many frames each clip has, as far as it says; one that cannot be read is left out."""
    found: dict[Path, int] = {}
    for path in paths:
        if is_clip(path):
            with suppress(BadClip, UserError):  # which is said when its turn comes
                found[path] = max(Clip(path).info.frames, 1)
    return found


def left_to_paint(targets: Targets, overwrite: bool) -> tuple[dict[Path, Path], tuple[str, ...]]:
    """The pictures that are not painted yet with their targets, and all remarks."""
    paintings = targets.paintings
    left = {picture: target for picture, target in paintings.items() if overwrite or not is_there(target)}
    if there := len(paintings) - len(left):
        said = f"{there} of {len(paintings)} are there already; overwrite=true paints them again."
        return left, (*targets.remarks, said)
    return left, targets.remarks


def masks_of(masks: Masks | None, targets: Targets, picture: Path, soft: bool = True) -> MaskOf | None:
    """Gives a picture's mask for its height and width, with soft edges or hard ones; None without masks."""
    if masks is None:
        return None
    name = name_of_picture(targets, picture)
    return lru_cache(1)(lambda height, width: masks.mask(name, height, width, soft))


def name_of_picture(targets: Targets, picture: Path) -> str:
    """The path of a picture below the input; its file name if it is the input."""
    return str(picture.relative_to(targets.root)) if targets.root != picture else picture.name


def choose_objects(painter: Painter, instances: str | Path | None) -> Objects | None:
    """The maps of objects that are given to a painter; None for none.

    Raises:
        UserError: it does not take any.
    """
    if instances is None:
        return None
    given = None if painter.content is None else painter.content.label_map
    if given is None or not given.boundaries:
        raise UserError(f"instances=: {painter.origin.path} was not trained on maps of objects; leave instances= out.")
    return Objects(instances)


def of_objects(painter: Painter, objects: Objects | None) -> tuple[str, ...]:
    """What to know of boundaries: one sentence or none."""
    given = None if painter.content is None else painter.content.label_map
    if given is None or not given.boundaries or objects is not None:
        return ()
    return ("The boundaries between classes stand for those between objects, as instances= is not given.",)


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
    painter: Painter,
    source: Path,
    target: Path,
    look: Look,
    mask_of: MaskOf | None = None,
    keep: Callable[[Pair], None] | None = None,
    said: str | None = None,
    made: str | None = None,
) -> Generator[Progress, None, Painted]:
    """Repaint one file.

    Args:
        painter: takes content.
        source: the picture.
        target: where the painting goes.
        look: how it should look.
        mask_of: gives where it is painted; None for everywhere.
        keep: gets the picture before and after, small, for a sheet.
        said: written into the file; None leaves that to the painter.
        made: with what, likewise.

    Yields:
        Progress by tiles of all frames.
    """
    frames, kind = Frames(source), format_of(target)
    count = frames.count if kind is not None and kind.frames else 1
    painted: list[Layers] = []
    notes = name_notes(source, target)
    for number, (pixels, alpha) in enumerate(islice(frames, count)):
        deep = pixels.dtype == np.uint16 and kind is not None and kind.deep and (count == 1 or kind.name == "TIFF")
        repainting = repainting_of(painter, pixels, alpha, look, deep, mask_of)
        for done, total in repainting:
            yield Progress(source, number * total + done, count * total)
        painted.append((repainting.result, repainting.opacity))
        if number == 0 and keep is not None:
            keep((shrunk(pixels, alpha), shrunk(*painted[0])))
        if number == 0 and pixels.dtype == np.uint16 and not deep:
            notes += (f"{target.suffix} holds 8 of its 16 bits",)
        if number == 0:
            said = said or description(painter, pixels)
            height, width = (side * painter.scale for side in pixels.shape[:2])
            if mask_of is not None and not mask_of(height, width).any():
                notes += ("its mask is black everywhere, so that nothing is painted",)
    whole = look.strength == 0 and painter.scale == 1 and source.suffix.lower() == target.suffix.lower()
    if whole and copy_picture(source, target):
        return Painted(source, target, name_notes(source, target))
    if count < frames.count:
        notes += (f"{target.suffix} holds one of its {frames.count} frames, and the first is painted",)
    notes += what_rounds(painter, kind, target.suffix)
    save(painted, target, frames.durations, frames.animation, said, made if look.strength else None)
    return Painted(source, target, notes)


def copy_picture(source: Path, target: Path) -> bool:
    """Copy a picture without what its file says of its owner; False if that takes writing it anew."""
    if not speaks(source):
        copy_file(source, target)
        return True
    try:
        content = silent_jpeg(source.read_bytes())
    except ValueError:
        return False
    with whole_or_not(target) as temporary:
        temporary.write_bytes(content)
    return True


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    with whole_or_not(target) as temporary:
        shutil.copyfile(source, temporary)
