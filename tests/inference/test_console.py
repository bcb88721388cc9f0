"""Events on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from impasto.base.errors import UserError
from impasto.inference.console import follow
from impasto.inference.events import Done, Painted, Progress, Skipped, Started

A, B, OUT = Path("a.png"), Path("b.png"), Path("out")


def test_tiles_move_the_bar_and_skipped_pictures_count(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ticks: list[float] = []

    @contextmanager
    def counting(what: str, total: int, bar: bool) -> Iterator[Callable[[float], None]]:
        assert (what, total, bar) == ("painting", 2, True)
        yield ticks.append

    monkeypatch.setattr("impasto.inference.console.counting", counting)
    caplog.set_level("INFO", "impasto")
    painted = Painted(A, OUT / "a.png", ("its frames are lost",))
    events = [Started(2, ("One is there.",)), Progress(A, 1, 4), Progress(A, 2, 4), painted, Progress(B, 1, 4)]
    with pytest.raises(UserError, match=r"^1 of 2 pictures were skipped; each is named above with its reason\.$"):
        follow([*events, Skipped(B, "it is damaged"), Done(1, 1, OUT)])
    assert ticks == [0.25, 0.25, 0.5, 0.25, 0.75]
    assert [record.getMessage() for record in caplog.records] == [
        "One is there.",
        "a.png: its frames are lost.",
        "Skipped b.png: it is damaged.",
        "Painted in out: 1",
    ]


def test_what_was_painted_is_counted() -> None:
    assert follow([Started(1), Painted(None, OUT / "000000.png"), Done(1, 0, OUT)]) == 1


def test_a_clip_counts_as_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: list[float] = []

    @contextmanager
    def counting(what: str, total: int, bar: bool) -> Iterator[Callable[[float], None]]:
        assert total == 11  # a picture, and a clip of ten frames
        yield ticks.append

    monkeypatch.setattr("impasto.inference.console.counting", counting)
    clip = Path("a.mp4")
    progress = [Progress(clip, done, 20) for done in (2, 3)]
    follow([Started(2, frames={clip: 10}), *progress, Painted(clip, OUT / "a.mp4"), Painted(B, OUT), Done(2, 0, OUT)])
    assert ticks == [1.0, 0.5, 8.5, 1.0]
