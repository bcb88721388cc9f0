"""The tabs Learn, Runs and Rate in a browser."""

from typing import Any

from impasto.app.votes import read_votes
from tests.app.conftest import Served
from tests.app.test_paint_tab import bring, photograph


def open_tab(one: Any, name: str) -> None:
    one.page.click(f'[role=tablist]:not(.visually-hidden) [role=tab]:has-text("{name}")')


def test_learn_name_and_paint(one: Any, served: Served) -> None:
    open_tab(one, "Learn")
    assert one.page.is_disabled("#lesson .start")
    bring(one, "bad.png", b"hello", "#lesson .tray .file")
    one.page.wait_for_function("document.querySelector('#lesson .status').textContent.includes('bad.png')")
    bring(one, "red.png", photograph(), "#lesson .tray .file")
    one.page.wait_for_selector("#lesson .tray button.style")
    one.page.click("#lesson .start")
    one.page.wait_for_selector('.lesson.with-sheet[data-state="learning"] .sheet[src]')
    one.page.wait_for_function("/0:|1:/.test(document.querySelector('#lesson .status').textContent)")
    open_tab(one, "Runs")
    one.page.wait_for_selector(".card .live")
    one.page.click(".card")
    one.page.wait_for_selector(".run .curve polyline")
    open_tab(one, "Learn")
    one.page.click("#lesson .stop")
    one.page.wait_for_selector('.lesson[data-state="done"]')
    address = one.page.get_attribute("#lesson .download", "href")
    assert one.context.request.get(served.url + address).body()[8:9] == b"{"
    one.page.fill("#lesson input[name=name]", "My red")
    one.page.press("#lesson input[name=name]", "Enter")
    one.page.wait_for_selector('#palette [data-style="own/My red"][aria-pressed="true"]')
    one.page.wait_for_function("document.querySelector('#stage .download').download.includes('My red')")
    assert (served.settings.styles / "My red.safetensors").is_file()
    assert not one.wrong


def test_rate_by_keys_and_go_on_later(one: Any, visit: Any, served: Served) -> None:
    assert served.settings.votes is not None
    open_tab(one, "Rate")
    one.page.fill("#ballot input[name=rater]", "Ann")
    one.page.press("#ballot input[name=rater]", "Enter")
    seen = rate(one, "ArrowLeft", None)
    seen = rate(one, " ", seen)
    votes = read_votes(served.settings.votes)
    assert [(vote.rater, vote.chosen) for vote in votes] == [("Ann", "left"), ("Ann", "neither")]
    other = visit(viewport={"width": 390, "height": 844})
    open_tab(other, "Rate")
    other.page.fill("#ballot input[name=rater]", "Ann")
    other.page.click("#ballot .entry button")
    other.page.wait_for_selector('.ballot[data-state="voting"]:not(.loading)')
    assert "2 of 3 done" in other.page.inner_text("#ballot .status")
    assert other.page.evaluate("document.documentElement.scrollWidth") <= 390
    other.page.click("#ballot .choices [data-choice=right]")
    other.page.wait_for_selector('.ballot[data-state="done"] .rank >> nth=1')
    assert len(read_votes(served.settings.votes)) == 3
    assert not one.wrong
    assert not other.wrong


def rate(visitor: Any, key: str, before: str | None) -> str:
    """Press a key once the pair is there, and wait for the next."""
    visitor.page.wait_for_selector('.ballot[data-state="voting"]:not(.loading)')
    now = str(visitor.page.get_attribute(".ballot", "data-pair"))
    assert now != before
    visitor.page.keyboard.press(key)
    visitor.page.wait_for_function("(old) => document.querySelector('.ballot').dataset.pair !== old", arg=now)
    return now
