"""``explain.html``: everything on one page, in which nothing is fetched from anywhere."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor

from impasto.base.files import whole_or_not
from impasto.base.page import document, inside, picture, section
from impasto.base.sheets import save_sheet
from impasto.explain.disentanglement import Changes
from impasto.explain.found import Direction, Found
from impasto.explain.settings import PAGE

EXTRA: Final = """
figure { display: inline-block; margin: .6rem 1.2rem .8rem 0; vertical-align: top; max-width: 28rem }
figure img, figure video { width: 28rem; max-width: 100% } figcaption { font-size: .9rem } figure p { margin: 0 }
figure.wide { display: block; max-width: 100% } figure.wide img { width: 100%; image-rendering: auto }
video { border: 1px solid #ddd; image-rendering: pixelated }
table.changes td { padding: .15rem .5rem; text-align: right } table.changes th { padding: .15rem .5rem }
table.changes td.aim { outline: 2px solid #222 } .scroll { overflow-x: auto }
svg text { font: 11px system-ui, sans-serif }
"""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: as text.
        body: as HTML.
    """

    title: str
    body: str


def write_page(folder: Path, title: str, headline: str, notices: Sequence[str], sections: Sequence[Section]) -> Path:
    """Write the page.

    Args:
        folder: for it.
        title: of the page.
        headline: a line below it.
        notices: sentences about what was left out.
        sections: of which empty ones are left out.
    """
    parts = [f"<h1>{html.escape(title)}</h1>", paragraph(headline)]
    parts += [f"<p class=notice>{html.escape(text)}</p>" for text in notices]
    parts += [section(each.title, each.body) for each in sections]
    path = folder / PAGE
    with whole_or_not(path) as temporary:
        text = document(title, "\n".join(part for part in parts if part), EXTRA)
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def paragraph(text: str) -> str:
    """A line of small print."""
    return f"<p class=quiet>{html.escape(text)}</p>"


def sheet(images: Tensor, columns: int, path: Path, caption: str = "", wide: bool = False) -> str:
    """Pictures side by side, written as a PNG and shown with a caption.

    Args:
        images: (N, C, H, W) in [-1, 1].
        columns: pictures in a row.
        path: of the PNG.
        caption: below it.
        wide: as wide as the page.
    """
    save_sheet(images, columns, path)
    return figure(picture(path), caption, wide)


def figure(body: str, caption: str = "", wide: bool = False) -> str:
    """What is shown, with a caption."""
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure{' class=wide' if wide else ''}>{body}{below}</figure>"


def clip(path: Path, caption: str = "") -> str:
    """A clip that plays on the page; empty without a file."""
    if not path.is_file():
        return ""
    played = f'<video src="{inside(path, "video/mp4")}" autoplay loop muted playsinline controls></video>'
    return figure(played, caption)


def named(direction: Direction) -> str:
    """What stands below a direction's strip."""
    most = "" if direction.told else f"; changes {direction.aim} most"
    return f"{direction.name}: {direction.method}{most}"


def changes_table(found: Found) -> str:
    """What each direction changes: rows are directions, columns attributes, and the aimed-at attribute is framed."""
    names, changes = found.attributes, found.changes
    head = "".join(f"<th>{html.escape(name)}" for name in names)
    rows = [f"<tr><th>slider{head}<th>share of the aim<th>others</tr>"]
    for j, direction in enumerate(found.directions):
        aim = names.index(direction.aim)
        cells = "".join(cell(changes, j, a, a == aim) for a in range(len(names)))
        rows.append(
            f"<tr><th>{html.escape(direction.name)}{cells}<td class=number>{100 * changes.share(j, aim):.0f}%"
            f"<td class=number>{changes.others(j, aim):.2f}</tr>"
        )
    control = "".join(f"<td class=number>{value:.2f}" for value in changes.control.tolist())
    rows.append(f"<tr class=quiet><th>random, absolute{control}<td>{100 / len(names):.0f}%<td></tr>")
    return f"<div class=scroll><table class=changes>{''.join(rows)}</table></div>"


def tint(value: float) -> str:
    """A colour for a change: blue below zero, orange above, the stronger the larger."""
    strength = min(abs(value) / 4, 1) * 0.6
    return f"rgba({'230,120,0' if value > 0 else '30,100,220'},{strength:.2f})"


def cell(changes: Changes, direction: int, attribute: int, aimed: bool) -> str:
    """One change, with its interval where the pointer rests."""
    value, low, high = (float(part[direction, attribute]) for part in (changes.mean, changes.low, changes.high))
    kind = "number aim" if aimed else "number"
    return f"<td class='{kind}' style='background:{tint(value)}' title='{low:.2f} to {high:.2f}'>{value:+.2f}"
