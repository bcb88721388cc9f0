"""Faces: folders of CelebA's or FFHQ's layout or any other, aligned by landmarks, or faces drawn by code."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.ranges import Count, Seed
from impasto.data.sources.alignment import Aligned, Detected
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import Item, Load, Made, Missing, Origin
from impasto.data.sources.vector_table import VectorTable
from impasto.procedural.faces import FACES_VERSION, PARAMETERS, draw_face, parameters_of

Align = Literal["none", "landmarks", "detect"]
PICTURES: Final = ("img_align_celeba", "img_celeba")
"""Folders of CelebA's pictures, cropped or as they were found."""
ATTRIBUTES: Final = "list_attr_celeba"
PARTITION: Final = "list_eval_partition"
LANDMARKS: Final = {"img_align_celeba": "list_landmarks_align_celeba", "img_celeba": "list_landmarks_celeba"}
TRAINED_ON, TEST = "0", "2"
"""CelebA's numbers of the parts to train on and to hold out; 1, which is left out, is to choose by."""


def table_in(root: Path, stem: str) -> tuple[tuple[str, ...], dict[str, list[str]]] | None:
    """A table of CelebA, in text as the authors give it or in CSV: names of columns, and cells by the name of the file.

    Args:
        root: the folder; ``Anno`` and ``Eval`` in it are looked at too.
        stem: of the table's file.

    Raises:
        UserError: a line has too few cells.
    """
    places = [root / part / f"{stem}{end}" for part in ("", "Anno", "Eval") for end in (".txt", ".csv")]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return None
    rows = rows_in(path)
    names: tuple[str, ...] = ()
    if path.suffix == ".csv":
        names, rows = tuple(rows[0][1:]), rows[1:]
    elif len(rows[0]) == 1:  # the number of pictures, and then the columns
        names, rows = tuple(rows[1] if len(rows) > 1 else ()), rows[2:]
    wide = len(names) or (len(rows[0]) - 1 if rows else 0)
    if not rows or not wide:
        raise UserError(f"{path} has no rows: fetch the file again.")
    for row in rows:
        if len(row) != wide + 1:
            raise UserError(f"{path}: {row[0]} has {len(row) - 1} cells instead of {wide}: fetch the file again.")
    return names, {row[0]: row[1:] for row in rows}


def rows_in(path: Path) -> list[list[str]]:
    """The rows of a table that are not empty: cells between commas in a .csv, else between spaces.

    Raises:
        UserError: it holds none, or is no text.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
        rows = list(filter(None, csv.reader(lines) if path.suffix.lower() == ".csv" else map(str.split, lines)))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise UserError(f"{path} cannot be read ({problem}): fetch the file again.") from None
    if not rows:
        raise UserError(f"{path} has no rows: fetch the file again.")
    return rows


class FaceFiles:
    """Faces of a folder.

    Args:
        root: the folder.
        align: ``none``, ``landmarks`` of a table, or ``detect``.
        landmarks: the table, a .csv; None takes CelebA's own.
        detector: file of the detector's weights.
        partition: of CelebA, to be kept apart; None takes all pictures.

    Raises:
        UserError: there is no folder or no picture, or no landmarks where they are asked for.
    """

    origin: Origin = "local"
    class_names: tuple[str, ...] = ()

    def __init__(
        self, root: str, align: Align, landmarks: str | None, detector: str | None, partition: str | None = None
    ) -> None:
        self.root = Path(root).expanduser()
        celeba = next((name for name in PICTURES if (self.root / name).is_dir()), None)
        self.files = FolderSource(self.root if celeba is None else self.root / celeba, "none")
        parts = None if partition is None else table_in(self.root, PARTITION)
        wanted = None if parts is None else {name for name, row in parts[1].items() if row[0] == partition}
        self._names = [item.name for item in self.files.items() if wanted is None or item.name in wanted]
        if partition == TRAINED_ON and not self._names:
            raise UserError(
                f"{self.root}: {PARTITION} names no picture of {self.files.root.name} as of part 0, which is trained "
                "on: fetch both again, or take the table away."
            )
        self._points = points_of(self.root, celeba, landmarks) if align == "landmarks" else {}
        self._detect = Detected(str(Path(str(detector)).expanduser())) if align == "detect" else None
        self.align = align

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self._names)

    def fingerprint(self) -> str:
        """A hash of all files, of those that belong here, and of how they are aligned."""
        points = sorted((name, point.tolist()) for name, point in self._points.items())
        what = f"faces {self.files.fingerprint()} {self._names} {self.align} {points} {self._detect!r}"
        return hashlib.sha256(what.encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The faces from position ``start`` on."""
        for name in self._names[start:]:
            yield Item(name, self._load(name))

    def _load(self, name: str) -> Load:
        path = self.files.root / name
        if self._detect is not None:
            return Made(path, self._detect)
        if self.align == "none":
            return path
        points = self._points.get(name)
        return Missing("the table has no landmarks of it") if points is None else Made(path, Aligned.to(points))


def points_of(root: Path, celeba: str | None, landmarks: str | None) -> dict[str, np.ndarray]:
    """Five points (x, y) in pixels by the name of the picture.

    Raises:
        UserError: there is no table, or one does not hold ten numbers in each row.
    """
    if landmarks is not None:
        path = Path(landmarks).expanduser()
        if not path.is_file():
            raise UserError(f"data.landmarks={landmarks} does not exist: give a .csv, a file and ten numbers a row.")
        found = {row[0]: row[1:] for row in rows_in(path)[1:]}
    else:
        table = table_in(root, LANDMARKS[celeba]) if celeba is not None else None
        if table is None:
            raise UserError(
                f"data.align=landmarks, but {root} has no table: set data.landmarks=FILE.csv, or data.align=none."
            )
        found = table[1]
    try:
        return {name: numbers_of(row).reshape(5, 2) for name, row in found.items()}
    except ValueError as problem:
        raise UserError(
            f"The table of landmarks is damaged ({problem}): each row needs a file, and x and y in pixels of the left "
            "eye, the right eye, the nose, and the left and right corner of the mouth."
        ) from None


def numbers_of(cells: Sequence[str]) -> np.ndarray:
    """Finite numbers, float64.

    Raises:
        ValueError: a cell is none.
    """
    if unknown := next((cell for cell in cells if not np.isfinite(float(cell))), None):
        raise ValueError(f"{unknown} is not finite")
    return np.array(list(map(float, cells)))


@dataclass(frozen=True)
class DrawnFace:
    """Draws one face, see :class:`~impasto.data.sources.source.Made`."""

    seed: int
    number: int
    version: int = FACES_VERSION

    def __call__(self, _nothing: np.ndarray, canvas: int) -> np.ndarray:
        """uint8 (canvas, canvas, 3)."""
        random = np.random.default_rng([self.seed, self.number, 1])
        return draw_face(parameters_of(self.seed, self.number), random, canvas)


@dataclass(frozen=True)
class DrawnFaces:
    """Faces drawn by code.

    Attributes:
        count: of them.
        seed: of all of them; more leave the earlier ones as they are.
    """

    count: int
    seed: int
    origin: Origin = field(default="sample", init=False)
    class_names: tuple[str, ...] = field(default=(), init=False)

    @property
    def length(self) -> int:
        """How many there are."""
        return self.count

    def fingerprint(self) -> str:
        """A hash of all settings."""
        return hashlib.sha256(f"{self!r} {FACES_VERSION}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The faces from position ``start`` on."""
        for number in range(start, self.count):
            yield Item(f"{number:06d}", Made(np.zeros((1, 1, 3), np.uint8), DrawnFace(self.seed, number)))

    def vectors(self) -> VectorTable:
        """The parameters of each."""
        names = [f"{number:06d}" for number in range(self.count)]
        values = [list(parameters_of(self.seed, number).values()) for number in range(self.count)]
        return VectorTable(Path("drawn faces"), names, np.array(values, np.float32), names=PARAMETERS)


@dataclass(frozen=True)
class CelebAttributes:
    """CelebA's attributes of the pictures that are used, each -1 or 1.

    Attributes:
        root: the folder.
        wanted: names of attributes; empty takes all.
    """

    root: Path
    wanted: tuple[str, ...]

    def __call__(self) -> VectorTable:
        """A vector for each picture.

        Raises:
            UserError: there is no table, it has no such attribute, or it is damaged.
        """
        table = table_in(self.root, ATTRIBUTES)
        if table is None:
            raise UserError(f"{self.root} has no {ATTRIBUTES}.txt: put it there, or set data.vectors=null.")
        names, rows = table
        if unknown := [name for name in self.wanted if name not in names]:
            raise UserError(f"data.attributes: {unknown[0]} is none of {', '.join(names)}.")
        columns = [names.index(name) for name in self.wanted or names]
        if not columns:
            raise UserError(f"{self.root}: {ATTRIBUTES} does not name its columns in its second line: fetch it again.")
        try:
            values = np.array([numbers_of([row[column] for column in columns]) for row in rows.values()], np.float32)
        except ValueError as problem:
            raise UserError(f"{self.root}: {ATTRIBUTES} is damaged ({problem}): fetch the file again.") from None
        return VectorTable(self.root / ATTRIBUTES, list(rows), values, names=tuple(names[column] for column in columns))


def open_faces(
    root: str | None = None,
    attributes: Sequence[str] = (),
    align: Align = "none",
    landmarks: str | None = None,
    detector: str | None = None,
    count: Count = 3000,
    drawing_seed: Seed = 0,
) -> Pictures:
    """Open faces.

    Args:
        root: a folder; with ``img_align_celeba`` in it it is CelebA's. None draws faces.
        attributes: those of CelebA that are condition vectors with ``data.vectors=auto``; empty takes all 40.
        align: ``none``; ``landmarks``, of a table; or ``detect``, by OpenCV's YuNet.
        landmarks: the table, see :func:`points_of`; None takes CelebA's own.
        detector: file of YuNet's weights, an .onnx.
        count: of drawn faces.
        drawing_seed: of those.

    Raises:
        UserError: the folder or a table is missing or damaged.
    """
    if align == "detect" and (detector is None or not Path(detector).expanduser().is_file()):
        raise UserError(
            f"data.align=detect needs the weights of OpenCV's YuNet, and data.detector={detector} is no file: give "
            "face_detection_yunet_2023mar.onnx of OpenCV's model zoo, or set data.align=landmarks."
        )
    if root is None:
        notice("data.source", f"No folder of faces is given, so {count} faces are drawn: set data.root to one.")
        source = DrawnFaces(count, drawing_seed)
        return Pictures(f"{count} drawn faces", source, label=None, vectors=source.vectors)
    path = Path(root).expanduser()
    has_parts = path.is_dir() and table_in(path, PARTITION) is not None
    files = FaceFiles(root, align, landmarks, detector, TRAINED_ON if has_parts else None)
    test = FaceFiles(root, align, landmarks, detector, TEST) if has_parts else None
    held_out = test if test is not None and test.length else None
    vectors = CelebAttributes(path, tuple(attributes)) if table_in(path, ATTRIBUTES) is not None else None
    return Pictures(f"faces in {path.resolve().name}", files, held_out, vectors=vectors)
