"""What the page paints with: one painter for all visitors, and the styles that it knows by name."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from impasto import __version__
from impasto.app.pictures import shrink
from impasto.app.places import NotHere, Shelf, inside
from impasto.base.errors import UserError
from impasto.inference.brush import SIDE
from impasto.inference.events import Event
from impasto.inference.repaint import Look, Repainting
from impasto.inference.style_choice import ADAPTER, ChosenStyle, shipped_styles
from impasto.inference.styles import mixed_style, stronger
from impasto.inference.stylize import STRONGEST, stylize
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter

TILE: Final = 1024
"""Pixels of a tile's side: between two tiles of one visitor's picture another visitor's preview is painted."""
REMEMBERED: Final = 32
"""Styles that are kept encoded."""
MOST_STYLES: Final = 20
"""That are mixed at once."""
BRUSHES: Final = (0.5, 3.0)
"""Range of the brush on the page."""


@dataclass(frozen=True)
class Wish:
    """How a visitor wants a picture painted.

    Attributes:
        styles: their names, as :class:`StyleShelf` knows them.
        strength: from 0 to 1.5.
        brush: from 0.5 to 3; 1 is as broad as in the style's pictures.
        keep_colours: take colours from the photograph.
    """

    styles: tuple[str, ...]
    strength: float = 1.0
    brush: float = 1.0
    keep_colours: bool = False

    @property
    def look(self) -> Look:
        """As painting takes it; above strength 1 it is the style that is made stronger."""
        return Look(min(self.strength, 1.0), self.keep_colours, TILE, "auto" if self.brush == 1 else self.brush)


def wish_from(told: object) -> Wish:
    """A wish as a browser tells it.

    Raises:
        UserError: it makes no sense.
    """
    values = told if isinstance(told, dict) else {}
    styles = values.get("chosen", ())
    if not isinstance(styles, list | tuple) or not all(isinstance(each, str) for each in styles):
        raise UserError("These styles cannot be read; load the page again.")
    if len(styles) > MOST_STYLES:
        raise UserError(f"{len(styles)} styles are too many to mix: choose {MOST_STYLES} at most.")
    strength, brush = (
        within(name, values.get(name, 1.0), *ends)
        for name, ends in (("strength", (0.0, STRONGEST)), ("brush", BRUSHES))
    )
    return Wish(tuple(dict.fromkeys(styles)), strength, brush, values.get("keep_colours") is True)


def within(name: str, value: object, low: float, high: float) -> float:
    """A number from a browser.

    Raises:
        UserError: it is none, or out of range.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise UserError(f"{name.capitalize()} goes from {low:g} to {high:g}.")
    return float(value)


class StyleShelf:
    """Styles by name: ``shipped/NAME``, ``own/NAME`` for adapters in a folder, ``brought/TOKEN`` for a visitor's.

    Args:
        own: folder of adapters; it need not be there.
        brought: folders of pictures and adapters that visitors brought.
    """

    def __init__(self, own: Path, brought: Shelf) -> None:
        self.own, self.brought = own, brought

    def listed(self) -> list[str]:
        """Names of all but the visitors', own ones first."""
        own = sorted(self.own.glob(f"*{ADAPTER}"), key=lambda path: path.stat().st_mtime, reverse=True)
        return [f"own/{path.stem}" for path in own] + [f"shipped/{name}" for name in shipped_styles()]

    def find(self, name: str) -> ChosenStyle:
        """The style of a name.

        Raises:
            NotHere: there is none.
        """
        kind, _, rest = name.partition("/")
        if kind == "shipped" and (pictures := shipped_styles().get(rest)) is not None:
            return ChosenStyle(rest, pictures=pictures)
        if kind == "own":
            return ChosenStyle(rest, adapter=inside(self.own, f"{rest}{ADAPTER}", [ADAPTER]))
        if kind == "brought":
            files = [path for path in sorted(self.brought.of(rest).iterdir()) if path.name != "shown.jpg"]
            adapters = [path for path in files if path.suffix.lower() == ADAPTER]
            if adapters:
                return ChosenStyle(adapters[0].stem, adapter=adapters[0])
            if files:
                return ChosenStyle(files[0].stem, pictures=tuple(files))
        raise NotHere


class Studio:
    """Paints for all visitors with one painter, a tile at a time.

    Args:
        painter: of any style; or one that takes content alone.
        shelf: of styles.
    """

    def __init__(self, painter: Painter, shelf: StyleShelf) -> None:
        self.painter, self.shelf = painter, shelf
        self._turn = threading.Lock()
        self._known: OrderedDict[Any, Painter] = OrderedDict()

    @property
    def takes_styles(self) -> bool:
        """Whether there is a choice of styles."""
        return isinstance(self.painter, StylePainter)

    def styled(self, wish: Wish) -> Painter:
        """What paints a wish.

        Raises:
            UserError: no style is chosen, or one is not there or cannot be read.
        """
        if not isinstance(self.painter, StylePainter):
            return self.painter
        if not wish.styles:
            raise UserError("Choose a style.")
        chosen = [self.shelf.find(name) for name in wish.styles]
        key = (tuple(map(signature, chosen)), max(wish.strength, 1.0))
        if key not in self._known:
            with self._turn:
                style = stronger(self.painter, mixed_style(self.painter, chosen), wish.strength)
                self._known[key] = self.painter.in_style(style)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]

    def preview(self, pixels: np.ndarray, wish: Wish) -> np.ndarray:
        """A picture, uint8 (H, W, 3), painted small: strokes are as large in it as they will be in the whole."""
        small, look = shrink(pixels, SIDE, shorter=True), replace(wish.look, tile=0)
        painter = self.styled(wish)
        with self._turn:
            repainting = Repainting(painter, small, None, look)
            for _ in repainting:
                pass
        return repainting.result if repainting.channels == 3 else repainting.result.repeat(3, 2)

    def paint(self, source: Path, target: Path, wish: Wish) -> Iterator[Event]:
        """Paint a picture of a file at full size into a file, which says how; events as of ``stylize``."""
        said = told_of(wish) if self.takes_styles else f"Painted by Impasto {__version__}"
        events = stylize(self.styled(wish), source, target, look=wish.look, overwrite=True, told=said)
        while True:
            with self._turn:
                event = next(events, None)
            if event is None:
                return
            yield event


def parted(name: str) -> tuple[str, str, str]:
    """A style's name at its first slash."""
    return name.partition("/")


def files_of(chosen: ChosenStyle) -> list[Path]:
    """The files of a style: its pictures, or its adapter."""
    return [path for path in (*chosen.pictures, chosen.adapter) if isinstance(path, Path)]


def signature(chosen: ChosenStyle) -> tuple[Any, ...]:
    """What tells the contents of a style's files from others."""
    return tuple((str(path), path.stat().st_mtime_ns) for path in files_of(chosen))


def told_of(wish: Wish) -> str:
    """What the file of a painting says of itself."""
    styles = ["pictures of one's own" if kind == "brought" else name for kind, _, name in map(parted, wish.styles)]
    colours = ", with the photograph's colours" if wish.keep_colours else ""
    return (
        f"Painted by Impasto {__version__} in the style of {' and '.join(styles)}, strength {wish.strength:g}, "
        f"brush {wish.brush:g}{colours}"
    )
