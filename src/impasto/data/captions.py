"""Captions of pictures: from one table, from a text file beside each, or the data set's own."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.vocabulary import Vocabulary, words_of
from impasto.data.sources.vector_table import VectorTable

AUTO: Final = "auto"
TABLES: Final = ("captions.csv", "captions.jsonl", "metadata.jsonl", "metadata.csv")
"""Files with the captions of a folder, in the order in which they are looked for."""
FILE_KEYS: Final = ("file", "file_name")
TEXT_KEYS: Final = ("caption", "text")
FORMS: Final = (
    "captions.csv with the columns file and caption, captions.jsonl with these keys in every line, or a .txt of the "
    "same name beside each picture"
)


def read_captions(captions: str, root: str | None, own: Mapping[str, str] | None) -> dict[str, str]:
    """The caption of each picture by its name, a path below the folder of pictures.

    Args:
        captions: a .csv or .jsonl; or ``auto``: the data set's own, else a table of :data:`TABLES` in the folder, else
            text files beside the pictures.
        root: folder of the pictures; None for data that is no folder.
        own: what the data set itself says.

    Raises:
        UserError: there are none, or a file holds something else.
    """
    if captions != AUTO:
        return _read_table(as_path("data.captions", captions))
    if own is not None:
        return dict(own)
    if root is None:
        raise UserError("data.captions=auto, but this data has no captions: set data.captions=FILE, .csv or .jsonl.")
    folder = Path(root).expanduser()
    for name in TABLES:
        if (folder / name).is_file():
            return _read_table(folder / name)
    found = dict(_beside_pictures(folder))
    if not found:
        raise UserError(f"There are no captions in {folder}: put there {FORMS}.")
    return found


def _read_table(path: Path) -> dict[str, str]:
    """A table of captions; of several captions of one picture the first."""
    if path.suffix.lower() not in (".csv", ".jsonl") or not path.is_file():
        problem = "does not exist" if path.suffix.lower() in (".csv", ".jsonl") else "is neither .csv nor .jsonl"
        raise UserError(f"data.captions={path} {problem}: give {FORMS}.")
    found: dict[str, str] = {}
    repeated = 0
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        rows: Any = _csv_rows(file, path) if path.suffix.lower() == ".csv" else _json_lines(file, path)
        for number, row in enumerate(rows, 2 if path.suffix.lower() == ".csv" else 1):
            name, text = (next((row[key] for key in keys if key in row), None) for keys in (FILE_KEYS, TEXT_KEYS))
            if not isinstance(name, str) or not isinstance(text, str):
                raise UserError(f"{path}, line {number}, has no file or no caption: give {FORMS}.")
            repeated += name in found
            found.setdefault(name, text)
    if not found:
        raise UserError(f"{path} holds no captions: give {FORMS}.")
    if repeated:
        notice("data.captions", f"{repeated} further captions in {path} are not used: each picture takes its first.")
    return found


def _csv_rows(file: Any, path: Path) -> Iterator[dict[str, Any]]:
    try:
        yield from csv.DictReader(file)
    except csv.Error as problem:
        raise UserError(f"{path} is no CSV ({problem}): give {FORMS}.") from None


def _json_lines(lines: Any, path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise UserError(f"{path}, line {number}, is no JSON object: give {FORMS}.")
        yield row


def _beside_pictures(folder: Path) -> Iterator[tuple[str, str]]:
    """Text files by the name of the picture beside them, whatever its ending."""
    for text in sorted(folder.rglob("*.txt")):
        for picture in sorted(text.parent.glob(f"{_escaped(text.stem)}.*")):
            if picture != text:
                caption = " ".join(text.read_text("utf-8-sig", errors="replace").split())
                yield picture.relative_to(folder).as_posix(), caption


def _escaped(name: str) -> str:
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in name)


def captions_as_vectors(captions: Mapping[str, str], name: str, flip: bool) -> tuple[VectorTable, Vocabulary]:
    """Captions as numbers of words, one row for each picture, and what the numbers mean.

    Args:
        captions: by picture.
        name: of where they come from, for messages.
        flip: whether every other picture is mirrored in training.

    Raises:
        UserError: pictures are mirrored whose captions speak of left and right, or captions have no words.
    """
    vocabulary = Vocabulary.of(captions.values())
    if not vocabulary.words:
        raise UserError(f"The captions in {name} have no words: describe what each picture shows.")
    if flip and {"left", "right"} & set(vocabulary.words):
        raise UserError(
            "Captions speak of left and right, and data.flip=true mirrors every other picture: set data.flip=false."
        )
    cut = sum(len(words_of(text)) > vocabulary.length for text in captions.values())
    if cut:
        notice("data.captions", f"{cut} captions are longer than {vocabulary.length} words, and end there.")
    rows = vocabulary.encode(list(captions.values()))
    return VectorTable(Path(name), list(captions), rows, "caption"), vocabulary
