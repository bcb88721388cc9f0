"""Whose folder it is, settled before train.py writes anything there."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from impasto.base.errors import UserError
from impasto.run.records.run_folder import LOCK, claim, claim_or_beside, release
from tests.training import CONF, ROOT

APP = f"""
import sys
import hydra
from impasto.run.command_line.entry import run

@hydra.main(version_base="1.3", config_path={CONF!r}, config_name="train")
def main(cfg):
    print(cfg.output_dir, flush=True)
    sys.stdin.read()  # until all have begun

run(main)
"""


def refused(*arguments: str) -> str:
    command = [sys.executable, str(ROOT / "src" / "train.py"), *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert process.returncode == 1, process.stderr
    assert process.stdout == ""
    return process.stderr


def a_run(folder: Path) -> Path:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text("of the first run")
    return folder


def test_a_fresh_run_never_replaces_another(tmp_path: Path) -> None:
    run_dir = a_run(tmp_path / "run")
    (run_dir / "summary.json").touch()
    assert "holds a run already (summary.json)" in refused(f"hydra.run.dir={run_dir}")
    assert (run_dir / ".hydra" / "config.yaml").read_text() == "of the first run"
    assert not (run_dir / "train.log").exists()
    assert not (run_dir / ".hydra" / "overrides.yaml").exists()


def test_a_folder_that_is_in_use_is_refused_to_fresh_and_to_resumed_runs(tmp_path: Path) -> None:
    run_dir = a_run(tmp_path / "run")
    with FileLock(run_dir / LOCK):
        for argument in (f"hydra.run.dir={run_dir}", f"resume={run_dir}"):
            assert refused(argument).startswith(f"Error: Another run is using {run_dir}: wait")
    assert not (run_dir / "train.log").exists()


def test_runs_begun_in_the_same_second_have_a_folder_each(tmp_path: Path) -> None:
    first, second = a_run(tmp_path / "run"), tmp_path / "run_2"
    with FileLock(first / LOCK):
        try:
            assert claim_or_beside(first) == second
        finally:
            release()
        (second / "summary.json").touch()
        try:
            assert claim_or_beside(first) == tmp_path / "run_3"
        finally:
            release()


def test_hydra_itself_goes_by_the_folder_that_is_each_ones_own(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    same_second = "hydra.run.dir=run_${now:%Y}"
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": tmp_path}
    command = [sys.executable, "app.py", same_second]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    runs = [subprocess.Popen(command, env=environment, **pipes) for _ in range(3)]
    folders = {Path(run.stdout.readline().strip()) for run in runs if run.stdout is not None}
    for run in runs:
        run.communicate()
    first = min(folders)
    assert folders == {first, Path(f"{first}_2"), Path(f"{first}_3")}
    assert all((folder / ".hydra" / "config.yaml").is_file() for folder in folders)


def test_a_folder_to_go_on_with_that_is_none_is_not_made(tmp_path: Path) -> None:
    assert f"resume={tmp_path / 'typo'} is not the folder of a run" in refused(f"resume={tmp_path / 'typo'}")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_came_to_nothing_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    run_dir = a_run(tmp_path / "run")
    try:
        claim(run_dir, None)
        claim(run_dir, None)  # its own
    finally:
        release()
    (run_dir / "checkpoints").mkdir()
    (run_dir / "checkpoints" / "best.ckpt").touch()
    with pytest.raises(UserError, match=r"holds a run already \(best\.ckpt\)"):
        claim(run_dir, None)
    try:
        claim(run_dir, str(run_dir))
    finally:
        release()


def test_the_other_processes_of_a_run_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    (tmp_path / "summary.json").touch()
    claim(tmp_path, None)
    release()
