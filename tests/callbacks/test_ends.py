"""How a run ends: its last step is safe before it is measured, and nothing is measured where it was told to stop."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from lightning import Callback, Trainer

from impasto.evaluation.protocols.measurement import Measurement
from impasto.models.base import AdversarialModel
from tests.training import composed, make_pictures, train, weights


class Measure:
    """An evaluation that breaks while ``broken`` holds."""

    broken = False
    asked = 0
    told = False

    def measure(self, painter: Any, data: Any) -> Measurement:
        Measure.asked += 1
        if Measure.told:
            os.kill(os.getpid(), signal.SIGTERM)
        if Measure.broken:
            raise RuntimeError("no memory left to measure with")
        return Measurement({"fd_test": 1.0 / Measure.asked}, {"fd_test": {"higher_is_better": False}}, "fd_test")


class Poison(Callback):
    """Spoils the weights in the last step."""

    def on_train_batch_start(self, trainer: Trainer, pl_module: AdversarialModel, *_: object) -> None:  # type: ignore[override]
        if pl_module.images_seen == 20:
            next(pl_module.generator.parameters()).data.fill_(float("nan"))


class Kick(Callback):
    """Tells its own process to stop, in the middle of a step."""

    def on_train_batch_start(self, trainer: Trainer, pl_module: AdversarialModel, *_: object) -> None:  # type: ignore[override]
        if pl_module.images_seen == 8:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(Measure, "asked", 0)
    monkeypatch.setattr(Measure, "broken", False)
    monkeypatch.setattr(Measure, "told", False)
    pictures = make_pictures(tmp_path / "pictures")
    return [
        "data=image_folder",
        f"data.root={pictures}",
        "data.image_size=16",
        "data.batch_size=4",
        "model.generator.features=4",
        "model.discriminator.features=4",
        "evaluation=none",
        f"+evaluation._target_={Measure.__module__}.Measure",
        "kimg=0.024",
        "callbacks.evaluation.every_kimg=0.012",
    ]


def summary_of(run_dir: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run_dir / "summary.json").read_text())
    return found


def test_an_error_in_the_last_measurement_loses_nothing(
    tmp_path: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = tmp_path / "run"
    monkeypatch.setattr(Measure, "broken", True)
    with pytest.raises(RuntimeError, match="no memory left"):
        train(composed(run_dir, *tiny, "callbacks.evaluation.every_kimg=0.024"))
    assert weights(run_dir)["impasto"]["images_seen"] == 24
    monkeypatch.setattr(Measure, "broken", False)
    train(composed(run_dir, *tiny, f"resume={run_dir}"))
    summary = summary_of(run_dir)
    assert (summary["status"], summary["images_seen"]) == ("complete", 24)
    assert summary["metrics"]["fd_test"]["best_at_images"] == 24
    assert weights(run_dir, "best")["impasto"]["images_seen"] == 24
    kept = weights(run_dir)["callbacks"]
    assert [row["images_seen"] for row in kept["Evaluation"]["history"]] == [24]
    assert kept["Checkpoints"]["best"]["value"] == 1 / 2, "measured the second time"


def test_a_signal_ends_the_run_without_measuring_and_a_resumed_run_measures_at_its_end(
    tmp_path: Path, tiny: list[str]
) -> None:
    run_dir = tmp_path / "run"
    asked_for = ["optimized_metric=fd_test", "callbacks.evaluation.every_kimg=null"]
    kick = f"+callbacks.kick._target_={Kick.__module__}.Kick"
    assert train(composed(run_dir, *tiny, *asked_for, kick)) is None
    summary = summary_of(run_dir)
    assert (summary["status"], summary["cause"], summary["images_seen"]) == ("interrupted", "SIGTERM", 12)
    assert Measure.asked == 0
    assert weights(run_dir)["impasto"]["images_seen"] == 12
    assert train(composed(run_dir, *tiny, *asked_for, f"resume={run_dir}")) == 1.0
    assert summary_of(run_dir)["status"] == "complete"
    assert Measure.asked == 1


def test_an_error_in_a_measurement_on_the_way_loses_nothing(
    tmp_path: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Measure, "broken", True)
    with pytest.raises(RuntimeError, match="no memory left"):
        train(composed(tmp_path / "run", *tiny))
    assert weights(tmp_path / "run")["impasto"]["images_seen"] == 12


def test_a_signal_in_a_measurement_breaks_it_off(
    tmp_path: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = tmp_path / "run"
    monkeypatch.setattr(Measure, "told", True)
    monkeypatch.setattr(Measure, "broken", True)  # which it does not come to
    train(composed(run_dir, *tiny))
    summary = summary_of(run_dir)
    assert (summary["status"], summary["images_seen"], summary["metrics"]) == ("interrupted", 12, {})
    assert Measure.asked == 1
    monkeypatch.setattr(Measure, "told", False)
    monkeypatch.setattr(Measure, "broken", False)
    train(composed(run_dir, *tiny, f"resume={run_dir}"))
    assert (summary_of(run_dir)["status"], Measure.asked) == ("complete", 2)


@pytest.mark.parametrize(
    ("guard", "figures"), [("callbacks.guard.every_kimg=0.016", True), ("~callbacks.guard", False)]
)
def test_weights_that_are_not_finite_are_neither_measured_nor_saved_nor_passed_off_as_complete(
    tmp_path: Path, tiny: list[str], guard: str, figures: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "impasto")
    poison = f"+callbacks.poison._target_={Poison.__module__}.Poison"
    train(composed(tmp_path / "run", *tiny, poison, guard, "callbacks.evaluation.every_kimg=null"))
    summary = summary_of(tmp_path / "run")
    assert summary["status"] == "diverged"
    assert f"diverged: {summary['cause'].rstrip('.')}; samples in " in caplog.text
    assert bool(summary["metrics"]) == bool(summary["best_checkpoint"]) == figures
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").exists() == figures


def test_a_run_that_has_nothing_left_to_do_says_so_and_keeps_its_rate(tmp_path: Path, tiny: list[str]) -> None:
    run_dir = tmp_path / "run"
    train(composed(run_dir, *tiny))
    before = summary_of(run_dir)["images_per_second"]
    train(composed(run_dir, *tiny, f"resume={run_dir}"))
    summary = summary_of(run_dir)
    assert before > 0
    assert summary["images_per_second"] == before
    assert "This run has already seen its 24 pictures" in summary["notices"]["resume.done"]
