"""Progress of a measurement or a batch of paintings: bars and lines with a rate and the time left."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

log = logging.getLogger("impasto")

Tick = Callable[[float], None]
"""Called with the number of pictures done since the last call; parts of a large one are fractions."""


_bars: ContextVar[bool] = ContextVar("bars", default=False)


@contextmanager
def drawing_bars() -> Iterator[None]:
    """Within it, everything that counts draws a bar: for scripts that draw no other."""
    token = _bars.set(True)
    try:
        yield
    finally:
        _bars.reset(token)


@contextmanager
def counting(what: str, total: int, bar: bool = False, seconds: float = 10.0) -> Iterator[Tick]:
    """A bar with a rate and the time left, or a line of the same every ``seconds``.

    Args:
        what: name of what is done.
        total: pictures.
        bar: draw a bar on a terminal; not while another one is drawn. :func:`drawing_bars` does the same.
        seconds: between lines.
    """
    if (bar or _bars.get()) and sys.stderr.isatty():
        with progress_bar() as progress:
            task = progress.add_task(what, total=total)
            # Parts of pictures do not add up to whole numbers exactly.
            yield lambda n: progress.update(task, completed=round(progress.tasks[0].completed + n, 6))
    else:
        yield _Lines(what, total, seconds)


def progress_bar(shown: bool = True) -> Progress:
    """The one bar of all commands, on stderr.

    A task shows its own numbers and the time since it began, unless its fields say otherwise: ``count`` (a text),
    ``rate`` (pictures a second), ``left`` (seconds).

    Args:
        shown: draw it.
    """
    return Progress(*columns(), console=Console(stderr=True), refresh_per_second=2, disable=not shown)


def columns() -> tuple[ProgressColumn, ...]:
    """What the bar shows."""
    return (TextColumn("{task.description}"), BarColumn(bar_width=24), Count(), Rate(), TimeElapsedColumn(), Left())


class Count(MofNCompleteColumn):
    """How much is done of how much."""

    def render(self, task: Task) -> Text:
        """The text of the column."""
        return Text(task.fields["count"]) if "count" in task.fields else super().render(task)


class Rate(ProgressColumn):
    """Pictures a second, once it is known."""

    def render(self, task: Task) -> Text:
        """The text of the column."""
        rate = task.fields.get("rate", task.speed)
        return Text(f"{rate_text(rate)} img/s" if rate else "")


class Left(ProgressColumn):
    """Time left, once it is known."""

    def render(self, task: Task) -> Text:
        """The text of the column."""
        left = task.fields.get("left", task.time_remaining)
        return Text(f"{clock_text(left)} left" if left is not None else "")


def rate_text(images_per_second: float) -> str:
    """Whole numbers, and two digits of slow rates."""
    return f"{images_per_second:.0f}" if images_per_second >= 10 else f"{images_per_second:.2g}"


def clock_text(seconds: float) -> str:
    """``1:02:03``, or ``2:03`` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class _Lines:
    def __init__(self, what: str, total: int, seconds: float) -> None:
        self.what, self.total, self.seconds = what, total, seconds
        self.done = 0.0
        self.began = self.said = time.monotonic()

    def __call__(self, n: float) -> None:
        self.done = round(self.done + n, 6)
        now = time.monotonic()
        if now - self.said >= self.seconds and self.done < self.total:
            self.said = now
            rate = self.done / (now - self.began)
            left = (self.total - self.done) / rate
            done = f"{round(self.done, 2):.12g}"
            log.info("%s: %s of %d, %s img/s, %.0f s left", self.what, done, self.total, rate_text(rate), left)
