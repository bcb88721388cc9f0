"""What happens to real processes: kills, signals, several of them, places that cannot be written."""

import csv
import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from impasto.run.command_line.entry import report_user_errors
from tests.test_training import same
from tests.training import ROOT, composed, make_pictures, train, weights

TINY = (
    "model=cgan",
    "data=image_folder",
    "data.image_size=16",
    "data.batch_size=4",
    "model.generator.features=8",
    "model.discriminator.features=8",
    "evaluation=none",
    "precision=32-true",
    "trainer=cpu",
)
PATIENCE = 200


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("data") / "pictures", each=8)


def start(run_dir: Path, pictures: Path, *overrides: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "src" / "train.py"), *TINY, f"data.root={pictures}", *overrides]
    if not any(override.startswith(("resume=", "hydra.run.dir=")) for override in overrides):
        command.append(f"hydra.run.dir={run_dir}")
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=run_dir.parent)


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    began = time.monotonic()
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.01)


def test_kill_9_and_go_on_as_if_nothing_had_happened(tmp_path: Path, pictures: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = start(killed, pictures, "kimg=50", "callbacks.checkpoints.every_kimg=0.02")
    wait_for(killed / "checkpoints" / "last.ckpt", process)
    process.kill()
    process.communicate()
    seen = weights(killed)["impasto"]["images_seen"]
    done = start(killed, pictures, f"resume={killed}", f"kimg={(seen + 40) / 1000}")
    assert done.wait(PATIENCE) == 0, done.communicate()[0]
    train(composed(whole, *TINY, f"data.root={pictures}", f"kimg={(seen + 40) / 1000}"))
    a, b = weights(killed), weights(whole)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == seen + 40
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])


def test_sigterm_saves_and_says_so(tmp_path: Path, pictures: Path) -> None:
    run_dir = tmp_path / "run"
    process = start(run_dir, pictures, "kimg=50", "callbacks.samples.every_kimg=0.02")
    wait_for(run_dir / "samples", process)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert "SIGTERM: saving after this step" in output
    summary = json.loads((run_dir / "summary.json").read_text())
    assert summary["status"] == "interrupted"
    assert weights(run_dir)["impasto"]["images_seen"] == summary["images_seen"]


@pytest.mark.skipif(not hasattr(termios, "TIOCSCTTY"), reason="needs a terminal to close")
def test_a_run_whose_terminal_is_closed_is_saved_to_its_end(tmp_path: Path, pictures: Path) -> None:
    run_dir = tmp_path / "run"
    ours, theirs = pty.openpty()

    def own_terminal() -> None:
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests that run under nohup hand on that it is ignored

    process = subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "src" / "train.py"), *TINY, f"data.root={pictures}"),
            *("kimg=50", "callbacks.samples.every_kimg=0.02", f"hydra.run.dir={run_dir}"),
        ],
        **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
        start_new_session=True,
        preexec_fn=own_terminal,
        cwd=tmp_path,
    )
    os.close(theirs)
    began = time.monotonic()
    while not (run_dir / "samples").exists():
        assert time.monotonic() - began < PATIENCE
        if select.select([ours], [], [], 0.01)[0]:  # what is not read would stop the process
            os.read(ours, 4096)
    os.close(ours)
    assert process.wait(PATIENCE) == 0
    summary = json.loads((run_dir / "summary.json").read_text())
    assert (summary["status"], summary["cause"]) == ("interrupted", "SIGHUP")
    assert weights(run_dir)["impasto"]["images_seen"] == summary["images_seen"]


def curve(run_dir: Path, column: str) -> list[float]:
    with (run_dir / "metrics.csv").open() as file:
        return [float(row[column]) for row in csv.DictReader(file)]


def test_two_processes_give_the_curve_of_one(tmp_path: Path, pictures: Path) -> None:
    shared = ["kimg=0.04", "callbacks.log.every_updates=1", "augment=diffaugment", "penalty=r1"]
    # The gradient of hinge by the bias of the projection is zero, and Adam makes whole steps of its rounding.
    shared.append("loss=non_saturating")
    two = start(tmp_path / "two", pictures, *shared, "trainer=ddp_cpu")
    train(composed(tmp_path / "one", *TINY, f"data.root={pictures}", *shared))
    assert two.wait(PATIENCE) == 0, two.communicate()[0]
    for column in ("train/loss_d", "train/loss_g"):
        one_curve, two_curve = curve(tmp_path / "one", column), curve(tmp_path / "two", column)
        assert len(one_curve) == len(two_curve) == 10
        assert two_curve == pytest.approx(one_curve, rel=1e-5, abs=1e-5)
    a, b = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 40
    for name, value in a["state_dict"].items():
        # Two processes measure the averaged generator's variances over twice as many numbers: n / (n - 1) differs.
        loose = 1e-3 if name.startswith("painters.painter.network") and name.endswith("running_var") else 1e-5
        torch.testing.assert_close(b["state_dict"][name], value, rtol=loose, atol=1e-5)


TRANSLATIONS = {
    "cyclegan": ["data=unpaired", "model.generator.blocks=1", "model.pool_size=3", "data.style={pictures}/class_1"],
    "pix2pix": ["data=paired", "data.target={pictures}/class_0", "augment=diffaugment", "model.generator.dropout=0.5"],
}


@pytest.mark.parametrize("model", TRANSLATIONS)
def test_two_processes_translate_as_one(tmp_path: Path, pictures: Path, model: str) -> None:
    own = [each.format(pictures=pictures) for each in TRANSLATIONS[model]]
    small = ["data.image_size=32", "data.pack_size=40", "data.batch_size=4", "kimg=0.024", "evaluation=none"]
    narrow = [f"model.{name}" for name in ("generator.features=4", "discriminator.features=4")]
    narrow.append("model.discriminator.layers=1")
    shared = [f"model={model}", *own, f"data.content={pictures}/class_0", *small, *narrow, "precision=32-true"]
    command = [sys.executable, str(ROOT / "src" / "train.py"), *shared, "trainer=ddp_cpu"]
    command.append(f"hydra.run.dir={tmp_path / 'two'}")
    two = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path)
    train(composed(tmp_path / "one", *shared, "trainer=cpu"))
    assert two.wait(PATIENCE) == 0, two.communicate()[0]
    a, b = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 24
    for name, value in a["state_dict"].items():
        # a bias before instance norm has no gradient but rounding, of which Adam makes whole steps
        if not name.endswith("bias"):
            torch.testing.assert_close(b["state_dict"][name], value, rtol=1e-4, atol=1e-4, msg=name)


def second_of(pid: int) -> int:
    """The process that another one started as its rank 1."""
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return next(child for child in found if b"LOCAL_RANK=1" in Path(f"/proc/{child}/environ").read_bytes())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs to know the processes that a process started")
@pytest.mark.parametrize("number", [0, 1])
def test_a_signal_to_one_of_two_processes_ends_both(tmp_path: Path, pictures: Path, number: int) -> None:
    run_dir = tmp_path / "run"
    process = start(run_dir, pictures, "kimg=50", "callbacks.samples.every_kimg=0.02", "trainer=ddp_cpu")
    wait_for(run_dir / "samples", process)
    second = second_of(process.pid)
    try:
        os.kill((process.pid, second)[number], signal.SIGTERM)
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        with suppress(ProcessLookupError):
            os.kill(second, signal.SIGKILL)
    assert process.returncode == 0, output
    summary = json.loads((run_dir / "summary.json").read_text())
    assert (summary["status"], summary["cause"]) == ("interrupted", ("SIGTERM", "a signal to another process")[number])
    assert weights(run_dir)["impasto"]["images_seen"] == summary["images_seen"]


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["loss=wasserstein", "model.discriminator.sigmoid=true"], "sigmoid=true"),
        (["data.root=/no/such/folder"], "/no/such/folder"),
        (["resume=/no/such/run"], "is not the folder of a run"),
        (["model.generator._target_=impasto.networks.dcgan.Nothing"], "cannot be built"),
    ],
)
def test_mistakes_end_in_one_sentence(tmp_path: Path, pictures: Path, overrides: list[str], says: str) -> None:
    process = start(tmp_path / "run", pictures, *overrides)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert says in output
    assert "Traceback" not in output
    assert output.count("Error: ") == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place that nobody can write to")
def test_an_output_that_cannot_be_written(tmp_path: Path, pictures: Path) -> None:
    process = start(tmp_path / "run", pictures, "hydra.run.dir=/proc/nowhere")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert output.startswith("Error: /proc/nowhere: ")
    assert len(output.splitlines()) == 1


def test_a_place_that_cannot_be_written_once_training_has_begun(tmp_path: Path, pictures: Path) -> None:
    """A file in the place of the checkpoints stops even those who may write anywhere."""
    (tmp_path / "checkpoints").touch()
    cfg = composed(tmp_path, *TINY, f"data.root={pictures}", "kimg=0.04", "callbacks.samples.every_kimg=0.02")
    with pytest.raises(SystemExit) as ended:
        report_user_errors(train)(cfg)
    assert str(ended.value.code).startswith(
        f"Error: The last checkpoint could not be written ({tmp_path / 'checkpoints'}: File exists)"
    )
    assert list((tmp_path / "samples").glob("*.png"))  # it had begun
