import logging
from types import SimpleNamespace
from typing import Any

import pytest

from impasto.base.progress import rate_text
from impasto.callbacks.clock import StopAt, how_short
from impasto.callbacks.progress import TrainingProgress


def model_at(images: int, seconds: float) -> Any:
    state = SimpleNamespace(seconds=seconds, images_seen=images, images_before=images)
    return SimpleNamespace(kimg=images / 1000, images_seen=images, state=state, device="cpu")


def test_time_left_is_what_runs_out_first() -> None:
    halfway = model_at(500, seconds=30.0)
    assert TrainingProgress(kimg=1.0).seconds_left(halfway, rate=5.0) == 100.0
    assert TrainingProgress(kimg=1.0, minutes=1.0).seconds_left(halfway, rate=5.0) == 30.0
    assert TrainingProgress(kimg=1.0, minutes=1.0).seconds_left(halfway, rate=50.0) == 10.0
    assert TrainingProgress(kimg=0.5, minutes=0.1).seconds_left(halfway, rate=5.0) == 0.0


def test_slow_rates_have_decimals() -> None:
    assert [rate_text(n) for n in (612.4, 10.0, 3.14, 0.0123)] == ["612", "10", "3.1", "0.012"]


def test_a_run_that_ends_by_its_minutes_says_so(caplog: pytest.LogCaptureFixture) -> None:
    trainer: Any = SimpleNamespace(should_stop=False, is_global_zero=True)
    stop, model = StopAt(kimg=1.0, minutes=1e-9), model_at(500, seconds=0.0)
    with caplog.at_level(logging.INFO, "impasto"):
        stop.on_train_start(trainer, model)
        stop.on_train_batch_end(trainer, model, None, {}, 3)
    assert trainer.should_stop
    assert stop.cut_short == "cut short by minutes=1e-09 at 0.5 of 1 kimg, 50% short"
    assert stop.cut_short in caplog.text


def test_by_how_much_the_clock_cut_a_run_short() -> None:
    assert how_short(8.0, 68.2, 100.0) == "cut short by minutes=8 at 68.2 of 100 kimg, 32% short"
    assert how_short(0.5, 99.904, 100.0) == "cut short by minutes=0.5 at 99.9 of 100 kimg, less than 1% short"


def test_a_run_that_saw_all_its_pictures_was_not_cut_short() -> None:
    trainer: Any = SimpleNamespace(should_stop=False, is_global_zero=True)
    stop, model = StopAt(kimg=0.5, minutes=1e-9), model_at(500, seconds=0.0)
    stop.on_train_batch_end(trainer, model, None, {}, 3)
    assert trainer.should_stop
    assert stop.cut_short is None
