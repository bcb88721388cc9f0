"""The tab Learn a style: bring pictures, watch the previews, stop when it is good, name it and paint with it."""

import re
import shutil
from pathlib import Path
from typing import Any, Final

import gradio as gr

from impasto.app.easel import EVENTS, MOST_FILES, Easel, State, Then
from impasto.app.palette import first_choice
from impasto.app.parts import event_data, part
from impasto.app.places import NotHere
from impasto.app.records import TITLE
from impasto.app.trainings import BEFORE, Training, Trainings
from impasto.base.errors import UserError
from impasto.inference.style_choice import ADAPTER, shipped_styles

LONGEST_NAME: Final = 40


def learn_tab(easel: Easel, trainings: Trainings, choice: tuple[gr.HTML, Then], tabs: gr.Tabs, limit: int) -> None:
    """Lay out the tab, and say what happens on it.

    Args:
        easel: what the tab Paint works with.
        trainings: where styles are learnt.
        choice: of styles on the tab Paint, and what paints anew there.
        tabs: all tabs.
        limit: bytes of the largest file that is taken.
    """
    palette, paint_anew = choice
    lesson = part("lesson", {"state": "gathering", "pictures": [], "max_bytes": limit, "most": MOST_FILES})

    def brought(state: State, event: gr.EventData) -> State:
        return with_pictures(easel, state, event_data(event).get("files"))

    def start(state: State) -> State:
        return started(easel, trainings, state)

    def look(state: State, event: gr.EventData) -> State:
        return seen(trainings, state | {"token": event_data(event).get("token", state.get("token"))})

    def stop(state: State) -> State:
        trainings.stop(trainings.of(state.get("token")))
        return seen(trainings, state)

    def keep(state: State, wish: State, event: gr.EventData) -> tuple[State, Any, Any]:
        try:
            name = kept(easel.studio.shelf.own, trainings.of(state.get("token")), event_data(event).get("name"))
        except UserError as problem:
            return state | {"note": str(problem), "bad": True}, gr.skip(), gr.skip()
        chosen = first_choice(easel.studio, wish | {"chosen": []}) | {"chosen": [f"own/{name}"]}
        return state | {"state": "kept", "name": name, "note": ""}, wish | chosen, gr.Tabs(selected="paint")

    alone: dict[str, Any] = {"inputs": lesson, "outputs": lesson, **EVENTS}
    lesson.brought(brought, **alone)
    lesson.start(start, **alone)
    lesson.look(look, **alone)
    lesson.stop(stop, **alone)
    paint_anew(lesson.keep(keep, [lesson, palette], [lesson, palette, tabs], **EVENTS))


def with_pictures(easel: Easel, state: State, files: object) -> State:
    """The tray with more pictures; those that cannot be used are named."""
    pictures, refused = list(state.get("pictures", [])), []
    for file in files if isinstance(files, list) else []:
        told = file if isinstance(file, dict) else {}
        if len(pictures) >= MOST_FILES:
            refused.append(f"{MOST_FILES} pictures are enough: the others were left out.")
            break
        try:
            folder = easel.album.take(told.get("path"), told.get("name"))
        except UserError as problem:
            refused.append(easel.sentence(problem))
            continue
        name = easel.album.original(folder.name).name
        pictures.append({"token": folder.name, "name": name, "picture": f"pictures/{folder.name}/shown.jpg"})
    return state | {"pictures": pictures, "note": " ".join(refused), "bad": bool(refused)}


def started(easel: Easel, trainings: Trainings, state: State) -> State:
    """The tab after its button was pressed."""
    pictures = state.get("pictures", [])
    try:
        if not 1 <= len(pictures) <= MOST_FILES:
            raise UserError(f"Bring 1 to {MOST_FILES} pictures first.")
        training = trainings.ask([easel.album.original(each.get("token")) for each in pictures])
    except UserError as problem:
        return state | {"note": easel.sentence(problem), "bad": True}
    return seen(trainings, state | {"token": training.folder.name, "note": "", "bad": False})


def seen(trainings: Trainings, state: State) -> State:
    """The tab as the training is now; one that is not known any more begins anew."""
    try:
        training = trainings.of(state.get("token"))
    except NotHere:
        return state | {"state": "gathering", "token": None}
    if state.get("state") == "kept":
        return state
    sheet = training.sheet
    return state | {
        "state": training.state,
        "place": trainings.place(training),
        "left": training.seconds_left(),
        "share": share_done(training),
        "sheet": None if sheet is None else f"lessons/{training.folder.name}/{sheet.name}",
        "download": f"lessons/{training.folder.name}/style{ADAPTER}" if training.style.is_file() else None,
        "note": training.reason if training.state == "failed" else state.get("note", ""),
        "bad": training.state == "failed" or state.get("bad", False),
        "going": training.state in BEFORE,
    }


def share_done(training: Training) -> float:
    """How much of it is done, from 0 to 1."""
    left = training.seconds_left()
    whole = training.minutes * 60
    return min(max(1 - left / whole, 0.0), 1.0) if left is not None else float(training.state in ("ending", "done"))


def kept(folder: Path, training: Training, given: object) -> str:
    """Put a style among one's own under a name.

    Returns:
        The name, as it is in the file system.

    Raises:
        UserError: the name is none, or taken; or there is no style yet.
    """
    words = re.sub(r"[^\w ()-]+", " ", given if isinstance(given, str) else "").split()
    name = " ".join(words)[:LONGEST_NAME].strip()
    if not name:
        raise UserError("Give it a name, of letters and figures.")
    target = folder / f"{name}{ADAPTER}"
    if target.exists() or name in shipped_styles():
        raise UserError(f"There is a style called {name} already: give this one another name.")
    if not training.style.is_file():
        raise UserError("There is nothing to keep yet.")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(training.style, target)
    (training.run / TITLE).write_text(name, encoding="utf-8")
    return name
