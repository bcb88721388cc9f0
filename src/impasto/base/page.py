"""Parts of self-contained pages: nothing on them is fetched from anywhere."""

import base64
import html
from pathlib import Path
from typing import Final

STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin-top: 2.2rem }
img { max-width: 100%; image-rendering: pixelated; border: 1px solid #ddd }
img.plot { image-rendering: auto; border: 0 }
table { border-collapse: collapse }
td, th { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid #eee }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap }
.notice { background: #fff4d6; padding: .5rem .8rem; margin: .4rem 0 }
.quiet { color: #777 } pre { background: #f6f6f6; padding: .8rem; overflow: auto }
"""


def document(title: str, body: str, style: str = "") -> str:
    """The HTML of a page.

    Args:
        title: as text.
        body: as HTML.
        style: added to :data:`STYLE`.
    """
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
    return f"{head}<style>{STYLE}{style}</style><body>{body}</body></html>\n"


def section(title: str, body: str) -> str:
    """A titled section; empty if the body is."""
    return f"<h2>{html.escape(title)}</h2>{body}" if body else ""


def picture(path: Path) -> str:
    """A PNG inside the page; empty without a file."""
    if not path.is_file():
        return ""
    return f'<p><img src="{inside(path, "image/png")}" alt="{html.escape(path.stem)}"></p>'


def inside(path: Path, kind: str) -> str:
    """A file as an address that holds all of it.

    Args:
        path: of the file.
        kind: its media type, such as ``image/png``.
    """
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
