"""The choice of styles on the tab Paint, and styles that visitors bring."""

from pathlib import Path
from typing import Final
from urllib.parse import quote

from impasto.app.easel import MOST_FILES, Easel, State
from impasto.app.pictures import check_picture, safe_name
from impasto.app.places import inside
from impasto.app.studio import Studio
from impasto.base.errors import UserError
from impasto.inference.style_choice import ADAPTER
from impasto.painters.adapters import LARGEST, load_adapter
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter

FIRST_STYLE: Final = "shipped/langlois_bridge"
SMALL_WORDS: Final = ("at", "of", "the", "to", "in")


def first_palette(studio: Studio) -> State:
    """The choice of styles, and the painting as it comes."""
    return {
        "strength": 1.0,
        "brush": 1.0,
        "keep_colours": False,
        "mixing": False,
        "takes_styles": studio.takes_styles,
        **first_choice(studio, {}),
    }


def first_choice(studio: Studio, wish: State) -> State:
    """The styles that there are now, and which of them is chosen."""
    if not studio.takes_styles:
        return {"styles": [], "chosen": []}
    kept = [each for each in wish.get("styles", []) if each["name"].startswith("brought/")]
    styles = kept + [tile_of(name) for name in studio.shelf.listed()]
    known = {each["name"] for each in styles}
    chosen = [name for name in wish.get("chosen", []) if name in known]
    return {"styles": styles, "chosen": chosen or [FIRST_STYLE]}


def tile_of(name: str, title: str | None = None) -> State:
    """A style as the page shows it."""
    return {"name": name, "title": title or title_of(name.partition("/")[2]), "picture": f"styles/{quote(name)}.jpg"}


def title_of(name: str) -> str:
    """``church_at_auvers`` as ``Church at Auvers``."""
    words = name.replace("_", " ").split()
    return " ".join(word if word in SMALL_WORDS and i else word[:1].upper() + word[1:] for i, word in enumerate(words))


def with_brought_style(easel: Easel, wish: State, files: object) -> State:
    """The choice of styles with one more, of pictures or an adapter that a visitor brought, and that one chosen."""
    try:
        name, title = take_style(easel, files)
    except UserError as problem:
        return wish | {"note": easel.sentence(problem), "bad": True}
    styles = [tile_of(name, title), *wish.get("styles", [])]
    chosen = [*wish.get("chosen", []), name] if wish.get("mixing") else [name]
    return wish | {"styles": styles, "chosen": chosen, "note": "", "bad": False}


def take_style(easel: Easel, files: object) -> tuple[str, str]:
    """Take pictures that are one style, or an adapter.

    Returns:
        Its name on the shelf, and its title.

    Raises:
        UserError: it is refused.
    """
    if not isinstance(files, list) or not files or not all(isinstance(file, dict) for file in files):
        raise UserError("Choose pictures of a style, or the file of one.")
    if len(files) > MOST_FILES:
        raise UserError(f"{len(files)} pictures are too many for a style: bring {MOST_FILES} at most.")
    sources = [inside(easel.album.uploads, file.get("path")) for file in files]
    names = [safe_name(file.get("name"), source) for file, source in zip(files, sources, strict=True)]
    for source, name in zip(sources, names, strict=True):
        if source.suffix.lower() == ADAPTER:
            if source.stat().st_size > LARGEST:
                raise UserError(f"{name} is larger than a style of this program ever is.")
            fits(easel.studio.painter, source, name)
        else:
            check_picture(source, name, easel.album.limits)
    folder = easel.brought.new()
    for number, (source, name) in enumerate(zip(sources, names, strict=True)):
        (folder / f"{number:02d} {name}").write_bytes(source.read_bytes())
    return f"brought/{folder.name}", Path(names[0]).stem


def fits(painter: Painter, source: Path, name: str) -> None:
    """Make sure that a file is a style of the painter's.

    Raises:
        UserError: it is none, or of another base.
    """
    if not isinstance(painter, StylePainter):
        raise UserError(f"{name} is a style, and this page paints in one way only.")
    try:
        load_adapter(source, painter)
    except UserError as problem:
        raise UserError(str(problem).replace(str(source), name)) from None
