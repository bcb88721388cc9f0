"""A clip in its own time through slow and fast painters, on a clock that the test moves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.base.notices import forget_notices, notices
from impasto.live.pipeline import Beside, Shown, at_size, paintings
from impasto.live.sizing import SIZES, Sizer
from impasto.live.sources import Captured, ClipSource, ahead_of
from impasto.video.reading import Clip
from tests.clips import write_clip


class Moved:
    """A clock that goes on when somebody works or sleeps."""

    def __init__(self) -> None:
        self.seconds, self.slept = 100.0, 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept += seconds


def numbered(path: Path, count: int = 25) -> Clip:
    """A clip of 25 frames a second whose frame i is flat grey of level 8 i."""
    frames = [np.full((64, 64, 3), 8 * i, np.uint8) for i in range(count)]
    return Clip(write_clip(path, frames, codec="ffv1", form="bgr0"))


def played(clip: Clip, seconds: float, fixed: int | None = 64, rate: float = 25) -> tuple[list[Shown], Moved]:
    clock = Moved()

    def paint(pixels: np.ndarray) -> np.ndarray:
        clock.seconds += seconds
        return pixels

    return list(paintings(ClipSource(clip, clock), paint, Sizer(rate, fixed), clock)), clock


def number(shown: Shown) -> int:
    return round(float(shown.pixels.mean()) / 8)


def test_a_slow_model_drops_frames_and_keeps_the_clock(tmp_path: Path) -> None:
    shown, clock = played(numbered(tmp_path / "clip.mkv"), 0.103)  # 2.575 frames of 0.04 seconds
    # At 0, 0.103, 0.206, ... the newest frames due are 0, 2, 5, 7, 10, ..., and never an older one.
    assert [number(each) for each in shown] == [0, 2, 5, 7, 10, 12, 15, 18, 20, 23, 24]
    assert [each.dropped for each in shown] == [0, 1, 3, 4, 6, 7, 9, 11, 12, 14, 14]
    assert shown[-1].painted + shown[-1].dropped == 25
    assert clock.now() - 100 == pytest.approx(11 * 0.103)  # the clip's second, and the last paintings
    assert shown[-1].rate == pytest.approx(1 / 0.103)
    # Painted within 0.103 seconds, and 0.04 more where the frame was due just after the one before was begun.
    assert all(each.latency + 1e-6 >= 0.103 and each.latency <= 0.143 + 1e-6 for each in shown[:-1])
    assert clock.slept == 0


def test_a_fast_model_waits_and_drops_nothing(tmp_path: Path) -> None:
    shown, clock = played(numbered(tmp_path / "clip.mkv"), 0.01)
    assert [number(each) for each in shown] == list(range(25))
    assert shown[-1].dropped == 0
    assert shown[-1].rate == pytest.approx(25)
    assert all(each.latency == pytest.approx(0.01) for each in shown)
    assert [each.time for each in shown] == pytest.approx([i / 25 for i in range(25)])
    assert clock.slept == pytest.approx(24 * 0.03)


def test_it_ends_after_the_seconds_that_were_given(tmp_path: Path) -> None:
    clock = Moved()
    source = ClipSource(numbered(tmp_path / "clip.mkv"), clock)
    assert len(list(paintings(source, lambda pixels: pixels, Sizer(25, 64), clock, seconds=0.4))) == 10


class Endless:
    """Pictures whenever they are wanted."""

    rate = 0.0

    def __init__(self, clock: Moved) -> None:
        self.clock = clock

    def newest(self) -> Captured | None:
        return Captured(np.zeros((480, 640, 3), np.uint8), self.clock.now())


def settled(seconds_at_256: float, rate: float, count: int = 400) -> tuple[list[int], list[Shown]]:
    """The shorter sides painted by a model whose time goes with the pixels."""
    clock = Moved()

    def paint(pixels: np.ndarray) -> np.ndarray:
        clock.seconds += seconds_at_256 * (pixels.shape[0] / 256) ** 2
        return pixels

    found = []
    for shown in paintings(Endless(clock), paint, Sizer(rate), clock):
        found.append(shown)
        if len(found) == count:
            break
    return [each.pixels.shape[0] for each in found], found


@pytest.mark.parametrize(("seconds", "size"), [(0.03, 256), (0.01, 384), (0.12, 128), (0.004, 640), (0.05, 192)])
def test_the_largest_size_that_holds_the_rate_is_found(seconds: float, size: int) -> None:
    sides, shown = settled(seconds, 25)
    assert sides[-1] == size
    assert len(set(sides[60:])) == 1, "it settles"
    assert shown[-1].rate > 25
    larger = SIZES[SIZES.index(size) + 1]
    assert seconds * (larger / 256) ** 2 > 0.75 / 25


def test_a_model_that_is_too_slow_at_any_size_is_told_of() -> None:
    forget_notices()
    sides, shown = settled(0.4, 25, 60)
    assert sides[-1] == 128
    assert shown[-1].rate == pytest.approx(10, rel=0.01)
    assert "Even at 128 pixels 10.0 pictures a second" in notices()["live.size"]


def test_a_size_that_is_given_stays() -> None:
    sizer = Sizer(25, 200)
    for _ in range(30):
        sizer.took(1.0)
    assert sizer.size == 200


def test_sides_are_what_networks_take() -> None:
    assert at_size(np.zeros((480, 640, 3), np.uint8), 256).shape == (256, 344, 3)
    assert at_size(np.zeros((1920, 1080, 3), np.uint8), 256).shape == (456, 256, 3)
    same = np.zeros((256, 256, 3), np.uint8)
    assert at_size(same, 256) is same


class Kept:
    def __init__(self, fails: bool = False) -> None:
        self.shown: list[int] = []
        self.closed, self.fails = False, fails

    def show(self, shown: Shown) -> None:
        if self.fails:
            raise RuntimeError("no room")
        self.shown.append(shown.painted)

    def close(self) -> None:
        self.closed = True


def painting(number: int) -> Shown:
    return Shown(np.zeros((8, 8, 3), np.uint8), 0.0, 0.0, 0.0, 0, number)


def test_what_is_shown_last_is_the_last_and_every_other_at_most_once() -> None:
    kept = Kept()
    beside = Beside([kept])
    for count in range(1, 200):
        beside.show(painting(count))
    beside.close()
    assert kept.closed
    assert kept.shown[-1] == 199
    assert kept.shown == sorted(set(kept.shown))
    assert len(kept.shown) + beside.left_out == 199


def test_what_goes_wrong_beside_is_raised() -> None:
    beside = Beside([Kept(fails=True)])
    beside.show(painting(1))
    with pytest.raises(RuntimeError, match="no room"):
        beside.close()


def test_frames_that_are_read_ahead_are_the_same_and_problems_come_in_their_place() -> None:
    def frames() -> Iterator[Any]:
        yield from range(20)
        raise OSError("the disk is gone")

    ahead = ahead_of(frames())
    assert [next(ahead) for _ in range(20)] == list(range(20))
    with pytest.raises(OSError, match="the disk is gone"):
        next(ahead)


def test_a_clip_that_is_read_too_slowly_is_painted_nevertheless(tmp_path: Path) -> None:
    clock = Moved()
    source = ClipSource(numbered(tmp_path / "clip.mkv"), clock)
    source._frames = slowly(source._frames, clock)  # 0.05 seconds for a frame of 0.04
    shown = list(paintings(source, lambda pixels: pixels, Sizer(25, 64), clock))
    assert shown[-1].painted + shown[-1].dropped == 25
    assert shown[-1].painted >= 3, "not the first and the last alone"


def slowly(frames: Iterator[Any], clock: Moved) -> Iterator[Any]:
    for frame in frames:
        clock.seconds += 0.05
        yield frame
