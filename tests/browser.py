"""Chromium without a window, for tests of pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream"),
    "--use-fake-ui-for-media-stream",
)


@contextmanager
def chromium() -> Iterator[Any]:
    """Runs within the block; skips the test where there is none."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="driving a browser needs playwright: it is in the extra dev"
    )
    found = os.environ.get("IMPASTO_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no Chromium here: apt-get install chromium, or set IMPASTO_CHROMIUM=FILE")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield started
        started.close()
