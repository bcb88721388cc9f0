"""How far a measurement is, on a terminal and elsewhere."""

import io
import logging

import pytest
from rich.console import Console
from rich.progress import Progress

from impasto.base import progress as module
from impasto.base.progress import Count, Left, Rate, columns, counting, progress_bar


def test_the_bar_has_a_rate() -> None:
    now = 0.0
    with Progress(
        *columns(), console=Console(file=io.StringIO(), width=100), get_time=lambda: now, auto_refresh=False
    ) as bar:
        task = bar.add_task("measuring", total=100)
        rate = columns()[3]
        assert str(rate.render(bar.tasks[0])) == ""
        for _ in range(4):
            now += 2.0
            bar.advance(task, 10)
        assert str(rate.render(bar.tasks[0])) == "5 img/s"


def test_without_a_terminal_there_are_lines_with_a_rate(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    times = iter([0.0, 4.0, 12.0, 20.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(times))
    with caplog.at_level(logging.INFO, "impasto"), counting("measuring", 100, bar=True) as tick:
        for _ in range(3):
            tick(24)
    assert [record.getMessage() for record in caplog.records] == ["measuring: 48 of 100, 4 img/s, 13 s left"]


def test_a_task_may_say_its_own_count_rate_and_time_left() -> None:
    bar = progress_bar(shown=False)
    bar.disable = False
    task = bar.add_task("training", total=100, count="12.3/100 kimg", rate=612.4, left=3723.0)
    text = [str(column.render(bar.tasks[task])) for column in columns() if isinstance(column, Count | Rate | Left)]
    assert text == ["12.3/100 kimg", "612 img/s", "1:02:03 left"]
    bar.update(task, rate=None, left=None)
    assert [str(column.render(bar.tasks[task])) for column in (Rate(), Left())] == ["", ""]
