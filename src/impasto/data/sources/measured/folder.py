"""Folders of files of measured values as sources: slice by slice, matched by name, grouped by whose they are."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.sources.decode import BadImage, read_file
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.label_files import ReadLabels
from impasto.data.sources.measured.measured import Window
from impasto.data.sources.measured.reading import kind_of, read_measured
from impasto.data.sources.measured_names import ENDINGS
from impasto.data.sources.source import Item, Load, Made, Missing, Origin

_NOTHING: Final = np.zeros((1, 1, 3), np.uint8)
UTF_8: Final = ("utf-8", "surrogateescape")
PARTICIPANT: Final = "sub-"
"""What folders of one person begin with in the brain imaging data structure (BIDS)."""


@dataclass(frozen=True)
class Slice:
    """Reads one slice, see :class:`~impasto.data.sources.source.Made`.

    Attributes:
        path: of the file.
        number: of the slice.
        window: see :meth:`~impasto.data.sources.measured.measured.Measured.pictures`.
    """

    path: Path
    number: int
    window: Window | None

    def __call__(self, _nothing: np.ndarray, _canvas: int) -> np.ndarray:
        """uint16 (H, W, C)."""
        found = read_measured(self.path)
        low_high = self.window or found.own_window
        return found.one(self.number).pictures(low_high)[0]


@dataclass(frozen=True)
class LabelSlice:
    """Reads one slice of a label map, see :class:`~impasto.data.sources.source.Made`.

    Attributes:
        path: of the file: of measured values, which are numbers of classes; or a picture.
        number: of the slice.
        read: of numbers.
    """

    path: Path
    number: int
    read: ReadLabels

    def __call__(self, _nothing: np.ndarray, _canvas: int) -> np.ndarray:
        """uint8 (H, W, 1), positions of classes."""
        if kind_of(self.path) is None:
            return self.read(read_file(self.path))
        values = read_measured(self.path).values[self.number][..., 0]
        return self.read.by_number(np.rint(np.nan_to_num(values, nan=-1)).astype(np.int64))[..., None]


@dataclass(frozen=True)
class Files:
    """One side of files that are matched by name, and what is known of each.

    Attributes:
        paths: by key; a reason for one that cannot be read.
        slices: of each.
        owners: what tells whose they are.
        digest: changes when a file does.
    """

    paths: dict[str, Path]
    slices: dict[str, int | str]
    owners: dict[str, str]
    digest: str

    @classmethod
    def of(cls, folder: str, option: str) -> "Files":
        """All below a folder.

        Raises:
            UserError: there are none.
        """
        source = FolderSource(folder, "none", option=option, scans=True)
        paths: dict[str, Path] = {}
        slices: dict[str, int | str] = {}
        owners: dict[str, str] = {}
        for item in source.items():
            key, path = key_of(item.name), source.root / item.name
            if key in paths:
                slices[key] = f"{paths[key].name} has the same name but for its ending"
                continue
            paths[key] = path
            try:
                found = read_measured(path)
                slices[key] = len(found.values)
                owners[key] = participant(item.name) or found.owner or key
            except BadImage as problem:
                slices[key], owners[key] = str(problem), key
        return cls(paths, slices, owners, source.fingerprint())


def key_of(name: str) -> str:
    """A path without the ending of its file."""
    lower = name.lower()
    ending = next((each for each in sorted(ENDINGS, key=len, reverse=True) if lower.endswith(each)), None)
    if ending is not None:
        return name[: -len(ending)]
    folder, slash, file = name.rpartition("/")
    return folder + slash + (file.rpartition(".")[0] or file)


def participant(name: str) -> str | None:
    """The folder or file of a path that names a person, as BIDS has it; None without one."""
    return next((part.split("_")[0] for part in name.split("/") if part.startswith(PARTICIPANT)), None)


@dataclass(frozen=True)
class SliceSource:
    """One side of matched files, slice by slice.

    Attributes:
        listed: name, load and group of each slice.
        class_names: of the groups.
        digest: changes when a file does.
    """

    listed: tuple[tuple[str, Load, int], ...]
    class_names: tuple[str, ...]
    digest: str
    origin: Origin = "local"

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self.listed)

    def fingerprint(self) -> str:
        """The digest."""
        return self.digest

    def items(self, start: int = 0) -> Iterator[Item]:
        """The slices from position ``start`` on."""
        for name, load, group in self.listed[start:]:
            yield Item(name, load, group)


@dataclass(frozen=True)
class Matched:
    """Files of several folders that have the same names, in step.

    Attributes:
        sides: one for each folder; the first says whose a file is.
    """

    sides: Sequence[Files]

    @cached_property
    def keys(self) -> list[str]:
        """Of all files of any side."""
        return sorted({key for side in self.sides for key in side.paths})

    @cached_property
    def groups(self) -> tuple[dict[str, int], tuple[str, ...]]:
        """The group of each key, and the names of the groups.

        A name is of a hash of the group's first file: a checkpoint holds it, and files may be named after people.
        """
        first: dict[str, str] = {}
        owner_of = {key: next(side.owners[key] for side in self.sides if key in side.owners) for key in self.keys}
        for key in self.keys:
            first.setdefault(owner_of[key], f"group {hashlib.sha256(key.encode(*UTF_8)).hexdigest()[:12]}")
        names = tuple(dict.fromkeys(first.values()))
        return {key: names.index(first[owner_of[key]]) for key in self.keys}, names

    def source(self, side: int, load: Callable[[Path, int], Load]) -> SliceSource:
        """One side.

        Args:
            side: its number.
            load: reads a slice of a file.
        """
        group_of, names = self.groups
        listed: list[tuple[str, Load, int]] = []
        for key in self.keys:
            count, reason = self._slices(key)
            here = self.sides[side].paths.get(key)
            for number in range(count):
                name = key if count == 1 else f"{key} slice {number:04d}"
                found = Missing(reason) if reason or here is None else load(here, number)
                listed.append((name, found, group_of[key]))
        digest = hashlib.sha256("\n".join([*(each.digest for each in self.sides), str(side)]).encode())
        return SliceSource(tuple(listed), names, digest.hexdigest())

    def _slices(self, key: str) -> tuple[int, str]:
        """How many slices files of a name have, and why they cannot be used, if they cannot."""
        counts = [side.slices.get(key) for side in self.sides]
        if None in counts:
            return 1, "no file of that name on the other side"
        for count, side in zip(counts, self.sides, strict=True):
            if isinstance(count, str):
                return 1, f"{count} ({side.paths[key].name})"
        if len(set(counts)) > 1:
            return 1, f"its sides have {' and '.join(map(str, counts))} slices"
        return int(counts[0] or 0), ""


def open_folders(folders: dict[str, str | None]) -> Matched:
    """Folders by their options, matched by name; a notice counts files without a partner.

    Raises:
        UserError: one is missing.
    """
    missing = [option for option, folder in folders.items() if folder is None]
    if missing:
        raise UserError(f"The folders go together: set data.{missing[0]} too.")
    matched = Matched([Files.of(str(folder), f"data.{option}") for option, folder in folders.items()])
    alone = [key for key in matched.keys if any(key not in side.paths for side in matched.sides)]
    if alone:
        notice(
            "data.pairs",
            f"{len(alone)} files have no partner of the same name ({', '.join(alone[:3])}"
            f"{', ...' if len(alone) > 3 else ''}): they are left out and listed in the run's bad_images.csv.",
        )
    if len(matched.groups[1]) == 1 and len(matched.source(0, slices_of(None)).listed) > 1:
        notice(
            "data.groups",
            "All files are of one patient, as anonymised headers say too, so that slices are held out one by one, next "
            "to slices trained on: put the files of each patient into a folder that begins with sub-.",
        )
    return matched


def slices_of(window: Window | None) -> Callable[[Path, int], Load]:
    """Reads slices through a window."""
    return lambda path, number: Made(_NOTHING, Slice(path, number, window))


def label_slices_of(read: ReadLabels) -> Callable[[Path, int], Load]:
    """Reads slices of label maps."""
    return lambda path, number: Made(_NOTHING, LabelSlice(path, number, read))


def is_grouped(source: SliceSource) -> bool:
    """Whether several slices belong together."""
    return 1 < len(source.class_names) < source.length
