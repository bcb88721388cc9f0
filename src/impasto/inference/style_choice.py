"""Which styles ``style=`` means: pictures, folders, adapters, and those of the package; imports no torch."""

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from impasto.base.errors import UserError
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import SAMPLES

if TYPE_CHECKING:
    from impasto.painters.adapters import Adapter

ADAPTER: Final = ".safetensors"
"""Ending of adapter files."""
WEIGHTED: Final = re.compile(r"\s*(.+?)\s*:\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?:,|$)", re.DOTALL)
"""A name, a colon and a number, up to a comma or the end: names may hold commas and colons themselves."""


@dataclass(frozen=True)
class ChosenStyle:
    """One style.

    Attributes:
        name: as a caption.
        weight: its share beside others.
        pictures: in that style, as files or uint8 (H, W, 3); empty for an adapter.
        adapter: the file of one, or what it holds; None for pictures.
        found: in a folder that is spread out, so that it may be left out where it cannot be read.
    """

    name: str
    weight: float = 1.0
    pictures: tuple[Path | np.ndarray, ...] = ()
    adapter: "Path | Adapter | None" = None
    found: bool = False


def choose_styles(value: Any, apart: bool = False) -> list[ChosenStyle]:
    """The styles that a setting means.

    Args:
        value: a picture, a folder, an adapter or the name of a shipped style; several as a list or with weights, as a
            mapping, or as text such as ``{a.jpg: 0.7, monet.safetensors: 0.3}``.
        apart: a folder that is given alone is not one style: each picture, adapter and sub-folder in it is.

    Raises:
        UserError: one is not there, a folder holds no pictures, or weights make no sense.
    """
    named = list(weighted_names(value))
    if not named:
        raise no_style()
    weights = [weight for _, weight in named]
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not sum(weights) > 0:
        raise UserError(f"style={value}: give weights of 0 or more, and one of them above 0.")
    if apart and len(named) == 1 and (folder := Path(named[0][0]).expanduser()).is_dir():
        return inside(folder)
    return [choose_style(name, weight) for name, weight in named]


def no_style() -> UserError:
    """That a style is needed, and what may be one."""
    return UserError(f"Give style=: a picture, a folder, an adapter, or one of {', '.join(shipped_styles())}.")


def weighted_names(value: Any) -> Iterable[tuple[str, float]]:
    """Names with their weights, as :func:`choose_styles` takes them.

    Raises:
        UserError: text in braces that is no mapping to numbers.
    """
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return [(str(name), as_weight(weight)) for name, weight in value.items()]
    if isinstance(value, list | tuple):
        return [(str(name), 1.0) for name in value]
    text = str(value)
    if is_there(text) or not re.fullmatch(r"\s*(\{.*\}|\[.*\])\s*", text, re.DOTALL):
        return [(text, 1.0)]
    text = text.strip()
    inner = text[1:-1].strip()
    if text[0] == "[":
        return [(unquoted(name), 1.0) for name in inner.split(",") if name.strip()]
    found, end = [], 0
    while end < len(inner):
        match = WEIGHTED.match(inner, end)
        if match is None:
            raise UserError(f"style={text} cannot be read at {inner[end:].strip()!r}: write {{NAME: WEIGHT, ...}}.")
        found.append((unquoted(match[1]), float(match[2])))
        end = match.end()
    return found


def as_weight(value: Any) -> float:
    """A weight as a number; what is none is not finite, and so refused."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def unquoted(name: str) -> str:
    """Without white space and quotes around it."""
    name = name.strip()
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'" else name


def choose_style(name: str, weight: float) -> ChosenStyle:
    """One style by its name; a file or folder comes before a shipped style of the same name.

    Raises:
        UserError: there is none.
    """
    path = Path(name).expanduser()
    if not is_there(name):
        known = shipped_styles()
        if (pictures := known.get(name)) is None:
            near = get_close_matches(name, known, n=1)
            meant = f": did you mean {near[0]}?" if near else "."
            raise UserError(f"style={name} is no picture, folder or adapter, nor one of {', '.join(known)}{meant}")
        return ChosenStyle(name, weight, pictures)
    if path.is_dir():
        return ChosenStyle(path.resolve().name, weight, tuple(path / each for each in names_in(path)))
    if path.suffix.lower() == ADAPTER:
        return ChosenStyle(path.stem, weight, adapter=path)
    return ChosenStyle(path.stem, weight, (path,))


def inside(folder: Path) -> list[ChosenStyle]:
    """The pictures, adapters and sub-folders of a folder, each a style.

    Raises:
        UserError: there are none.
    """
    adapters = sorted(path for path in folder.glob(f"*{ADAPTER}") if path.is_file())
    found: dict[Path, list[Path]] = {path: [] for path in adapters}
    for name in names_in(folder, may_be_none=bool(adapters)):
        found.setdefault(folder / Path(name).parts[0], []).append(folder / name)
    return [
        ChosenStyle(
            first.name if first.is_dir() else first.stem, 1.0, tuple(pictures), None if pictures else first, True
        )
        for first, pictures in sorted(found.items())
    ]


def names_in(folder: Path, may_be_none: bool = False, option: str = "style") -> list[str]:
    """Paths of the pictures below a folder.

    Args:
        folder: to look through.
        may_be_none: a folder without pictures gives an empty list.
        option: that names the folder, for errors.

    Raises:
        UserError: there are none, unless there may be.
    """
    try:
        return [item.name for item in FolderSource(folder, labels="none", option=option).items()]
    except UserError:
        if may_be_none:
            return []
        raise


def shipped_styles() -> dict[str, tuple[Path, ...]]:
    """The pictures of each style that comes with the package: paintings by name, and all of an artist."""
    folder = SAMPLES / "paintings"
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, tuple[Path, ...]] = {}
    for row in rows:
        artist = row["artist"].partition("_")[2] or row["artist"]  # without the forename
        found[artist] = (*found.get(artist, ()), folder / row["file"])
    return found | {row["name"]: (folder / row["file"],) for row in rows}


def is_there(name: str) -> bool:
    """Whether there is such a file or folder."""
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long a name, no such user's home, a character that none has
        return False
