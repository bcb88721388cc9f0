import errno
import os
import pickle
import signal
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.callbacks import checkpoints as module
from impasto.callbacks.checkpoint_io import PlainCheckpointIO
from impasto.callbacks.checkpoints import Checkpoints
from impasto.callbacks.signals import BrokenOff
from impasto.evaluation.protocols.measurement import Measurement
from impasto.models.noise import NoiseGAN
from tests.callbacks.conftest import FakeTrainer
from tests.models.test_base import batch


def step(checkpoints: Checkpoints, trainer: FakeTrainer, model: NoiseGAN) -> None:
    model.training_step(batch(), 0)
    checkpoints.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]


def evaluated(
    checkpoints: Checkpoints,
    model: NoiseGAN,
    value: float,
    name: str = "fd_test",
    higher_is_better: bool | None = None,
) -> None:
    known = {} if higher_is_better is None else {name: {"higher_is_better": higher_is_better}}
    checkpoints.latest, checkpoints.measured_at = Measurement({name: value}, known, name), model.images_seen


def test_best_is_kept_by_the_metric(tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN) -> None:
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    kept = []
    for value in (5.0, 3.0, 4.0, float("nan")):
        step(checkpoints, trainer, model)
        evaluated(checkpoints, model, value)
        checkpoints.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]
        kept.append(torch.load(tmp_path / "best.ckpt", weights_only=True)["weight"])
    assert kept[0] != kept[1] == kept[2] == kept[3]
    assert checkpoints.best["value"] == 3.0


@pytest.mark.parametrize(
    ("mode", "higher_is_better", "best", "said"),
    [
        (None, True, 5.0, False),
        (None, False, 3.0, False),
        (None, None, 3.0, False),
        ("max", None, 5.0, False),  # a figure of one's own that does not say
        ("max", True, 5.0, False),
        ("min", True, 3.0, True),
    ],
)
def test_best_is_what_the_metric_says_and_a_mode_against_it_is_followed_with_a_notice(
    tmp_path: Path,
    trainer: FakeTrainer,
    model: NoiseGAN,
    mode: str | None,
    higher_is_better: bool | None,
    best: float,
    said: bool,
) -> None:
    forget_notices()
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None, mode=mode)
    for value in (4.0, 5.0, 3.0):
        model.training_step(batch(), 0)
        evaluated(checkpoints, model, value, "class_accuracy", higher_is_better)
        checkpoints.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]
    assert checkpoints.best["value"] == best
    assert ("mode" in notices()) == said
    if said:
        assert "class_accuracy is better when it is higher" in notices()["mode"]


def test_a_wanted_metric_that_is_not_measured_is_said_at_the_first_measurement(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN
) -> None:
    forget_notices()
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None, monitor="fid")
    step(checkpoints, trainer, model)
    assert notices() == {}
    evaluated(checkpoints, model, 1.0)
    step(checkpoints, trainer, model)
    assert "optimized_metric=fid is not among what is measured (fd_test)" in notices()["optimized_metric"]
    assert not (tmp_path / "best.ckpt").exists()


def test_a_mode_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mode=biggest"):
        Checkpoints(tmp_path, {}, mode="biggest")


def test_saving_the_best_does_not_put_off_the_last(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=10, first_seconds=None)
    saved = []
    for minutes in (4, 8, 12, 16):  # an evaluation every four minutes, each better than the one before
        now[0] = minutes * 60.0
        model.training_step(batch(), 0)
        evaluated(checkpoints, model, -minutes)
        checkpoints.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]
        saved.append((tmp_path / "last.ckpt").exists())
    assert saved == [False, False, True, True]
    assert checkpoints.best["value"] == -16


@pytest.mark.parametrize(("resumed", "saved_at"), [(False, [40, 341]), (True, [310])])
def test_the_first_checkpoint_comes_early_so_that_a_run_can_be_resumed(
    tmp_path: Path,
    trainer: FakeTrainer,
    model: NoiseGAN,
    monkeypatch: pytest.MonkeyPatch,
    resumed: bool,
    saved_at: list[int],
) -> None:
    now = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=5)
    saved = []
    monkeypatch.setattr(trainer, "save_checkpoint", lambda path, **_: (saved.append(now[0]), Path(path).touch()))
    if resumed:
        (tmp_path / "last.ckpt").touch()
    checkpoints.on_train_start(trainer, model)  # type: ignore[arg-type]
    checkpoints.teardown()
    for now[0] in (10, 20, 40, 50, 300, 310, 341, 350):
        step(checkpoints, trainer, model)
    assert saved == saved_at


def test_the_last_step_is_saved_before_the_final_measurements(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN
) -> None:
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    step(checkpoints, trainer, model)
    assert not (tmp_path / "last.ckpt").exists()
    trainer.should_stop = True  # by StopAt, which comes before
    step(checkpoints, trainer, model)
    assert (tmp_path / "last.ckpt").exists()


def test_a_full_disk_costs_one_checkpoint_and_not_the_one_before(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN
) -> None:
    checkpoints = Checkpoints(tmp_path, {}, every_kimg=0.004)
    step(checkpoints, trainer, model)
    before = (tmp_path / "last.ckpt").read_bytes()
    trainer.full_disk = True
    step(checkpoints, trainer, model)
    assert (tmp_path / "last.ckpt").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    with pytest.raises(UserError, match="free some space"):
        checkpoints.on_train_end(trainer, model)  # type: ignore[arg-type]


def test_kill_9_in_the_middle_of_a_write_leaves_the_checkpoint_before(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN
) -> None:
    checkpoints = Checkpoints(tmp_path, {}, every_kimg=0.004)
    step(checkpoints, trainer, model)
    before = (tmp_path / "last.ckpt").read_bytes()

    def die_half_way(path: Path, weights_only: bool = False) -> None:
        Path(path).write_bytes(before[: len(before) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    if (child := os.fork()) == 0:
        trainer.save_checkpoint = die_half_way
        step(checkpoints, trainer, model)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert (tmp_path / "last.ckpt").read_bytes() == before
    step(checkpoints, trainer, model)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.ckpt"]


def test_what_could_not_be_saved_is_not_the_best(tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN) -> None:
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    model.training_step(batch(), 0)
    evaluated(checkpoints, model, 5.0)
    checkpoints.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]
    model.training_step(batch(), 0)
    evaluated(checkpoints, model, 3.0)
    trainer.full_disk = True
    checkpoints.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]
    assert checkpoints.best["value"] == 5.0
    trainer.full_disk = False
    step(checkpoints, trainer, model)  # other weights than those that were measured
    assert checkpoints.best["value"] == 5.0
    model.generator.value.data.fill_(float("nan"))
    evaluated(checkpoints, model, 1.0)
    checkpoints.on_train_batch_end(trainer, model, None, batch(), 0)  # type: ignore[arg-type]
    assert checkpoints.best["value"] == 5.0


def test_a_signal_breaks_off_what_may_be_broken_off(tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN) -> None:
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    checkpoints.on_train_start(trainer, model)  # type: ignore[arg-type]
    try:
        with pytest.raises(BrokenOff), checkpoints.may_break_off():
            os.kill(os.getpid(), signal.SIGINT)
        step(checkpoints, trainer, model)
        assert trainer.should_stop
        assert (tmp_path / "last.ckpt").exists()
    finally:
        checkpoints.teardown()


def test_broken_weights_are_never_saved(tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN) -> None:
    checkpoints = Checkpoints(tmp_path, {}, every_kimg=0.004)
    model.generator.value.data.fill_(float("nan"))
    checkpoints.save(trainer, model, "last.ckpt")  # type: ignore[arg-type]
    assert not (tmp_path / "last.ckpt").exists()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_a_warning_saves_and_stops_and_may_be_repeated_and_is_passed_on_once_the_run_is_saved(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN, number: signal.Signals
) -> None:
    passed_on = []

    def requeue(number: int, frame: object) -> None:
        passed_on.append((signal.Signals(number), (tmp_path / "last.ckpt").exists()))

    before = signal.signal(number, requeue)
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    checkpoints.on_train_start(trainer, model)  # type: ignore[arg-type]
    try:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)  # a shell repeats the one of its terminal
        os.kill(os.getpid(), signal.SIGTERM)  # a queue sends it after its warning
        step(checkpoints, trainer, model)
        assert trainer.should_stop
        assert checkpoints.interrupted == number.name
        assert passed_on == []
        checkpoints.teardown()
        assert passed_on == [(number, True)]
    finally:
        checkpoints.teardown()
        signal.signal(number, before)


def test_a_warning_that_is_repeated_does_not_end_the_writing_of_the_last_files(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    checkpoints.on_train_start(trainer, model)  # type: ignore[arg-type]
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        checkpoints.teardown()
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nohup_is_respected(tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    checkpoints.on_train_start(trainer, model)  # type: ignore[arg-type]
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        step(checkpoints, trainer, model)
        assert not trainer.should_stop
    finally:
        checkpoints.teardown()
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_stops_and_a_second_one_interrupts(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN, number: signal.Signals
) -> None:
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    before = signal.getsignal(number)
    checkpoints.on_train_start(trainer, model)  # type: ignore[arg-type]
    try:
        step(checkpoints, trainer, model)
        assert not trainer.should_stop
        os.kill(os.getpid(), number)
        step(checkpoints, trainer, model)
        assert trainer.should_stop
        assert (tmp_path / "last.ckpt").exists()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    finally:
        checkpoints.teardown()
    assert signal.getsignal(number) == before


def test_all_processes_stop_at_one_batch_whichever_got_the_signal(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step_at(index: int) -> None:
        checkpoints.on_train_batch_end(trainer, model, None, batch(), index)  # type: ignore[arg-type]

    asked = []
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    monkeypatch.setattr(distributed, "any_process", lambda flag, _: asked.append(flag) or True)
    checkpoints = Checkpoints(tmp_path, {}, every_minutes=None)
    checkpoints.on_train_start(trainer, model)  # type: ignore[arg-type]
    try:
        step_at(3)
        assert (asked, trainer.should_stop, model.interrupted) == ([], False, False)
        step_at(16)
        assert not any(asked)
        assert trainer.should_stop
        assert model.interrupted
        assert checkpoints.interrupted == "a signal to another process"
        assert (tmp_path / "last.ckpt").exists()
        os.kill(os.getpid(), signal.SIGTERM)  # its own comes a little later, and is no second one
        assert checkpoints.interrupted == "SIGTERM"
    finally:
        checkpoints.teardown()


def test_a_file_is_written_where_it_belongs_however_full_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/full")  # not even a folder
    writer = PlainCheckpointIO()
    writer.save_checkpoint({"a": torch.arange(3)}, tmp_path / "a.ckpt")
    assert writer.problem is None
    assert torch.load(tmp_path / "a.ckpt", weights_only=True)["a"].tolist() == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]


def test_torchs_own_word_for_a_full_disk_is_the_disks(tmp_path: Path) -> None:
    writer = PlainCheckpointIO()
    writer.save_checkpoint({"a": torch.zeros(100_000)}, "/dev/full")
    assert writer.problem is not None
    assert writer.problem.errno == errno.ENOSPC
    with pytest.raises((RuntimeError, pickle.PicklingError, AttributeError)):
        writer.save_checkpoint({"a": lambda: None}, tmp_path / "a.ckpt")


def test_a_message_names_the_place_that_failed(
    tmp_path: Path, trainer: FakeTrainer, model: NoiseGAN, caplog: pytest.LogCaptureFixture
) -> None:
    trainer.full_disk = True
    checkpoints = Checkpoints(tmp_path / "checkpoints", {})
    assert not checkpoints.save(trainer, model, "last.ckpt")  # type: ignore[arg-type]
    assert f"{tmp_path / 'checkpoints' / 'last.ckpt'}: No space left on device" in caplog.text
