"""Pictures of one size in one file: read in any order, never loaded whole."""

import csv
import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Final, Literal

import numpy as np

from impasto.base.files import whole_or_not
from impasto.base.spec import LabelMap
from impasto.data.sources.source import shown

FORMAT: Final = 1
"""Raised when older packed pictures can no longer be read, or would come out different."""

BAD_LIST: Final = "bad_images.csv"

# A name that is not UTF-8 keeps its bytes, so that the file can be found.
_open_csv = partial(open, newline="", encoding="utf-8", errors="surrogateescape")

GOOD, BAD, DUPLICATE = 0, 1, 2
"""What became of an item."""

Duplicates = Literal["skip", "keep"]


@dataclass(frozen=True, eq=False)
class PackedImages:
    """Packed pictures, or a selection of them in any order.

    Cheap to copy and to pickle: every process opens the file for itself.

    Attributes:
        folder: where they are kept.
        fingerprint: of the pictures, their labels, their size and their order; not of their vectors.
        shape: (H, W, C) of each.
        class_names: one name per label; empty for unlabelled pictures.
        index: int64 (n,), the row of ``images`` that holds each picture.
        labels: int64 (n,), or None for unlabelled pictures.
        sizes: int32 (n, 2), the height and width of each that hold picture, counted from the top left.
        num_rows: rows of ``images``, those of bad pictures included.
        num_bad: how many pictures could not be used, of all that were packed.
        num_duplicates: how many files repeat another byte for byte, of all that were packed.
        vectors: float32 (n, K), the condition of each picture; None without vectors.
        cut_from: int64 (n,), the number of the picture that each is a crop of, or of the patient that it shows; None if
            each is a picture of its own.
        num_stretched: how many had layers of different shapes, of all that were packed.
        depth: bits of a sample, 8 or 16.
        levels: by channel, the values that networks see as -1 and 1; None for the whole range of the type.
        label_map: what the numbers of label maps mean; None for pictures.
        channels: the first channel, the one behind the last, and how many the file has; None for all.
        frames: rows behind that of a picture whose channels lie behind each other in it, such as (0, 1, 2) for three
            consecutive frames of a clip; (0,) for a picture of its own.
    """

    folder: Path
    fingerprint: str
    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    index: np.ndarray = field(repr=False)
    labels: np.ndarray | None = field(repr=False)
    sizes: np.ndarray = field(repr=False)
    num_rows: int
    num_bad: int
    num_duplicates: int
    vectors: np.ndarray | None = field(default=None, repr=False)
    cut_from: np.ndarray | None = field(default=None, repr=False)
    num_stretched: int = 0
    depth: int = 8
    levels: tuple[tuple[float, float], ...] | None = None
    channels: tuple[int, int, int] | None = None
    frames: tuple[int, ...] = (0,)
    label_map: LabelMap | None = None

    def __len__(self) -> int:
        return len(self.index)

    @cached_property
    def images(self) -> np.ndarray:
        """uint8 or uint16 (rows, H, W, C), memory-mapped; ``images[index[i]]`` is picture i, or its first frame.

        Pages that are read through the map stay in this process's resident memory: use :meth:`batch` for repeated
        reading.
        """
        first, end, count = self._channels
        shape = (self.num_rows, *self.shape[:2], count)
        return np.memmap(self._path, self._dtype, "r", shape=shape)[..., first:end]

    def batch(self, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """A copy of the pictures at ``positions``, in that order, as uint8 or uint16 (n, H, W, C).

        Raises:
            IndexError: a position is out of range.
        """
        chosen = self.index[np.asarray(positions, np.int64)]
        rows = (chosen[:, None] + np.array(self.frames)).ravel()
        first, end, count = self._channels
        result = np.empty((len(rows), *self.shape[:2], count), self._dtype)
        flat = result.reshape(len(rows), -1)
        # Read, not mapped: with the kernel's large pages, 64 MB of scattered rows make 2 GB of a map resident.
        row_bytes = flat.shape[1] * flat.itemsize
        for target, offset in zip(flat, (rows * row_bytes).tolist(), strict=True):
            if os.preadv(self._file.descriptor, [target.data], offset) != row_bytes:
                raise OSError(f"{self._path} is shorter than it was: it changed while it was read")
        if len(self.frames) > 1:
            by_frame = result.reshape(len(chosen), len(self.frames), *result.shape[1:])
            return np.moveaxis(by_frame, 1, 3).reshape(len(chosen), *self.shape)
        if self.channels is None:
            return result
        some = np.empty((len(rows), *self.shape), self._dtype)
        for channel in range(first, end):  # one by one: three times as fast as all at once, in runs of three bytes
            some[..., channel - first] = result[..., channel]
        return some

    def as_bytes(self, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """The pictures at ``positions`` as uint8 (n, H, W, C), as screens and 8-bit networks see their levels."""
        pixels = self.batch(positions)
        if (levels := self.levels_to_map) is None:
            return pixels
        lower, upper = np.array(levels, np.float32).T
        return np.rint(255 * np.clip((pixels - lower) / (upper - lower), 0, 1)).astype(np.uint8)

    @property
    def levels_to_map(self) -> tuple[tuple[float, float], ...] | None:
        """:attr:`levels`, spelt out for 16 bits; None if 0 to 255 are -1 to 1."""
        return self.levels or (None if self.depth == 8 else ((0.0, 65535.0),) * self.shape[2])

    def with_levels(self, levels: tuple[tuple[float, float], ...]) -> "PackedImages":
        """The same pictures with other :attr:`levels` and a fingerprint of their own."""
        digest = hashlib.sha256(f"{self.fingerprint} levels {levels}".encode()).hexdigest()[:32]
        return replace(self, fingerprint=digest, levels=levels)

    @property
    def _path(self) -> Path:
        return self.folder / file_name(self.depth)

    @property
    def _dtype(self) -> type[np.uint8] | type[np.uint16]:
        return np.uint8 if self.depth == 8 else np.uint16

    @property
    def _channels(self) -> tuple[int, int, int]:
        each = self.shape[2] // len(self.frames)
        return self.channels or (0, each, each)

    def layer(self, first: int, end: int) -> "PackedImages":
        """The channels from ``first`` up to ``end`` of all pictures, with a fingerprint of their own."""
        digest = hashlib.sha256(f"{self.fingerprint} channels {first} {end}".encode()).hexdigest()[:32]
        shape, levels = (*self.shape[:2], end - first), self.levels and self.levels[first:end]
        if len(self.frames) > 1:  # whole frames, of which the others are not read
            each = self.shape[2] // len(self.frames)
            frames = self.frames[first // each : end // each]
            return replace(self, fingerprint=digest, shape=shape, levels=levels, frames=frames)
        return replace(self, fingerprint=digest, shape=shape, levels=levels, channels=(first, end, self.shape[2]))

    def sequences(self, count: int, step: int = 1) -> "PackedImages":
        """All runs of ``count`` frames, each ``step`` after the one before, of frames that are packed in their order.

        A run stays within a clip, which is a class, and has no frame that is missing here: one that could not be read,
        or belongs to another split. The first frame of a run stands for it in ``index``, ``labels`` and ``sizes``.

        Args:
            count: frames of a run.
            step: rows from one frame to the next.
        """
        frames = tuple(range(0, count * step, step))
        clip = np.full(self.num_rows, -1, np.int64)
        clip[self.index] = 0 if self.labels is None else self.labels
        wanted = self.index[:, None] + np.array(frames)
        inside = wanted[:, -1] < self.num_rows
        same = clip[np.minimum(wanted, self.num_rows - 1)] == clip[self.index][:, None]
        chosen = self.subset(np.flatnonzero(inside & same.all(1)))
        digest = hashlib.sha256(f"{chosen.fingerprint} sequences {frames}".encode()).hexdigest()[:32]
        levels = None if self.levels is None else self.levels * count
        shape = (*self.shape[:2], self.shape[2] * count)
        return replace(chosen, fingerprint=digest, shape=shape, levels=levels, frames=frames)

    def subset(self, positions: Sequence[int] | np.ndarray) -> "PackedImages":
        """The pictures at ``positions``, in that order, with a fingerprint of their own; nothing is copied on disk."""
        chosen = np.asarray(positions, np.int64)
        index = self.index[chosen]
        digest = hashlib.sha256(self.fingerprint.encode() + index.tobytes()).hexdigest()[:32]
        labels, vectors, cut_from = (
            None if values is None else values[chosen] for values in (self.labels, self.vectors, self.cut_from)
        )
        return replace(
            self,
            fingerprint=digest,
            index=index,
            labels=labels,
            sizes=self.sizes[chosen],
            vectors=vectors,
            cut_from=cut_from,
        )

    def names(self, position: int) -> str:
        """The source's name of the picture at ``position``, such as its path below the folder."""
        return next(names_of_rows(self.folder, [int(self.index[position])]))

    def every_name(self) -> Iterator[str]:
        """The names of all pictures, in order."""
        return names_of_rows(self.folder, self.index)

    def bad(self) -> Iterator[tuple[str, str]]:
        """Name and reason of every bad or repeated picture, in the source's order."""
        return read_bad(self.folder)

    @cached_property
    def _file(self) -> "_Opened":
        return _Opened(self._path)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name not in ("images", "_file")}


class _Opened:
    """A file descriptor that closes with its last owner."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


def file_name(depth: int) -> str:
    """Of the file of rows, by the bits of a sample."""
    return f"images.u{depth}"


def names_of_rows(folder: Path, rows: Iterable[int]) -> Iterator[str]:
    """The names of the items in some rows of a packed folder, read from disk one by one."""
    offsets = np.load(folder / "name_offsets.npy", mmap_mode="r")
    with (folder / "names.jsonl").open("rb") as file:
        for row in rows:
            file.seek(int(offsets[row]))
            yield json.loads(file.readline())


def read_bad(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and reason of every bad or repeated picture of a packed folder."""
    with _open_csv(folder / BAD_LIST) as file:
        for row in islice(csv.reader(file), 1, None):
            yield row[0], row[1]


def first_few(bad: Iterable[tuple[str, str]]) -> str:
    """The first bad pictures for a message, each with its reason."""
    return "; ".join(f"{shown(name)}: {reason}" for name, reason in islice(bad, 3))


def write_csv(path: Path, bad: Iterable[tuple[str, str]]) -> None:
    """Write ``bad_images.csv``, whole or not at all."""
    with whole_or_not(path) as temporary, _open_csv(temporary, "w") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "reason"))
        writer.writerows(bad)


def open_packed(folder: Path, duplicates: Duplicates = "skip") -> PackedImages | None:
    """The pictures packed in ``folder``; None if it is missing or not complete.

    Raises:
        OSError: it cannot be read, which is not damage: damaged pictures are packed again.
    """
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        rows, shape = meta["rows"], tuple(meta["shape"])
        depth = meta.get("depth", 8)
        if (folder / file_name(depth)).stat().st_size != rows * math.prod(shape) * depth // 8:
            return None
        status, sizes = np.load(folder / "status.npy"), np.load(folder / "sizes.npy")
        labels = np.load(folder / "labels.npy") if meta["class_names"] else None
        whole = status.shape == (rows,) and sizes.shape == (rows, 2) and (labels is None or labels.shape == (rows,))
        if not (whole and _names_are_whole(folder, rows) and (folder / BAD_LIST).is_file()):
            return None
    except (FileNotFoundError, EOFError, ValueError, KeyError, TypeError, IndexError):
        return None
    index = np.flatnonzero((status == GOOD) | ((status == DUPLICATE) & (duplicates == "keep")))
    return PackedImages(
        folder=folder,
        fingerprint=folder.name if duplicates == "skip" else f"{folder.name}-all",
        shape=shape,
        class_names=tuple(meta["class_names"]),
        index=index,
        labels=None if labels is None else labels[index],
        sizes=sizes[index],
        num_rows=rows,
        num_bad=int((status == BAD).sum()),
        num_duplicates=int((status == DUPLICATE).sum()),
        num_stretched=int(meta.get("stretched", 0)),
        depth=depth,
    )


def _names_are_whole(folder: Path, rows: int) -> bool:
    """Whether there is an offset for each row, and the last name ends where the file does; the others are not read."""
    offsets = np.load(folder / "name_offsets.npy", mmap_mode="r")
    with (folder / "names.jsonl").open("rb") as file:
        file.seek(int(offsets[-1]))
        last = file.readline()
        return len(offsets) == rows and last.endswith(b"\n") and not file.read(1)


def write_bad_images(packed: PackedImages | Sequence[PackedImages], run_dir: str | os.PathLike[str]) -> Path | None:
    """Write ``bad_images.csv`` (name, reason) into a run's folder.

    Args:
        packed: the pictures of the run.
        run_dir: the run's folder, which exists.

    Returns:
        The file; None, and no file, if no picture was left out.
    """
    everything = [packed] if isinstance(packed, PackedImages) else packed
    if not any(part.num_bad + part.num_duplicates for part in everything):
        return None
    path = Path(run_dir) / BAD_LIST
    write_csv(path, chain.from_iterable(part.bad() for part in everything))
    return path
