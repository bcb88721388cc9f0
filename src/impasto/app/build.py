"""The application: the guard, the files, and the page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from impasto.app.easel import Easel
from impasto.app.files import ballot_files, lesson_files, painting_files, run_files
from impasto.app.learn import learn_tab
from impasto.app.page import head, theme
from impasto.app.paint import paint_tab
from impasto.app.pictures import Album
from impasto.app.places import Shelf
from impasto.app.rate import rate_tab
from impasto.app.runs import runs_tab
from impasto.app.server import guarded
from impasto.app.settings import Settings
from impasto.app.studio import Studio, StyleShelf
from impasto.app.trainings import Trainings
from impasto.app.votes import Comparison, Waiting
from impasto.base.errors import UserError
from impasto.base.visitors import Limits
from impasto.painters.checkpoints import find_checkpoint, shipped_base
from impasto.painters.loading import load_painter


def build(settings: Settings, work: Path) -> FastAPI:
    """The application.

    Args:
        settings: of the page.
        work: folder for what visitors bring and what is painted for them; its ``uploads`` is Gradio's.

    Raises:
        UserError: there is nothing to paint with, or nothing to compare.
    """
    trainings: list[Trainings] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        for each in trainings:
            each.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    guarded(app, settings.token, settings.max_bytes)
    with gr.Blocks(title="Impasto", analytics_enabled=False, fill_width=True) as page:
        gr.HTML('<h1 class="name">Impasto</h1>', apply_default_css=False, elem_classes="top")
        with gr.Tabs(elem_classes="tabs") as tabs:
            if settings.mode == "all":
                trainings.append(workshop(app, settings, work, tabs))
            ballot(app, settings)
    return gr.mount_gradio_app(
        app,
        page.queue(),
        "/",
        server_name=settings.host,
        server_port=settings.port,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=settings.max_bytes,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        theme=theme(),
        head=head(),
    )


def workshop(app: FastAPI, settings: Settings, work: Path, tabs: gr.Tabs) -> Trainings:
    """The tabs for painting, learning and runs; and where styles are learnt."""
    easel = easel_of(settings, work)
    trainings = Trainings(settings.runs, Shelf(work / "lessons"), settings.train, settings.checkpoint)
    painting_files(app, easel)
    lesson_files(app, trainings)
    run_files(app, settings.runs)
    with gr.Tab("Paint", id="paint"):
        choice = paint_tab(easel, settings.max_bytes)
    if easel.studio.takes_styles:
        with gr.Tab("Learn", id="learn"):
            learn_tab(easel, trainings, choice, tabs, settings.max_bytes)
    with gr.Tab("Runs", id="runs"):
        runs_tab(settings.runs)
    return trainings


def ballot(app: FastAPI, settings: Settings) -> None:
    """The tab for rating.

    Raises:
        UserError: there is nothing to compare.
    """
    comparison, waiting = None, Waiting()
    if settings.rate is not None and settings.votes is not None:
        try:
            comparison = Comparison(settings.rate, settings.votes)
        except OSError as problem:
            raise UserError(f"rate={settings.rate} cannot be read ({problem.strerror}); give another folder.") from None
        ballot_files(app, comparison, waiting)
    with gr.Tab("Rate", id="rate"):
        rate_tab(comparison, waiting)


def easel_of(settings: Settings, work: Path) -> Easel:
    """What the tab Paint works with."""
    checkpoint = shipped_base() if settings.checkpoint is None else find_checkpoint(settings.checkpoint)
    painter = load_painter(checkpoint, device=settings.device, trust=settings.trust)
    brought = Shelf(work / "styles")
    album = Album(work / "pictures", work / "uploads", Limits(settings.max_bytes, settings.max_pixels))
    return Easel(Studio(painter, StyleShelf(settings.styles, brought)), album, brought, Shelf(work / "results"))
