"""Opening pictures: the rule of ``source=auto``, the user's own folder, and the embedded samples."""

import csv
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.rolls import Roll
from impasto.base.sounds import Sound
from impasto.base.spec import LabelMap
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.source import UNLABELLED, Item, Origin, Source
from impasto.data.sources.vector_table import VectorTable

SAMPLES: Final = Path(__file__).parents[1] / "samples"
"""The pictures that the package carries."""

SourceName = Literal["auto", "hub", "local", "sample"]


@dataclass(frozen=True)
class Pictures:
    """An opened data set.

    Attributes:
        name: for the run's summary; a stand-in never has only the name of the real thing.
        source: the pictures to train on.
        held_out: the data set's own test part; None if it has none.
        label: what the labels mean (``genre``, ``folder``, ...); None for unlabelled pictures.
        label_map: the classes of the pixels if the pictures are label maps, whose first channel holds their positions,
            and the second the numbers of objects if ``label_map.boundaries``; None for pictures.
        captions: gives the caption of each picture by its name, where the data set has captions of its own.
        grouped: classes are what several pictures belong to, such as patients: they are held out whole, networks are
            not told them, and intervals are over them.
        roll: what channels, rows and columns mean if the pictures are piano rolls; None for others.
        vectors: gives the condition vectors of the pictures, where the data set has attributes of its own.
        opacity: whether the last channel is opacity, and the others are multiplied by it, see
            :mod:`impasto.base.opacity`.
        sound: what rows, columns and values mean if they are spectrograms; None for others.
    """

    name: str
    source: Source
    held_out: Source | None = None
    label: str | None = None
    label_map: LabelMap | None = None
    captions: Callable[[], Mapping[str, str]] | None = None
    grouped: bool = False
    roll: Roll | None = None
    opacity: bool = False
    vectors: Callable[[], VectorTable] | None = None
    sound: Sound | None = None


OpenPictures = Callable[..., Pictures | Mapping[str, Pictures]]
"""Takes settings of ``data`` by name, such as ``source``, ``root`` and ``label``; returns the pictures of the part
``image``, or of several parts by name."""


def choose_origin(
    name: str, source: SourceName, root: str | os.PathLike[str] | None, *, online: Callable[[], bool] | None
) -> Origin:
    """Follow ``data.source``: ``auto`` takes the folder if one is given, else the network, else the sample.

    Args:
        name: of the data set, for messages.
        source: what the user asked for.
        root: the folder that the user gave, or one that was found.
        online: whether the data set can be had over the network; None if it never can.

    Raises:
        UserError: there is no such source, or it cannot work with what is given.
    """
    if source not in get_args(SourceName):
        raise UserError(f"data.source={source} is not known: choose one of {', '.join(get_args(SourceName))}.")
    if source == "hub" and online is None:
        raise UserError(f"data={name} cannot be downloaded: set data.source=local and data.root=FOLDER.")
    if source == "local" and root is None:
        raise UserError(f"data.source=local needs the folder of {name}: set data.root=FOLDER.")
    if source != "auto":
        return source
    if root is not None:
        return "local"
    if online is not None and online():
        return "hub"
    notice(
        "data.source",
        f"{name} cannot be reached, so the few pictures that come with Impasto stand in for it: set data.root to a "
        "folder that holds it, or run where the network can be reached.",
    )
    return "sample"


def check_label(label: str | None, choices: Sequence[str]) -> str | None:
    """``label`` if it is one of ``choices``; null and ``none`` mean unlabelled.

    Raises:
        UserError: it is not.
    """
    if label is None or label == "none":
        return None
    if label not in choices:
        raise UserError(f"data.label={label} is not known here: choose one of {', '.join(choices)} or none.")
    return label


def check_settings(pictures: OpenPictures, where: Mapping[str, Any]) -> None:
    """Make sure that the function that opens the pictures knows its settings.

    Raises:
        UserError: it does not.
    """
    try:
        signature(pictures).bind(**where)
    except TypeError as problem:
        given = ", ".join(f"data.{name}" for name in where) or "nothing"
        raise UserError(f"The pictures cannot be opened with {given} ({problem}): give what they take.") from None
    except ValueError:  # a builtin without a signature
        return
    hints = get_type_hints(getattr(pictures, "func", pictures))
    for name, value in where.items():
        words = get_args(hints.get(name)) if get_origin(hints.get(name)) is Literal else (value,)
        if value not in words:
            raise UserError(f"data.{name}={value} is not known: choose one of {', '.join(words)}.")


def open_folder(source: SourceName = "auto", root: str | None = None, label: str | None = "auto") -> Pictures:
    """A folder of the user's own pictures; as its sample, the embedded photographs.

    Args:
        source: auto, local or sample.
        root: the folder.
        label: ``folder`` (a class per folder), ``none``, or ``auto``, see
            :class:`~impasto.data.sources.folder.FolderSource`.

    Raises:
        UserError: there is no folder, or nothing in it.
    """
    label = check_label(label, ("auto", "folder"))
    if source == "auto" and root is None:
        raise UserError("data=image_folder needs a folder of pictures: set data.root=FOLDER.")
    if choose_origin("image_folder", source, root, online=None) == "sample":
        photos = ManifestSource(SAMPLES / "photos", "folder" if label else None)
        return Pictures(f"embedded sample of {photos.length} photographs", photos, label=label and "folder")
    assert root is not None
    found = FolderSource(root, labels={"auto": "auto", "folder": "folders", None: "none"}[label])  # type: ignore[arg-type]
    return Pictures(f"folder {found.root.resolve().name}", found, label="folder" if found.class_names else None)


class ManifestSource:
    """Pictures below a folder of the package, as its ``manifest.csv`` lists them.

    Args:
        folder: holds the manifest and what it lists.
        label: column of the class names; ``folder`` for the first part of the path; None for no labels.
        prefix: only files whose path starts so.
    """

    origin: Origin = "sample"

    def __init__(self, folder: Path, label: str | None = None, prefix: str = "") -> None:
        self.folder = folder
        with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
            self._rows = [row for row in csv.DictReader(file) if row["file"].startswith(prefix)]
        self._classes = [row["file"].split("/")[0] if label == "folder" else row[label] for row in self._rows if label]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes by name."""
        return tuple(sorted(set(self._classes)))

    @property
    def length(self) -> int:
        """Number of pictures."""
        return len(self._rows)

    def fingerprint(self) -> str:
        """A hash of names, classes and contents: the same on every machine."""
        digest = hashlib.sha256(repr(self._classes).encode())
        for row in self._rows:
            digest.update(row["file"].encode() + (self.folder / row["file"]).read_bytes())
        return digest.hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures in the manifest's order."""
        names = self.class_names
        for i, row in enumerate(self._rows[start:], start):
            label = names.index(self._classes[i]) if names else UNLABELLED
            yield Item(row["file"], self.folder / row["file"], label)


class JoinedSource:
    """Several sources one after the other; classes of the same name are one class.

    Args:
        sources: at least one, of known lengths, labelled all or none of them.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = list(sources)
        self.origin = self.sources[0].origin

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """All classes; empty if a source has none."""
        if not all(source.class_names for source in self.sources):
            return ()
        return tuple(sorted({name for source in self.sources for name in source.class_names}))

    @property
    def length(self) -> int:
        """Number of pictures in all of them."""
        return sum(source.length or 0 for source in self.sources)

    def fingerprint(self) -> str:
        """A hash of theirs."""
        return hashlib.sha256("".join(source.fingerprint() for source in self.sources).encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures of the first, then those of the next."""
        ends = accumulate((source.length or 0 for source in self.sources), initial=0)
        for source, (first, end) in zip(self.sources, pairwise(ends), strict=True):
            if start < end:
                for item in source.items(max(start - first, 0)):
                    label = self.class_names.index(source.class_names[item.label]) if self.class_names else UNLABELLED
                    yield Item(item.name, item.load, label)
