"""Condition vectors of any origin, such as embeddings of texts or measured attributes: one for each picture."""

import csv
import hashlib
import zipfile
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.packing.packed import PackedImages
from impasto.data.sources.vector_table import VectorTable

FORMATS: Final = "a .npz with the arrays files and vectors, or a .csv of a column file and columns of numbers"


def read_vectors(path: str | Path, option: str = "data.vectors") -> VectorTable:
    """Read a table of vectors without running anything that may be hidden in it.

    Args:
        path: a .npz with the arrays ``files`` (n,) of strings and ``vectors`` (n, K) of numbers; or a .csv with a
            header, ``file`` in the first column and numbers in all others.
        option: the setting that names the file, for messages.

    Raises:
        UserError: the file does not exist, or holds something else.
    """
    file = Path(path).expanduser()
    if file.suffix.lower() not in (".npz", ".csv"):
        raise UserError(f"{option}={path} is neither .npz nor .csv: give {FORMATS}.")
    if not file.is_file():
        raise UserError(f"{option}={path} does not exist: give {FORMATS}.")
    files, raw = _read_npz(file, option) if file.suffix.lower() == ".npz" else _read_csv(file, option)
    if not len(files) or not raw.shape[1]:
        raise UserError(f"{option}={path} holds no vectors: give {FORMATS}.")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is named below
        vectors = np.ascontiguousarray(raw, np.float32)
    wrong = np.flatnonzero(~np.isfinite(vectors).all(1))
    if len(wrong):
        raise UserError(
            f"{option}={path}: {len(wrong)} of {len(files)} vectors are not finite in float32, such as that of "
            f"{files[wrong[0]]}: mend them or leave them and their pictures out."
        )
    return VectorTable(file, files, vectors)


def _read_npz(path: Path, option: str) -> tuple[list[str], np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as content:
            files, vectors = content["files"], content["vectors"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as problem:
        reason = " ".join(str(problem).split()).strip("'\"").rstrip(".")
        raise UserError(
            f"{option}={path} cannot be read ({reason}): write it with "
            "numpy.savez(FILE, files=numpy.array(NAMES, str), vectors=VECTORS)."
        ) from None
    fits = files.dtype.kind == "U" and vectors.dtype.kind in "fiub" and files.ndim == 1 and vectors.ndim == 2
    if not fits or len(files) != len(vectors):
        raise UserError(
            f"{option}={path} has files of {files.dtype} {files.shape} and vectors of {vectors.dtype} {vectors.shape}: "
            "give n strings and numbers of shape (n, K)."
        )
    return files.tolist(), vectors


def _read_csv(path: Path, option: str) -> tuple[list[str], np.ndarray]:
    files: list[str] = []
    numbers = array("d")
    # Spreadsheets put a mark before the header; a name that is not UTF-8 keeps its bytes, as names of pictures do.
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        rows = csv.reader(file)
        try:
            header = next(rows, [])
            if header[:1] != ["file"]:
                raise UserError(f"{option}={path}: its first column is not called file: give {FORMATS}.")
            for row in filter(None, rows):
                if len(row) != len(header):
                    raise ValueError(f"{len(row) - 1} numbers instead of {len(header) - 1}")
                files.append(row[0])
                numbers.extend(map(float, row[1:]))
        except (ValueError, csv.Error) as problem:
            raise UserError(
                f"{option}={path}, line {rows.line_num}: {problem}; give a file and {len(header) - 1} numbers in each."
            ) from None
    return files, np.frombuffer(numbers).reshape(len(files), len(header) - 1)


def own_vectors(give: Callable[[], VectorTable] | None) -> VectorTable:
    """The vectors that a data set has itself.

    Raises:
        UserError: it has none.
    """
    if give is None:
        raise UserError(f"data.vectors=auto, but this data has no attributes: set data.vectors=FILE, {FORMATS}.")
    return give()


def attach(table: VectorTable, packs: Sequence[PackedImages]) -> list[PackedImages]:
    """Give every picture its vector, by its name.

    Args:
        table: holds one vector for each of them; others are ignored, with a notice.
        packs: pictures.

    Returns:
        The same pictures with their ``vectors``.

    Raises:
        UserError: a picture has no vector, or several.
    """
    row_of = {name: row for row, name in enumerate(table.files)}
    if len(row_of) < len(table.files):
        repeated = next(name for row, name in enumerate(table.files) if row_of[name] != row)
        raise UserError(f"{table.path} has more than one {table.kind} of {repeated}: leave one row for each picture.")
    rows = [[row_of.get(name, -1) for name in packed.every_name()] for packed in packs]
    total, missing = sum(map(len, rows)), sum(part.count(-1) for part in rows)
    if missing:
        packed, part = next((packed, part) for packed, part in zip(packs, rows, strict=True) if -1 in part)
        raise UserError(
            f"{missing} of {total} pictures have no {table.kind} in {table.path}, such as "
            f"{packed.names(part.index(-1))}: add a row for each, named by its path below data.root, or take those "
            "pictures out of the folder."
        )
    used = set().union(*rows)
    if extra := len(table.files) - len(used):
        example = next(name for row, name in enumerate(table.files) if row not in used)
        notice(
            f"data.{table.kind}s",
            f"{extra} of {len(table.files)} {table.kind}s in {table.path} are not used, such as that of {example}: no "
            "picture of this run, which leaves bad, repeated and limited ones out, has that path below data.root.",
        )
    return [replace(packed, vectors=table.vectors[part]) for packed, part in zip(packs, rows, strict=True)]


def digest_of(packs: Sequence[PackedImages]) -> str | None:
    """SHA-256 of the pictures' vectors in the pictures' order, independent of the file; None without vectors."""
    digest = hashlib.sha256()
    for packed in packs:
        if packed.vectors is None:
            return None
        digest.update(repr(packed.vectors.shape).encode())
        digest.update(np.ascontiguousarray(packed.vectors).data)
    return digest.hexdigest()
