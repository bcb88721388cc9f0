"""The evaluation callback on a model that is only a clock."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from impasto.base.notices import forget_notices, notices
from impasto.base.parts import Parts
from impasto.callbacks.checkpoints import Checkpoints
from impasto.callbacks.evaluation import Evaluation, in_short
from impasto.evaluation.protocols.measurement import Measurement


class Counting:
    """Draws random numbers and counts how often it was asked."""

    takes = "latent"
    parts = ("image",)

    def __init__(self) -> None:
        self.asked = 0

    def measure(self, painter: Any, data: Any) -> Measurement:
        self.asked += 1
        torch.rand(3), np.random.rand(3)
        sheets = {"neighbours": lambda: (torch.zeros(2, 3, 4, 4), 2), "samples": lambda: 1 / 0}
        return Measurement({"fd_tiny": 10.0 - self.asked}, {"fd_tiny": {"generated": 8}}, "fd_tiny", sheets=sheets)


class Logger:
    def __init__(self) -> None:
        self.logged: list[tuple[dict[str, float], int]] = []

    def log_metrics(self, values: dict[str, float], step: int) -> None:
        self.logged.append((values, step))


def model_at(before: int, seen: int) -> Any:
    state = SimpleNamespace(images_before=before, images_seen=seen)
    clock = {"state": state, "images_seen": seen, "kimg": seen / 1000, "settle": lambda: None}
    return SimpleNamespace(**clock, painter="the painter", interrupted=False, is_finite=lambda: True)


@pytest.fixture
def trainer() -> Any:
    return SimpleNamespace(loggers=[Logger()], datamodule=None, callbacks=[], is_global_zero=True, should_stop=False)


def test_measures_when_it_is_time_and_says_so(trainer: Any) -> None:
    callback = Evaluation(Counting(), every_kimg=1.0)
    for seen in range(400, 2800, 400):
        model = model_at(seen - 400, seen)
        callback.on_train_batch_end(trainer, model, None, {}, 0)
    assert [row["images_seen"] for row in callback.history] == [1200, 2000]
    assert trainer.loggers[0].logged[0] == ({"eval/fd_tiny": 9.0, "kimg": 1.2}, 1200)


def test_hands_the_figure_to_checkpoints(trainer: Any, tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, {})
    trainer.callbacks.append(checkpoints)
    callback = Evaluation(Counting())
    callback.measure(trainer, model_at(0, 1000))
    assert checkpoints.latest is callback.latest
    assert checkpoints.measured_at == 1000
    assert callback.latest is not None
    assert (callback.latest.main, dict(callback.latest.figures)) == ("fd_tiny", {"fd_tiny": 9.0})


def test_draws_nothing_from_training(trainer: Any) -> None:
    torch.manual_seed(3), np.random.seed(3)
    wanted = torch.rand(2), np.random.rand(2)
    torch.manual_seed(3), np.random.seed(3)
    Evaluation(Counting()).measure(trainer, model_at(0, 1))
    assert torch.equal(torch.rand(2), wanted[0])
    assert (np.random.rand(2) == wanted[1]).all()


def test_measures_at_the_end_but_not_twice(trainer: Any, tmp_path: Path) -> None:
    evaluator = Counting()
    callback = Evaluation(evaluator, every_kimg=1.0, folder=tmp_path)
    model = model_at(500, 1000)
    callback.on_train_batch_end(trainer, model, None, {}, 0)
    callback.on_train_end(trainer, model)
    assert evaluator.asked == 1
    assert (tmp_path / "neighbours.png").is_file()
    callback.on_train_end(trainer, model_at(1000, 1400))
    assert evaluator.asked == 2


def test_what_training_ends_with_is_measured_after_it_was_saved(trainer: Any) -> None:
    callback = Evaluation(Counting(), every_kimg=1.0)
    trainer.should_stop = True
    callback.on_train_batch_end(trainer, model_at(500, 1000), None, {}, 0)
    assert callback.history == []
    callback.on_train_end(trainer, model_at(500, 1000))
    assert len(callback.history) == 1


def test_an_interrupted_run_is_not_kept_waiting(trainer: Any, tmp_path: Path) -> None:
    callback = Evaluation(Counting(), every_kimg=1.0, folder=tmp_path)
    model = model_at(500, 1000)
    model.interrupted = True
    callback.on_train_end(trainer, model)
    assert callback.history == []
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_not_measured(trainer: Any, tmp_path: Path) -> None:
    forget_notices()
    callback = Evaluation(Counting(), every_kimg=1.0, folder=tmp_path)
    model = model_at(500, 1000)
    model.is_finite = lambda: False
    callback.on_train_batch_end(trainer, model, None, {}, 0)
    callback.on_train_end(trainer, model)
    assert (callback.history, callback.latest, list(tmp_path.iterdir())) == ([], None, [])
    assert "Nothing is measured at 1.0 kimg" in notices()["evaluation.finite"]


def test_history_survives_a_resume(trainer: Any, tmp_path: Path) -> None:
    callback = Evaluation(Counting())
    callback.measure(trainer, model_at(0, 1000))
    other = Evaluation(Counting())
    other.load_state_dict(callback.state_dict())
    assert other.history == callback.history
    checkpoints = Checkpoints(tmp_path, {})
    trainer.callbacks.append(checkpoints)
    other.on_train_start(trainer, model_at(0, 1000))
    latest = checkpoints.latest
    assert latest is not None
    assert (latest.main, latest.figures, checkpoints.measured_at) == ("fd_tiny", {"fd_tiny": 9.0}, 1000)
    assert latest.comparability == {"fd_tiny": {"generated": 8}}


def test_numbers_without_a_class_are_no_evaluator() -> None:
    assert Evaluation({"num_images": 5000}).evaluator is None  # type: ignore[arg-type]


def test_without_an_evaluator_nothing_happens(trainer: Any) -> None:
    callback = Evaluation({})  # type: ignore[arg-type]
    callback.on_train_batch_end(trainer, model_at(0, 99_000), None, {}, 0)
    callback.on_train_end(trainer, model_at(0, 99_000))
    assert callback.history == []


def test_the_line_is_short() -> None:
    figures = {"fd_tiny": 3.14159, "density_tiny": 1.0, "class_accuracy": 0.5, "class_share_min": 0.1}
    assert in_short(figures) == "fd_tiny 3.142, class_accuracy 0.5"
    assert in_short({}) == "nothing could be measured"


def test_a_protocol_for_other_painters_is_refused_before_data_is_read() -> None:
    def said(takes: tuple[str, ...], parts: dict[str, str]) -> list[str]:
        model, data = SimpleNamespace(painter=SimpleNamespace(takes=takes)), SimpleNamespace(parts=parts)
        return [finding.sentence for finding in Evaluation(Counting()).check_with(Parts(model=model, data=data))]

    assert said(("latent", "label"), {"image": "independently"}) == []
    assert "Counting measures painters that take latent, and this one takes content" in said(("content",), {})[0]
    wrong = said(("latent",), {"content": "aligned", "target": "aligned"})
    remedy = "set evaluation=paired (protocol= for evaluate.py)."
    assert wrong == [f"Counting needs data with the part image, and there is content and target: {remedy}"]
