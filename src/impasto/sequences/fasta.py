"""FASTA files, read by Biopython."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TextIO

from impasto.base.errors import UserError

FILES: Final = (".fasta", ".fa", ".fna", ".faa", ".fas")
"""Endings of FASTA files, each also with .gz behind it."""


@dataclass(frozen=True)
class Record:
    """One sequence of a file.

    Attributes:
        name: the file, a colon and the sequence's own name.
        letters: as they stand there, in lines joined.
        label: number of its class.
    """

    name: str
    letters: str
    label: int


@dataclass(frozen=True)
class Found:
    """What files hold.

    Attributes:
        records: all sequences.
        class_names: folders, or files where they are in one folder; one class is none.
        bad: files that cannot be read, with the reason.
    """

    records: list[Record]
    class_names: tuple[str, ...]
    bad: list[tuple[str, str]]


def read_fasta(root: str, endings: Sequence[str] = FILES) -> Found:
    """The sequences of a FASTA file, or of all in a folder: a folder for each class, or a file for each.

    Raises:
        UserError: there is no such folder, or it holds no FASTA; Biopython is not installed.
    """
    folder = Path(root).expanduser()
    files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if is_fasta(path, endings))
    if not files:
        what = "has no" if folder.exists() else "does not exist; give a"
        raise UserError(f"data.root={root} {what} FASTA file ({', '.join(endings)}, or one of these with .gz).")
    groups = [class_of(path.relative_to(folder).parts[0] if path != folder else path.name, endings) for path in files]
    names = tuple(sorted(set(groups)))
    records: list[Record] = []
    bad: list[tuple[str, str]] = []
    for path, group in zip(files, groups, strict=True):
        try:
            here = [Record(f"{path.name}:{name}", letters, names.index(group)) for name, letters in entries(path)]
        except (OSError, EOFError, ValueError, zlib.error) as problem:  # bytes that are no text, or a damaged .gz
            bad.append((str(path), f"cannot be read: {' '.join(str(problem).split())}"))
            continue
        if not here:
            bad.append((str(path), "holds no sequence: each begins with a line of > and a name"))
        records += here
    present = sorted({record.label for record in records})  # a class of nothing but broken files is none
    records = [replace(record, label=present.index(record.label)) for record in records]
    return Found(records, tuple(names[label] for label in present), bad)


def class_of(part: str, endings: Sequence[str]) -> str:
    """The class that a folder, or a file without its ending, is of."""
    bare = part[:-3] if part.lower().endswith(".gz") else part
    ending = next((each for each in endings if bare.lower().endswith(each)), None)
    return part if ending is None else bare[: -len(ending)]


def is_fasta(path: Path, endings: Sequence[str]) -> bool:
    """Whether a file is one by its name."""
    return path.is_file() and path.name.lower().removesuffix(".gz").endswith(tuple(endings))


def entries(path: Path) -> Iterator[tuple[str, str]]:
    """Names and letters of the sequences of a file."""
    try:
        from Bio.SeqIO.FastaIO import SimpleFastaParser
    except ImportError:
        raise UserError("FASTA files are read by Biopython: pip install 'impasto[sequences]'.") from None
    file: TextIO
    packed, marked = path.suffix.lower() == ".gz", "utf-8-sig"  # some editors put a mark at the beginning
    with gzip.open(path, "rt", encoding=marked) if packed else path.open(encoding=marked) as file:
        for number, (title, letters) in enumerate(SimpleFastaParser(file)):
            yield title.split()[0] if title.strip() else str(number), letters.rstrip("*")
