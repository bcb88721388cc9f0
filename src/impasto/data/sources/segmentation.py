"""Pictures and their label maps: two folders with the same names, or shapes drawn by code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.spec import LabelMap
from impasto.data.sources.aligned import ListedSource, by_key, matched, without_ending
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.label_files import ReadLabels, ReadObjects, Unseen
from impasto.data.sources.opening import Pictures
from impasto.data.sources.shapes import Drawing, ShapesSource
from impasto.data.sources.source import Layers, Load, Missing, Read

REMEDY: Final = ": name them in data.classes, set data.ignore, or set data.unseen=ignore"
Direction = Literal["picture_to_labels", "labels_to_picture"]


def open_segmentation(
    label_map: LabelMap,
    images: str | None = None,
    labels: str | None = None,
    instances: str | None = None,
    unseen: Unseen = "error",
    direction: Direction = "picture_to_labels",
    example: Mapping[str, Any] | None = None,
) -> dict[str, Pictures]:
    """Open the aligned parts ``content`` and ``target``: pictures and label maps, or the other way round.

    Args:
        label_map: the classes.
        images: folder of pictures; without any folder, the embedded example is drawn.
        labels: folder of their label maps, under the same names; endings may differ.
        instances: folder of maps of objects, likewise: an object a number or colour; None for none.
        unseen: see :class:`~impasto.data.sources.label_files.ReadLabels`.
        direction: what is made of what.
        example: settings of the embedded example, see :class:`~impasto.data.sources.shapes.Drawing`.

    Raises:
        UserError: a folder does not exist, or one is missing.
    """
    if images is None and labels is None:
        sides = drawn(Drawing.of(example or {}), label_map)
    elif images is None or labels is None:
        missing = "images" if images is None else "labels"
        raise UserError(f"Segmentation takes two folders: set data.{missing} to the folder of the other side.")
    else:
        sides = from_folders(images, labels, instances if label_map.boundaries else None, label_map, unseen)
    names = ("content", "target") if direction == "picture_to_labels" else ("target", "content")
    of_part = dict(zip(names, sides, strict=True))
    return {"content": of_part["content"], "target": of_part["target"]}


def drawn(drawing: Drawing, label_map: LabelMap) -> tuple[Pictures, Pictures]:
    """The embedded example."""
    notice(
        "data.source",
        f"No folders of pictures and label maps are given, so {drawing.count} scenes of shapes are drawn: set "
        "data.images and data.labels to folders of the same names, and data.classes.",
    )
    pictures, maps = ShapesSource(drawing, "pictures"), ShapesSource(drawing, "labels", label_map.boundaries)
    return Pictures("drawn shapes", pictures), Pictures("labels of drawn shapes", maps, label_map=label_map)


def from_folders(
    images: str, labels: str, instances: str | None, label_map: LabelMap, unseen: Unseen
) -> tuple[Pictures, Pictures]:
    """Two folders, or three, matched by name."""
    folders = FolderSource(images, "none", option="data.images"), FolderSource(labels, "none", option="data.labels")
    pictures, files, alone = matched(*folders)
    if alone:
        notice(
            "data.pairs",
            f"{len(alone)} files in {folders[0].root} and {folders[1].root} have no partner of the same name "
            f"({', '.join(alone[:3])}{', ...' if len(alone) > 3 else ''}): they are left out and listed in the run's "
            "bad_images.csv.",
        )
    read, digest = ReadLabels(label_map, unseen, REMEDY), files.digest
    maps: list[tuple[str, Load | Layers]] = [
        (name, Read(load, read) if isinstance(load, Path) else load) for name, load in files.listed
    ]
    if instances is not None:
        objects = FolderSource(instances, "none", option="data.instances")
        maps, digest = with_objects(maps, folders[1], objects), digest + objects.fingerprint()
    source = ListedSource(files.origin, maps, f"{digest} {read}")
    names = [f"folder {folder.root.resolve().name}" for folder in folders]
    return Pictures(names[0], pictures), Pictures(names[1], source, label_map=label_map)


def with_objects(
    maps: list[tuple[str, Load | Layers]], labels: FolderSource, objects: FolderSource
) -> list[tuple[str, Load | Layers]]:
    """Label maps with the maps of objects of the same names as a second channel."""
    known, _ = by_key(objects)
    found: list[tuple[str, Load | Layers]] = []
    for name, load in maps:
        if isinstance(load, Read):
            file = known.get(without_ending(str(load.path.relative_to(labels.root))))
            own: Load = Missing(f"no map of that name in {objects.root}")
            if file is not None:
                own = Read(objects.root / file, ReadObjects())
            load = Layers((load, own), (1, 1))
        found.append((name, load))
    return found
