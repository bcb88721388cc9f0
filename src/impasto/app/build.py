"""The application: the guard, the files, and the page."""

from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from impasto.app.files import painting_files
from impasto.app.page import head, theme
from impasto.app.paint import Easel, paint_tab
from impasto.app.pictures import Album, Limits
from impasto.app.places import Shelf
from impasto.app.server import guarded
from impasto.app.settings import Settings
from impasto.app.studio import Studio, StyleShelf
from impasto.painters.checkpoints import find_checkpoint, shipped_base
from impasto.painters.loading import load_painter


def build(settings: Settings, work: Path) -> FastAPI:
    """The application.

    Args:
        settings: of the page.
        work: folder for what visitors bring and what is painted for them; its ``uploads`` is Gradio's.

    Raises:
        UserError: there is nothing to paint with.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    guarded(app, settings.token, settings.max_bytes)
    easel = easel_of(settings, work)
    painting_files(app, easel)
    with gr.Blocks(title="Impasto", analytics_enabled=False, fill_width=True) as page:
        gr.HTML('<h1 class="name">Impasto</h1>', apply_default_css=False, elem_classes="top")
        with gr.Tabs(elem_classes="tabs"), gr.Tab("Paint", id="paint"):
            paint_tab(easel, settings.max_bytes)
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


def easel_of(settings: Settings, work: Path) -> Easel:
    """What the tab Paint works with."""
    checkpoint = shipped_base() if settings.checkpoint is None else find_checkpoint(settings.checkpoint)
    painter = load_painter(checkpoint, device=settings.device, trust=settings.trust)
    brought = Shelf(work / "styles")
    album = Album(work / "pictures", work / "uploads", Limits(settings.max_bytes, settings.max_pixels))
    return Easel(Studio(painter, StyleShelf(settings.styles, brought)), album, brought, Shelf(work / "results"))
