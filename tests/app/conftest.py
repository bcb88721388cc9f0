"""One page for all tests of this folder, in this process, and a browser where there is one."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

pytest.importorskip("gradio", reason="the page needs gradio: pip install 'impasto[app]'")

from impasto.app.settings import Settings
from impasto.app.start import prepare
from impasto.painters.adapters import base_sha256, save_adapter
from impasto.painters.checkpoints import shipped_base
from impasto.painters.loading import load_painter
from impasto.painters.style import StylePainter
from tests.browser import chromium

PATIENCE = 60_000
"""Milliseconds: machines that run tests are busy."""


@dataclass
class Served:
    """A page that answers.

    Attributes:
        url: where.
        settings: of it.
        work: folder of what visitors brought.
    """

    url: str
    settings: Settings
    work: Path


def serving(settings: Settings, work: Path) -> Iterator[Served]:
    """Answer in a thread for as long as the block lasts."""
    import uvicorn

    prepare(work)
    from impasto.app.build import build

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(build(settings, work), "127.0.0.1", port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield Served(f"http://127.0.0.1:{port}/", settings, work)
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    settings = Settings(
        folder / "outputs",
        folder / "styles",
        rate=make_contenders(folder / "compare"),
        votes=folder / "votes.jsonl",
        max_bytes=2 * 10**6,
        max_pixels=3 * 10**6,
    )
    (folder / "work").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("impasto.app.trainings.command", pretended(save_style(folder / "learnt.safetensors")))
        yield from serving(settings, folder / "work")


def make_contenders(folder: Path, names: Sequence[str] = ("one", "other"), pictures: int = 3) -> Path:
    """A folder to compare in: each contender's paintings are of one colour."""
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for picture in range(pictures):
            Image.new("RGB", (40, 30), (80 * number + 20, 60, 40 * picture)).save(folder / name / f"{picture}.png")
    return folder


def pretended(style: Path) -> Callable[[Any, Sequence[str]], list[str]]:
    """Gives a command that writes what a training writes, a style among it, and goes on until it is stopped."""
    script = str(Path(__file__).with_name("pretended_training.py"))
    return lambda training, further: [sys.executable, script, str(training.run), str(style), *further]


def save_style(path: Path) -> Path:
    """A style of the shipped base, of a black picture."""
    painter = load_painter(shipped_base(), device="cpu")
    assert isinstance(painter, StylePainter)
    save_adapter(path, painter.encode([torch.zeros(1, 3, 64, 64)]), base_sha256(painter))
    return path


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    with chromium() as started:
        yield started


class Visit:
    """A visitor: a window of a browser that keeps what goes wrong in it.

    Attributes:
        page: Playwright's.
        wrong: messages of the console, failed answers, and requests to elsewhere.
    """

    def __init__(self, browser: Any, url: str, **settings: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}} | settings)
        self.page, self.wrong = self.context.new_page(), list[str]()
        self.page.set_default_timeout(PATIENCE)
        note = self.wrong.append
        self.page.on("console", lambda m: note(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda problem: note(str(problem)))
        self.page.on("response", lambda r: note(f"{r.status} {r.url}") if r.status >= 400 else None)
        self.page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else note(f"asked {r.url}"))
        self.page.goto(url)

    def until(self, state: str) -> Any:
        """Wait until the picture on the tab Paint is in a state."""
        return self.page.wait_for_selector(f'.stage[data-state="{state}"]', state="attached")


@pytest.fixture(scope="package")
def one(served: Served, browser: Any) -> Iterator[Visit]:
    """A visitor who stays: loading the page is what takes time."""
    visitor = Visit(browser, served.url)
    yield visitor
    visitor.context.close()


@pytest.fixture
def visit(served: Served, browser: Any) -> Iterator[Any]:
    """Opens windows, each of a visitor of its own, and closes them."""
    opened: list[Visit] = []

    def visit(**settings: Any) -> Visit:
        opened.append(Visit(browser, served.url, **settings))
        return opened[-1]

    yield visit
    for each in opened:
        each.context.close()
