"""The tab Runs: what was trained, what is being trained, and two runs side by side."""

from pathlib import Path
from typing import Any

import gradio as gr

from impasto.app.easel import EVENTS, State
from impasto.app.parts import event_data, part
from impasto.app.places import NotHere
from impasto.app.records import card, details, run_of, runs_in


def runs_tab(root: Path) -> None:
    """Lay out the tab, and say what happens on it.

    Args:
        root: folder of runs.
    """
    gallery = part("gallery", {"runs": None, "open": []})

    def look(state: State, event: gr.EventData) -> Any:
        return changed(root, state, event_data(event).get("open"))

    gallery.look(look, gallery, gallery, **EVENTS)


def changed(root: Path, state: State, wanted: object) -> Any:
    """The tab as the runs are now; nothing, if it is as it was.

    Args:
        root: folder of runs.
        state: what is shown.
        wanted: names of one or two runs that are open.
    """
    names = [name for name in wanted if isinstance(name, str)][:2] if isinstance(wanted, list) else []
    opened = []
    for name in names:
        try:
            opened.append(details(root, run_of(root, name)))
        except NotHere:
            continue
    now = state | {"runs": [card(root, run) for run in runs_in(root)], "open": opened, "folder": str(root)}
    return now if now != state else gr.skip()
