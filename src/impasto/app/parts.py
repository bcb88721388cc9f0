"""Parts of the page that Gradio has none of: each a template, and a script that fills it."""

from pathlib import Path
from typing import Any, Final

import gradio as gr

from impasto.base.conf import as_called

STATIC: Final = Path(__file__).parent / "static"
"""Templates, scripts and the style sheet."""


def part(name: str, value: Any) -> gr.HTML:
    """A part whose value is plain data.

    Its template stands still, and the script ``static/NAME.js`` shows the value whenever it changes: so pictures do not
    flicker, and a slider that somebody holds is not taken away. The script changes
    ``props.value`` and triggers events. Commands in the template are told as they are called here.

    Args:
        name: of its two files.
        value: at first.
    """
    template, script = ((STATIC / f"{name}.{ending}").read_text(encoding="utf-8") for ending in ("html", "js"))
    return gr.HTML(
        value,
        html_template=as_called(template),
        js_on_load=script,
        apply_default_css=False,
        elem_id=name,
        elem_classes=["part"],
    )


def event_data(event: gr.EventData) -> dict[str, Any]:
    """What a script told with an event; empty if that is no mapping."""
    told = getattr(event, "_data", None)
    return told if isinstance(told, dict) else {}
