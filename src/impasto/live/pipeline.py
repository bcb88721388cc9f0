"""Capturing, painting and showing, one beside the other: what comes too fast is dropped, so that nothing lags."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np

from impasto.live.clock import Clock
from impasto.live.sizing import Sizer
from impasto.live.sources import Source

Paint = Callable[[np.ndarray], np.ndarray]
"""uint8 (H, W, 3) to its painting of the same type and channels."""
STEP: Final = 8
"""Pixels of which sides are multiples: networks need not continue the picture then."""
WINDOW: Final = 2.0
"""Seconds over which the rate is counted."""


@dataclass(frozen=True)
class Shown:
    """One painting.

    Attributes:
        pixels: uint8 (H, W, 3).
        time: seconds since the first picture was captured, at which this one was.
        rate: paintings a second, over the last two seconds.
        latency: seconds from capturing until it was painted.
        dropped: pictures that were captured and not painted, in all.
        painted: paintings so far, with this one.
    """

    pixels: np.ndarray
    time: float
    rate: float
    latency: float
    dropped: int
    painted: int


class Show(Protocol):
    """Where paintings go."""

    def show(self, shown: Shown) -> None:
        """Show one."""
        ...

    def close(self) -> None:
        """Show no more."""
        ...


def paintings(
    source: Source, paint: Paint, sizer: Sizer, clock: Clock, seconds: float | None = None
) -> Iterator[Shown]:
    """Paint the newest picture, then the newest then, and so on.

    Args:
        source: of the pictures.
        paint: paints one.
        sizer: says how large they are painted.
        clock: by which it is measured.
        seconds: after which to end; None goes on until the source ends.
    """
    ends: deque[float] = deque()
    start: float | None = None
    dropped = painted = 0
    while (captured := source.newest()) is not None:
        began = clock.now()
        start = captured.time if start is None else start
        if seconds is not None and captured.time - start >= seconds:
            return
        pixels = paint(at_size(captured.pixels, sizer.size))
        ended = clock.now()
        dropped, painted = dropped + captured.dropped, painted + 1
        ends.append(ended)
        while ended - ends[0] > WINDOW:
            ends.popleft()
        rate = (len(ends) - 1) / (ended - ends[0]) if ended > ends[0] else 0.0
        yield Shown(pixels, captured.time - start, rate, ended - captured.time, dropped, painted)
        sizer.took(clock.now() - began)


def at_size(pixels: np.ndarray, size: int) -> np.ndarray:
    """A picture with a shorter side of so many pixels, or a few more or less."""
    height, width = pixels.shape[:2]
    factor = size / min(height, width)
    sides = [max(round(side * factor / STEP), 1) * STEP for side in (width, height)]
    if sides == [width, height]:
        return pixels
    return cv2.resize(pixels, sides, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)


class Beside:
    """Shows paintings in a thread of its own; the newest alone waits, and others are left out.

    Args:
        shows: where they go.

    Attributes:
        left_out: paintings that were not shown.
    """

    def __init__(self, shows: Sequence[Show]) -> None:
        self._shows, self.left_out = shows, 0
        self._changed = threading.Condition()
        self._next: Shown | None = None
        self._ended = False
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="show", daemon=True)
        self._thread.start()

    def show(self, shown: Shown) -> None:
        """See :class:`Show`.

        Raises:
            Exception: what went wrong with an earlier one.
        """
        with self._changed:
            if self._problem is not None:
                raise self._problem
            self.left_out += self._next is not None
            self._next = shown
            self._changed.notify_all()

    def close(self) -> None:
        """Show the last one, and close all."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()
        for each in self._shows:
            each.close()
        if self._problem is not None:
            raise self._problem

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._next is not None or self._ended)
                shown, self._next = self._next, None
            if shown is None:
                return
            try:
                for each in self._shows:
                    each.show(shown)
            except BaseException as problem:
                self._problem = problem
                return


def follow(paintings: Iterable[Shown], show: Show) -> Shown | None:
    """Show paintings until there are no more, or Ctrl-C; gives the last."""
    last = None
    try:
        for last in paintings:
            show.show(last)
    except KeyboardInterrupt:
        pass
    finally:
        show.close()
    return last
