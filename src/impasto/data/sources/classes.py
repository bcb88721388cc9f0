"""The classes of label maps, from settings or a file: names, numbers in index masks, colours."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from impasto.base.errors import UserError
from impasto.base.label_maps import UNLABELLED, usual_colors
from impasto.base.spec import Color, LabelMap
from impasto.data.sources.label_files import in_hex

Classes = str | Sequence[Any] | Mapping[str, Any]
Ignore = int | str | Sequence[int] | None

FORMS: Final = (
    "data.classes takes names in the order of their numbers, [sky,house]; or names with numbers, {sky: 7, house: 9}; "
    "or names with colours, {sky: '#0080ff', house: [128,0,0]}; or a file: .txt with a name a line, .csv with the "
    "columns name, number and color (one of the two may be missing), or .json"
)


def label_map_of(classes: Classes, ignore: Ignore = UNLABELLED, boundaries: bool = False) -> LabelMap:
    """Read the classes.

    Args:
        classes: see :data:`FORMS`.
        ignore: number or colour of pixels that are of no class; None for none.
        boundaries: whether networks see boundaries between objects.

    Raises:
        UserError: the file cannot be read, or a class is not what it should be.
    """
    found = read_file(classes) if isinstance(classes, str) else classes
    rows = list(rows_of(found))
    names = [name for name, *_ in rows]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"data.classes names {twice} twice: give each class a name of its own.")
    if not 1 <= len(rows) <= UNLABELLED:
        raise UserError(f"data.classes names {len(rows)} classes: give 1 to {UNLABELLED}.")
    numbers, colors = numbers_of(rows), colors_of(rows)
    number, color = (ignore, None) if isinstance(ignore, int) else (None, ignore)
    if number is not None and number in numbers:
        if ignore != UNLABELLED:
            name = names[numbers.index(number)]
            raise UserError(f"data.ignore={ignore} is the number of {name}: choose another, or null.")
        number = None
    ignored = None if color is None else color_of(color, "data.ignore")
    if ignored in colors:
        raise UserError(
            f"data.ignore={color} is the colour of {names[colors.index(ignored)]}: choose another, or null."
        )
    return LabelMap(tuple(names), colors, numbers, number, ignored, boundaries)


Row = tuple[str, int | None, Color | None]
"""Name, number and colour of a class."""


def rows_of(classes: Any) -> list[Row]:
    """Names, numbers and colours from a list or a mapping.

    Raises:
        UserError: it is neither.
    """
    if isinstance(classes, Mapping):
        return [(str(name), *number_and_color(str(name), value)) for name, value in classes.items()]
    if isinstance(classes, Sequence) and not isinstance(classes, str):
        if all(isinstance(name, str | int) for name in classes):
            return [(str(name), number, None) for number, name in enumerate(classes)]
        if all(isinstance(each, tuple) for each in classes):
            return list(classes)
    raise UserError(f"data.classes={classes} names no classes: {FORMS}.")


def number_and_color(name: str, value: Any) -> tuple[int | None, Color | None]:
    """The number or the colour that a class is given.

    Raises:
        UserError: it is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value, None
    return None, color_of(value, f"data.classes.{name}")


def color_of(value: Any, key: str) -> Color:
    """``#rrggbb`` or three numbers from 0 to 255.

    Raises:
        UserError: it is neither.
    """
    if isinstance(value, str) and (found := re.fullmatch(r"#?([0-9a-fA-F]{6})", value.strip())):
        digits = found[1]
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if isinstance(value, Sequence) and len(value) == 3 and all(isinstance(v, int) and 0 <= v <= 255 for v in value):
        return value[0], value[1], value[2]
    raise UserError(f"{key}={value} is neither a number nor a colour: give a colour as '#rrggbb' or [r,g,b], 0 to 255.")


def numbers_of(rows: Sequence[Row]) -> tuple[int, ...]:
    """The numbers of all classes; empty if none has one.

    Raises:
        UserError: one lacks a number, two have the same, or one is out of range.
    """
    numbers = [number for _, number, _ in rows if number is not None]
    if not numbers:
        return ()
    for name, number, _ in rows:
        if number is None or not 0 <= number <= 255 or numbers.count(number) > 1:
            given = "no number" if number is None else f"the number {number}"
            raise UserError(
                f"data.classes gives {name} {given}: give each class a number of its own, 0 to 255, or none of them."
            )
    return tuple(numbers)


def colors_of(rows: Sequence[Row]) -> tuple[Color, ...]:
    """The colours of all classes; the usual ones if none has one.

    Raises:
        UserError: one lacks a colour, or two have the same.
    """
    colors = [color for *_, color in rows if color is not None]
    if not colors:
        return usual_colors(len(rows))
    for name, _, color in rows:
        if color is None or colors.count(color) > 1:
            given = "no colour" if color is None else f"the colour {in_hex(color)}"
            raise UserError(f"data.classes gives {name} {given}: give each class a colour of its own, or none of them.")
    return tuple(colors)


def read_file(name: str) -> Any:
    """Classes from a file.

    Raises:
        UserError: it is not there, or holds something else.
    """
    path = Path(name).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text)
        if path.suffix.lower() == ".csv":
            return [row_of(row) for row in csv.DictReader(text.splitlines())]
    except OSError as problem:
        raise UserError(f"data.classes={name} cannot be read ({problem.strerror}): {FORMS}.") from None
    except KeyError as problem:
        raise UserError(f"data.classes={name} has no column {problem.args[0]}: {FORMS}.") from None
    except (ValueError, TypeError, RecursionError, csv.Error) as problem:
        raise UserError(f"data.classes={name} is not what its ending says ({problem}): {FORMS}.") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def row_of(row: Mapping[str, str]) -> Row:
    """A line of a .csv; KeyError or ValueError if it does not fit."""
    number, color = (row.get("number") or "").strip(), (row.get("color") or "").strip()
    found = color_of(color, f"data.classes.{row['name']}") if color else None
    return row["name"].strip(), int(number) if number else None, found
