"""The page as a whole: its tabs, its look, and nothing that a browser would fetch from elsewhere."""

from typing import Final

import gradio as gr

from impasto.app.parts import STATIC

SANS: Final = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Helvetica Neue", "Arial", "sans-serif")
MONO: Final = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """Colours and letters of what Gradio draws itself; ``static/page.css`` has the rest. Letters are the reader's."""
    sans, mono = ([gr.themes.Font(name) for name in names] for names in (SANS, MONO))
    return gr.themes.Base(font=sans, font_mono=mono).set(
        body_background_fill="#faf8f3",
        body_background_fill_dark="#171614",
        body_text_color="#24211c",
        body_text_color_dark="#efebe2",
        color_accent="#2b4a9b",
    )


def head() -> str:
    """What goes into the head of the page."""
    return f"<style>{(STATIC / 'page.css').read_text(encoding='utf-8')}</style>"
