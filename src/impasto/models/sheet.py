"""Which class is where on a sheet of pictures from noise: for the model that paints it, and for the page below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

AS_COLUMNS: Final = 16
"""With so many classes or fewer, each has a column."""
AS_ROWS: Final = 32
"""With so many, each has a row; with more, a single picture ..."""
AT_MOST: Final = 256
"""... for so many of them."""


@dataclass(frozen=True)
class Sheet:
    """Places of classes.

    Attributes:
        columns: pictures in a row.
        labels: the class of each picture, row by row.
        reading: how the classes' names are to be read.
    """

    columns: int
    labels: list[int]
    reading: str


def sheet_of(classes: int, count: int | None = None, columns: int | None = None) -> Sheet:
    """The sheet for a number of classes, 0 where the generator is told none.

    Args:
        classes: how many there are.
        count: pictures; as many as show each class where null.
        columns: pictures in a row; likewise. With either of the two, the classes come in turn, picture by picture.
    """
    if count or columns or classes <= AS_COLUMNS:
        columns = columns or (classes if 0 < classes <= AS_COLUMNS else 8)
        reading = "Columns" if columns == classes else "Row by row, and from the first again"
        return Sheet(columns, [i % max(classes, 1) for i in range(count or columns * 8)], reading)
    if classes <= AS_ROWS:
        return Sheet(8, [label for label in range(classes) for _ in range(8)], "Rows, from the top")
    return Sheet(16, list(range(min(classes, AT_MOST))), "One picture of each, row by row")


def legend(names: Sequence[str], count: int | None = None, columns: int | None = None) -> str:
    """A line that says which class is where; empty without classes."""
    if not names:
        return ""
    sheet = sheet_of(len(names), count, columns)
    shown = names[: max(sheet.labels) + 1]
    rest = f" ({len(names) - len(shown):,} more are not shown)" if len(shown) < len(names) else ""
    return f"{sheet.reading}: {', '.join(shown)}{rest}"
