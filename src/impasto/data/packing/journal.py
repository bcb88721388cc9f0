"""A journal of the chunks packed so far, on disk, so that a killed run goes on where it stopped."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from impasto.base.files import to_disk
from impasto.data.packing.packed import BAD, BAD_LIST, DUPLICATE, FORMAT, GOOD, file_name, names_of_rows, write_csv
from impasto.data.packing.sizing import SizePolicy


class Journal:
    """One line per finished chunk, in the order they finished; memory holds one number per chunk.

    Args:
        path: the file; lines of an earlier run are kept, except a last one cut off by a kill.
        chunk_rows: items in a chunk.
        total: items in all, None if that is not known yet.
    """

    def __init__(self, path: Path, chunk_rows: int, total: int | None) -> None:
        self.num_items = self.num_bad = self.num_stretched = 0
        self._offsets: dict[int, int] = {}
        self._file = path.open("a+b")
        self._file.seek(0)
        end = 0
        for line in self._file:
            try:
                done = json.loads(line)
            except ValueError:
                break
            if not line.endswith(b"\n"):
                break
            # A short chunk is the last one; of a stream that is not certain yet, so it is packed again.
            expected = chunk_rows if total is None else min(chunk_rows, total - done["chunk"] * chunk_rows)
            if len(done["names"]) == expected:
                self._count(done["chunk"], end, done)
            end += len(line)
        self._file.truncate(end)

    def __contains__(self, chunk: int) -> bool:
        return chunk in self._offsets

    def add(self, chunk: int, done: dict[str, Any]) -> None:
        """Note that the rows of a chunk are on the disk."""
        offset = self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps({"chunk": chunk, **done}).encode() + b"\n")
        self._file.flush()
        self._count(chunk, offset, done)

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The reports on the items, chunk by chunk in order."""
        for chunk in sorted(self._offsets):
            self._file.seek(self._offsets[chunk])
            yield json.loads(self._file.readline())

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _count(self, chunk: int, offset: int, done: dict[str, Any]) -> None:
        self._offsets[chunk] = offset
        self.num_items += len(done["names"])
        self.num_stretched += done.get("stretched", 0)
        self.num_bad += sum(reason is not None for reason in done["reasons"])


def finish(folder: Path, journal: Journal, policy: SizePolicy, class_names: tuple[str, ...]) -> None:
    """Turn the journal into the files that :func:`impasto.data.packing.packed.open_packed` reads.

    Args:
        folder: where the rows are.
        journal: of all chunks.
        policy: the canvas.
        class_names: one name per label.

    Raises:
        OSError: a file cannot be written.
    """
    rows = journal.num_items
    status, labels = np.zeros(rows, np.uint8), np.zeros(rows, np.int64)
    sizes, digests, offsets = np.zeros((rows, 2), np.int32), np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    start = 0
    with (folder / "names.jsonl").open("wb") as names:
        for done in journal.chunks():
            chunk = slice(start, start := start + len(done["names"]))
            labels[chunk], sizes[chunk], digests[chunk] = done["labels"], done["sizes"], done["digests"]
            status[chunk] = [GOOD if reason is None else BAD for reason in done["reasons"]]
            lines = [json.dumps(name).encode() + b"\n" for name in done["names"]]
            offsets[chunk] = names.tell() + np.cumsum([0, *map(len, lines[:-1])])
            names.writelines(lines)
    first = _first_with_same_content(digests, status == GOOD)
    status[first >= 0] = DUPLICATE
    arrays: dict[str, np.ndarray] = {"status": status, "labels": labels, "sizes": sizes, "name_offsets": offsets}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    write_bad(folder, journal, first)
    os.truncate(folder / file_name(policy.depth), rows * policy.row_bytes)
    meta = {"format": FORMAT, "rows": rows, "shape": policy.shape, "class_names": class_names}
    meta |= {"stretched": journal.num_stretched, "depth": policy.depth}
    (folder / "meta.json").write_text(json.dumps(meta))
    for path in (*folder.iterdir(), folder):
        to_disk(path)


def _first_with_same_content(digests: np.ndarray, good: np.ndarray) -> np.ndarray:
    """For each item the first good one of the same digest, or -1 if that is itself (or it is bad)."""
    rows = np.flatnonzero(good)
    _, firsts, group = np.unique(digests[rows], return_index=True, return_inverse=True)
    first = np.full(len(digests), -1, np.int64)
    first[rows] = np.where(rows[firsts][group] == rows, -1, rows[firsts][group])
    return first


def write_bad(folder: Path, journal: Journal, first: np.ndarray | None = None) -> None:
    """List the bad pictures so far and, if ``first`` is given, the repeated ones."""
    write_csv(folder / BAD_LIST, _bad(folder, journal, first))


def _bad(folder: Path, journal: Journal, first: np.ndarray | None) -> Iterator[tuple[str, str]]:
    repeated = np.array([], np.int64) if first is None else first[first >= 0]
    originals = names_of_rows(folder, repeated) if len(repeated) else iter(())
    row = 0
    for done in journal.chunks():
        for name, reason in zip(done["names"], done["reasons"], strict=True):
            if reason is not None:
                yield name, reason
            elif first is not None and first[row] >= 0:
                yield name, f"duplicate of {next(originals)}"
            row += 1
