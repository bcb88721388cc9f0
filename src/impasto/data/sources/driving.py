"""Road scenes with their label maps: folders of Cityscapes' or KITTI's layout, or scenes drawn by code."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.ranges import Count, Seed
from impasto.base.spec import LabelMap
from impasto.data.sources.aligned import ListedSource
from impasto.data.sources.label_files import ReadLabels, ReadObjects
from impasto.data.sources.opening import Pictures
from impasto.data.sources.segmentation import Direction
from impasto.data.sources.source import Item, Layers, Load, Made, Missing, Origin, Read
from impasto.procedural.roads import ROADS_VERSION, Light, Road

Split = Literal["train", "val", "both"]
Side = Literal["pictures", "labels"]
LAYOUTS: Final = (
    "Cityscapes' leftImg8bit/SPLIT/CITY/*_leftImg8bit.png and gtFine/SPLIT/CITY/*_gtFine_labelIds.png, or KITTI's "
    "training/image_2/*.png and training/semantic/*.png"
)


@dataclass(frozen=True)
class Pair:
    """A picture and what is known of it.

    Attributes:
        name: of both, below the root.
        picture: its file.
        labels: its label map, which may be missing.
        objects: its map of objects, likewise.
    """

    name: str
    picture: Path
    labels: Path
    objects: Path


def pairs_in(root: Path, split: Split = "train") -> list[Pair]:
    """The pictures of a folder of either layout, in the order of their names.

    Args:
        root: the folder.
        split: of Cityscapes; KITTI has labels for its training part alone.

    Raises:
        UserError: it has neither layout, or holds no pictures.
    """
    if not root.is_dir():
        raise UserError(f"data.root={root} is no folder: give one with {LAYOUTS}.")
    if (root / "leftImg8bit").is_dir():
        splits = ("train", "val") if split == "both" else (split,)
        files = [file for each in splits for file in sorted((root / "leftImg8bit" / each).glob("*/*_leftImg8bit.png"))]
        found = [_of_cityscapes(root, file) for file in files]
    elif (root / "training" / "image_2").is_dir():
        files = sorted((root / "training" / "image_2").glob("*.png"))
        found = [Pair(f.name, f, f.parents[1] / "semantic" / f.name, f.parents[1] / "instance" / f.name) for f in files]
    else:
        raise UserError(f"data.root={root} has no layout that is known: give {LAYOUTS}.")
    if not found:
        raise UserError(f"data.root={root} holds no pictures of data.split={split}: give {LAYOUTS}.")
    return found


def _of_cityscapes(root: Path, file: Path) -> Pair:
    below = file.relative_to(root / "leftImg8bit")
    stem = below.name.removesuffix("_leftImg8bit.png")
    truth = root / "gtFine" / below.parent
    return Pair(str(below), file, truth / f"{stem}_gtFine_labelIds.png", truth / f"{stem}_gtFine_instanceIds.png")


def sources_of(pairs: list[Pair], label_map: LabelMap) -> tuple[ListedSource, ListedSource]:
    """Pictures and label maps in step; a map that is missing is named among the bad ones."""
    read = ReadLabels(label_map, "ignore")
    maps: list[tuple[str, Load | Layers]] = []
    for pair in pairs:
        load: Load | Layers = Missing(f"there is no label map {pair.labels}")
        if pair.labels.is_file():
            load = Read(pair.labels, read)
            if label_map.boundaries:
                own: Load = Missing(f"there is no map of objects {pair.objects}")
                load = Layers((load, Read(pair.objects, ReadObjects()) if pair.objects.is_file() else own), (1, 1))
        maps.append((pair.name, load))
    stats = [
        (f.name, f.stat().st_size, f.stat().st_mtime_ns) for p in pairs for f in (p.picture, p.labels) if f.is_file()
    ]
    digest = hashlib.sha256(f"{stats} {label_map}".encode()).hexdigest()
    pictures: list[tuple[str, Load | Layers]] = [(pair.name, pair.picture) for pair in pairs]
    return ListedSource("local", pictures, digest), ListedSource("local", maps, digest)


@dataclass(frozen=True)
class Seen:
    """Draws one view, see :class:`~impasto.data.sources.source.Made`."""

    seed: int
    number: int
    side: Side
    light: Light
    objects: bool
    version: int = ROADS_VERSION

    def __call__(self, _nothing: np.ndarray, canvas: int) -> np.ndarray:
        """Twice as wide as high: the picture uint8 (canvas / 2, canvas, 3), or labels (canvas / 2, canvas, 1 or 2)."""
        view = Road((self.seed, self.number), self.light).view((canvas // 2, canvas))
        if self.side == "pictures":
            return view.picture
        return np.stack([view.classes, view.objects], 2) if self.objects else view.classes[..., None]


@dataclass(frozen=True)
class DrawnRoads:
    """One side of scenes drawn by code.

    Attributes:
        count: of them.
        seed: of all of them.
        side: pictures or labels.
        light: of the pictures.
        objects: labels have the numbers of cars and people as a second channel.
    """

    count: int
    seed: int
    side: Side
    light: Light
    objects: bool = False
    origin: Origin = field(default="sample", init=False)
    class_names: tuple[str, ...] = field(default=(), init=False)

    @property
    def length(self) -> int:
        """How many there are."""
        return self.count

    def fingerprint(self) -> str:
        """A hash of all settings."""
        return hashlib.sha256(f"{self!r} {ROADS_VERSION}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The scenes from position ``start`` on."""
        for number in range(start, self.count):
            make = Seen(self.seed, number, self.side, self.light, self.objects)
            yield Item(f"road {number:06d}", Made(np.zeros((1, 1, 3), np.uint8), make))


def open_driving(
    label_map: LabelMap,
    root: str | None = None,
    split: Split = "train",
    direction: Direction = "picture_to_labels",
    count: Count = 1200,
    light: Light = "day",
    drawing_seed: Seed = 0,
) -> dict[str, Pictures]:
    """Open the aligned parts ``content`` and ``target``: pictures and label maps, or the other way round.

    Args:
        label_map: the classes.
        root: a folder of Cityscapes' or KITTI's layout; None draws scenes.
        split: of Cityscapes: ``train``, ``val`` or ``both``.
        direction: what is made of what.
        count: of drawn scenes.
        light: of those: ``day``, ``night`` or ``fog``.
        drawing_seed: of those.

    Raises:
        UserError: the folder has neither layout.
    """
    if root is None:
        notice(
            "data.source",
            f"No folder is given, so {count} road scenes are drawn: set data.root to Cityscapes' or KITTI's folder.",
        )
        pictures = Pictures("drawn roads", DrawnRoads(count, drawing_seed, "pictures", light))
        drawn = DrawnRoads(count, drawing_seed, "labels", light, label_map.boundaries)
        labels = Pictures("labels of drawn roads", drawn, label_map=label_map)
    else:
        path = Path(root).expanduser()
        name = path.resolve().name
        sides = sources_of(pairs_in(path, split), label_map)
        pictures, labels = Pictures(name, sides[0]), Pictures(f"labels of {name}", sides[1], label_map=label_map)
    parts = (pictures, labels) if direction == "picture_to_labels" else (labels, pictures)
    return dict(zip(("content", "target"), parts, strict=True))
