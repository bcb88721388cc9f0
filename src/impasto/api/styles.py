"""Styles as Python code has them."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from impasto.api.pictures import on_paper
from impasto.base.errors import UserError
from impasto.inference.style_choice import ChosenStyle, choose_styles
from impasto.painters.adapters import Adapter

Style = str | os.PathLike[str] | Image.Image | np.ndarray | Adapter | Mapping[str, float] | Sequence[Any]
"""A picture, a folder, an adapter or the name of a shipped style; several in a sequence, which are mixed equally, or in
a mapping from names to weights, or as pairs of one and its weight."""


def chosen_styles(style: Style | None) -> list[ChosenStyle]:
    """The styles that a value means; none for None.

    Raises:
        UserError: one is not there, cannot be read, or weights make no sense.
    """
    if style is None:
        return []
    if isinstance(style, str | os.PathLike | Mapping):
        return choose_styles(os.fspath(style) if isinstance(style, os.PathLike) else style)
    if isinstance(style, Image.Image | np.ndarray | Adapter):
        return [in_memory(style, 1.0)]
    if not isinstance(style, list | tuple):
        raise UserError(
            f"A style is a file, a folder, a name, a picture, an adapter or several of them, and this is "
            f"{type(style).__name__}: give one of them."
        )
    return [each for one in style for each in one_of_several(one)]


def one_of_several(value: Any) -> list[ChosenStyle]:
    """One style of a sequence, or one with its weight."""
    if isinstance(value, ChosenStyle):
        return [value]
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], int | float):
        style, weight = value
        if isinstance(style, str | os.PathLike):
            return choose_styles({os.fspath(style): weight})
        if not 0 < weight < float("inf"):
            raise UserError(f"The weight {weight} of a style is out of range: give one above 0.")
        return [in_memory(style, float(weight))]
    return chosen_styles(value)


def in_memory(style: Image.Image | np.ndarray | Adapter, weight: float) -> ChosenStyle:
    """A style that lies in no file."""
    if isinstance(style, Adapter):
        return ChosenStyle("adapter" if style.path is None else style.path.stem, weight, adapter=style)
    return ChosenStyle("picture", weight, (on_paper(style),))
