"""The tab Paint: a picture, a style, and the painting, small at once and then in full."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import gradio as gr
import numpy as np

from impasto.app.easel import EVENTS, Easel, State, Then
from impasto.app.palette import first_choice, first_palette, with_brought_style
from impasto.app.parts import event_data, part
from impasto.app.pictures import Album, as_link, decode_shown, write_jpeg
from impasto.app.places import NotHere
from impasto.app.studio import Wish, wish_from
from impasto.base.errors import UserError
from impasto.data.sources.decode import BadImage, decode
from impasto.data.sources.opening import SAMPLES
from impasto.inference.events import Painted, Progress, Skipped
from impasto.inference.formats import target_name

PHOTOGRAPHS: Final = {
    "chateau": ("monuments/chateaudeChenonceau_france.jpg", "A castle"),
    "red_panda": ("animals/red_panda.jpg", "A red panda"),
    "aqueduct": ("monuments/pontduGard_france.jpg", "An aqueduct"),
    "horse": ("animals/horse.jpg", "A horse"),
    "windmill": ("renewable/windmill12.jpg", "A windmill"),
}
"""Embedded photographs to try, by name: file and title."""
FIRST: Final = "chateau"


def paint_tab(easel: Easel, limit: int) -> tuple[gr.HTML, Then]:
    """Lay out the tab, and say what happens on it.

    Args:
        easel: all that it works with.
        limit: bytes of the largest file that is taken.

    Returns:
        The choice of styles; and what paints anew after another event.
    """
    with gr.Row(elem_classes="paint"):
        with gr.Column(scale=7, min_width=320, elem_classes="wide"):
            stage = part("stage", first_stage(limit))
        with gr.Column(scale=4, min_width=300, elem_classes="narrow"):
            palette = part("palette", first_palette(easel.studio))

    def brought(state: State, wish: State, event: gr.EventData, request: gr.Request) -> Iterator[State]:
        told = event_data(event)
        yield from opened(
            easel, page_of(request), state, wish, lambda: easel.album.take(told.get("path"), told.get("name"))
        )

    def sample(state: State, wish: State, event: gr.EventData, request: gr.Request) -> Iterator[State]:
        name = event_data(event).get("name", FIRST)
        yield from opened(easel, page_of(request), state, wish, lambda: take_sample(easel.album, name))

    def start(state: State, wish: State, request: gr.Request) -> Iterator[State]:
        if not state.get("picture"):
            yield from opened(easel, page_of(request), state, wish, lambda: take_sample(easel.album, FIRST))

    def again(state: State, wish: State, request: gr.Request) -> Iterator[State]:
        yield from painted(easel, page_of(request), state, wish)

    def style_brought(wish: State, event: gr.EventData) -> State:
        return with_brought_style(easel, wish, event_data(event).get("files"))

    both: dict[str, Any] = {"inputs": [stage, palette], "outputs": stage, "concurrency_limit": 8, **EVENTS}
    stage.brought(brought, **both)
    stage.sample(sample, **both)
    palette.wish(again, **both)
    palette.brought(style_brought, palette, palette, **EVENTS).then(again, **both)
    palette.ready(lambda wish: wish | first_choice(easel.studio, wish), palette, palette, **EVENTS).then(start, **both)
    return palette, lambda event: event.then(again, **both)


def page_of(request: gr.Request) -> str:
    """What tells one open page from another."""
    return request.session_hash or ""


def first_stage(limit: int) -> State:
    """Nothing yet, and what there is to try."""
    samples = [
        {"name": name, "title": title, "picture": f"photographs/{name}.jpg"} for name, (_, title) in PHOTOGRAPHS.items()
    ]
    return {"state": "empty", "samples": samples, "max_bytes": limit}


def take_sample(album: Album, name: object) -> Path:
    """An embedded photograph, as if the visitor had brought it.

    Raises:
        NotHere: there is none of that name.
    """
    if not isinstance(name, str) or name not in PHOTOGRAPHS:
        raise NotHere
    return album.keep(SAMPLES / "photos" / PHOTOGRAPHS[name][0], f"{name}.jpg")


def opened(easel: Easel, page: str, state: State, wish: State, take: Any) -> Iterator[State]:
    """Take a picture, show it, and paint it."""
    try:
        folder = take()
    except UserError as problem:
        yield state | {"note": str(problem), "state": "bad"}
        return
    height, width = decode_shown(folder / "shown.jpg").shape[:2]
    state = state | {
        "picture": folder.name,
        "before": f"pictures/{folder.name}/shown.jpg",
        "after": None,
        "width": width,
        "height": height,
    }
    yield from painted(easel, page, state, wish)


def painted(easel: Easel, page: str, state: State, wish: State) -> Iterator[State]:
    """Paint the picture small, and then in full; nothing more is shown once it is to be painted otherwise."""
    token = state.get("picture")
    if not token:
        return
    try:
        source, wanted = easel.album.original(token), wish_from(wish)
        turn = easel.take_turn(page)
        small = easel.studio.preview(decode_shown(source.parent / "shown.jpg"), wanted)
        if easel.is_over(page, turn):
            return
        state = state | {"after": as_link(small), "state": "refining", "note": "Refining …", "progress": 0}
        state.pop("download", None)
        yield state
        yield from refined(easel, page, state, source, wanted, turn)
    except UserError as problem:
        yield state | {"note": easel.sentence(problem), "state": "bad"}


def refined(easel: Easel, page: str, state: State, source: Path, wish: Wish, turn: int) -> Iterator[State]:
    """Paint in full, with progress."""
    folder = easel.results.new()
    target = folder / painting_name(source, wish)
    for event in easel.studio.paint(source, target, wish):
        if easel.is_over(page, turn):
            return
        match event:
            case Progress() if event.done < event.total:
                yield state | {"progress": event.done / event.total}
            case Skipped():
                raise UserError(f"{source.name} cannot be painted: {event.reason}.")
            case Painted():
                yield state | shown_result(folder, event.target, event.notes)


def painting_name(source: Path, wish: Wish) -> str:
    """The picture's name with that of the style; the ending is the picture's own where that can be written."""
    style = "mixed" if len(wish.styles) > 1 else wish.styles[0].partition("/")[2] if wish.styles else "painted"
    style = "own style" if wish.styles and wish.styles[0].startswith("brought/") and style != "mixed" else style
    return target_name(f"{source.stem} {style.replace('_', ' ')}{source.suffix}")


def shown_result(folder: Path, target: Path, notes: tuple[str, ...]) -> State:
    """The painting as a browser shows it, and where the whole file is."""
    try:
        pixels: np.ndarray = decode_shown(target)
    except BadImage as problem:
        raise UserError(f"The painting cannot be shown: {problem}.") from None
    write_jpeg(folder / "shown.jpg", pixels, 92)
    size = "{1} by {0} pixels".format(*decode(target).shape[:2])
    return {
        "after": f"results/{folder.name}/shown.jpg",
        "download": f"results/{folder.name}/{quote(target.name)}",
        "filename": target.name,
        "state": "ready",
        "progress": 1,
        "note": "; ".join((size, *notes)),
    }
