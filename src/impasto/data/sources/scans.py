"""Files of measured values in aligned parts, and with label maps: one's own, or what code makes."""

from collections.abc import Mapping
from typing import Any

from impasto.base.spec import LabelMap
from impasto.data.sources.label_files import ReadLabels, Unseen
from impasto.data.sources.measured.folder import is_grouped, label_slices_of, open_folders, slices_of
from impasto.data.sources.measured.measured import Window
from impasto.data.sources.opening import Pictures
from impasto.data.sources.segmentation import REMEDY, Direction
from impasto.data.sources.simulated import open_simulation


def open_scans(
    example: Any,
    sides: Mapping[str, str],
    content: str | None = None,
    target: str | None = None,
    clean: str | None = None,
    window: Window | None = None,
) -> dict[str, Pictures]:
    """Open the aligned parts ``content`` and ``target``, and ``clean`` where there is one.

    Args:
        example: a :class:`~impasto.data.sources.simulated.Simulation`, taken without folders.
        sides: by part, the side of the example that it shows.
        content: folder of the inputs: DICOM, NIfTI, FITS, GeoTIFF, OME-TIFF, or usual pictures.
        target: folder of what they should become, under the same names; endings may differ.
        clean: folder of the truth, where targets are noisy too; None for none.
        window: values that networks see as -1 and 1; None takes each file's own.

    Raises:
        UserError: a folder does not exist, or a setting is out of range.
    """
    if content is None and target is None and clean is None:
        return open_simulation(example, sides, "set data.content and data.target to folders of your own")
    folders = {"content": content, "target": target, **({} if clean is None else {"clean": clean})}
    matched, found = open_folders(folders), {}
    for number, part in enumerate(folders):
        source = matched.source(number, slices_of(window))
        found[part] = Pictures(f"folder of {part}", source, grouped=is_grouped(source))
    return found


def open_scan_labels(
    label_map: LabelMap,
    example: Any,
    sides: Mapping[str, str],
    images: str | None = None,
    labels: str | None = None,
    instances: None = None,  # noqa: ARG001 - the data module of label maps always gives it
    unseen: Unseen = "error",
    direction: Direction = "picture_to_labels",
    window: Window | None = None,
) -> dict[str, Pictures]:
    """Open the aligned parts ``content`` and ``target``: scans and label maps, or the other way round.

    Args:
        label_map: the classes.
        example: as of :func:`open_scans`.
        sides: likewise.
        images: folder of files of measured values.
        labels: folder of their label maps under the same names: of such files, whose values are numbers of classes, or
            of pictures.
        instances: not used.
        unseen: see :class:`~impasto.data.sources.label_files.ReadLabels`.
        direction: what is made of what.
        window: as of :func:`open_scans`.

    Raises:
        UserError: a folder does not exist, or one is missing.
    """
    if images is None and labels is None:
        found = open_simulation(example, sides, "set data.images and data.labels to folders of your own")
        return found if direction == "picture_to_labels" else _turned(found)
    matched = open_folders({"images": images, "labels": labels})
    scans = matched.source(0, slices_of(window))
    maps = matched.source(1, label_slices_of(ReadLabels(label_map, unseen, REMEDY)))
    grouped = is_grouped(scans)
    parts = {
        "content": Pictures("folder of images", scans, grouped=grouped),
        "target": Pictures("folder of labels", maps, label_map=label_map, grouped=grouped),
    }
    return parts if direction == "picture_to_labels" else _turned(parts)


def _turned(parts: dict[str, Pictures]) -> dict[str, Pictures]:
    return {"content": parts["target"], "target": parts["content"]}
