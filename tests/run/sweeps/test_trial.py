"""Sweeps with a task of arithmetic: every launcher, crashes, kills, restarts, the tables."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from impasto.base.errors import UserError
from impasto.base.files import read_json, write_json
from impasto.run.command_line.resolvers import trial_dir
from impasto.run.sweeps.results import collect, over_seeds, report, stability, varied
from impasto.run.sweeps.results_plot import _bars
from impasto.run.sweeps.trial import RECORD, refuse_unsweepable

ROOT = Path(__file__).parents[3]

APP = """
import hydra
from impasto.run.command_line.entry import checked, report_user_errors, run


def task(cfg):
    import json
    import os
    import time
    from pathlib import Path

    folder = Path(cfg.output_dir)
    with (folder / "calls.txt").open("a") as file:
        file.write(f"{cfg.resume}\\n")
    (folder / "device.txt").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
    if "evaluation" in cfg:
        (folder / "summary.json").write_text('{"status": "complete", "main_metric": null, "metrics": {}}')
        return None
    if cfg.mode is None:
        figures = {"best": cfg.x, "higher_is_better": True}
        (folder / "summary.json").write_text(json.dumps({"metrics": {cfg.optimized_metric: figures}}))
        return cfg.x
    if cfg.x == cfg.crash_at:
        raise RuntimeError("no luck with " + str(cfg.x))
    if cfg.x == cfg.hang_at and cfg.resume is None:
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints" / "last.ckpt").touch()
        time.sleep(600)
    if cfg.x == cfg.stop_at and not (folder / "summary.json").exists():
        (folder / "summary.json").write_text('{"status": "interrupted"}')
    elif (folder / "summary.json").exists():
        (folder / "summary.json").unlink()
    return (cfg.x - 3.0) ** 2 + cfg.seed


@hydra.main(version_base="1.3", config_path="conf", config_name="task")
def main(cfg):
    from impasto.run.sweeps.trial import run_trial

    return report_user_errors(lambda job: run_trial(job, checked(task)))(cfg)


if __name__ == "__main__":
    run(main)
"""

TASK: dict[str, Any] = {
    "defaults": ["_self_"],
    "x": 0.0,
    "seed": 0,
    "crash_at": None,
    "hang_at": None,
    "stop_at": None,
    "resume": None,
    "trainer": {"devices": 1},
    "optimized_metric": "loss",
    "mode": "min",
    "name": "task",
    "output_dir": "${hydra:runtime.output_dir}",
}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder with a script that is started as train.py is, with train.yaml's own settings of Hydra."""
    settings = OmegaConf.to_container(OmegaConf.load(ROOT / "conf" / "train.yaml").hydra)  # type: ignore[union-attr]
    assert isinstance(settings, dict)
    settings["searchpath"] = [f"file://{ROOT / 'conf'}"]
    (tmp_path / "conf" / "evaluation").mkdir(parents=True)
    (tmp_path / "conf" / "evaluation" / "none.yaml").write_text("{}\n")
    OmegaConf.save(OmegaConf.create({**TASK, "hydra": settings}), tmp_path / "conf" / "task.yaml")
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def start(app: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "app.py", "-m", "hydra.sweep.dir=sweep", *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=app, env=environment, start_new_session=True, **pipes)


def sweep(app: Path, *arguments: str, status: int = 0) -> str:
    process = start(app, *arguments)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == status, output
    return output


def results(app: Path) -> list[dict[str, str]]:
    with (app / "sweep" / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def calls(app: Path) -> dict[str, list[str]]:
    """How often each trial ran, and what it resumed from."""
    return {path.parent.name.rpartition("_")[0]: path.read_text().split() for path in app.glob("sweep/*/calls.txt")}


LAUNCHERS = {
    "serial": [],
    "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    "submitit": ["hydra/launcher=submitit_local"],
    "ray": [  # two GPUs, as far as Ray knows
        "hydra/launcher=ray",
        "hydra.launcher.ray.remote.num_cpus=0.5",
        "hydra.launcher.ray.remote.num_gpus=1",
        "+hydra.launcher.ray.init.num_gpus=2",
        "hydra.launcher.ray.init.address=local",  # whatever cluster this machine may belong to
    ],
}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_crashing_trial_is_recorded_and_the_sweep_goes_on(app: Path, launcher: str) -> None:
    output = sweep(app, "x=1,2,5", "crash_at=2", *LAUNCHERS[launcher])
    found = results(app)
    assert [(r["rank"], r["value"], r["x"], r["status"]) for r in found] == [
        ("1", "4.0", "1", "complete"),
        ("2", "4.0", "5", "complete"),
        ("", "", "2", "failed"),
    ]
    assert found[2]["error"] == "RuntimeError: no luck with 2"
    assert "Traceback" in (app / "sweep" / found[2]["folder"] / "error.log").read_text()
    assert (app / "sweep" / "results.png").stat().st_size > 1000
    assert "3 trials" in output
    if launcher == "ray":
        assert {path.read_text() for path in app.glob("sweep/*/device.txt")} <= {"0", "1"}


def test_a_killed_sweep_runs_only_what_is_missing(app: Path) -> None:
    arguments = ["x=0,1,2,4", "crash_at=1", "hang_at=2"]
    process, limit = start(app, *arguments), time.monotonic() + 60
    while time.monotonic() < limit and not list(app.glob("sweep/x=2_*/checkpoints/last.ckpt")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    assert results(app)  # of the trials that had ended
    process.communicate()
    sweep(app, *arguments)
    (hanging,) = app.glob("sweep/x=2_*")
    assert calls(app) == {
        "x=0": ["None"],
        "x=1": ["None", "None"],  # a crash has no value: tried again
        "x=2": ["None", str(hanging)],
        "x=4": ["None"],
    }
    assert [r["value"] for r in results(app)] == ["1.0", "1.0", "9.0", ""]


def test_a_sweep_that_is_told_to_stop_stops_and_goes_on_later(app: Path) -> None:
    sweep(app, "x=1,2,3", "stop_at=2", status=130)
    assert calls(app) == {"x=1": ["None"], "x=2": ["None"]}
    sweep(app, "x=1,2,3", "stop_at=2")
    assert calls(app) == {"x=1": ["None"], "x=2": ["None"] * 2, "x=3": ["None"]}
    assert len(results(app)) == 3


def test_optuna_survives_a_crash_and_answers_from_disk_when_started_again(app: Path) -> None:
    arguments = ["hydra/sweeper=optuna", "hydra.sweeper.sampler.seed=0", "hydra.sweeper.n_trials=8", "crash_at=2.0"]
    arguments += ["x=choice(1.0,2.0,9.0)", "mode=max", "hydra.sweeper.direction=maximize"]
    sweep(app, *arguments)
    first = results(app)
    assert [r["value"] for r in first] == ["36.0", "4.0", ""]
    assert OmegaConf.load(app / "sweep" / "optimization_results.yaml").best_value == 36.0  # type: ignore[union-attr]
    before = calls(app)
    assert [len(before[f"x={x}"]) for x in (1.0, 9.0)] == [1, 1]
    (app / "sweep" / first[1]["folder"] / "trial.json").unlink()
    sweep(app, *arguments)
    assert [r["x"] for r in results(app)] == [r["x"] for r in first]
    after = calls(app)
    assert [len(after[f"x={x}"]) for x in (1.0, 9.0)] == [2, 1]


def test_without_a_mode_trials_are_ranked_as_the_metric_says(app: Path) -> None:
    sweep(app, "x=1,2,3", "mode=null")
    found = [(r["rank"], r["x"], r["mode"]) for r in results(app)]
    assert found == [("1", "3", "max"), ("2", "2", "max"), ("3", "1", "max")]


def test_trials_that_measure_nothing_are_done_all_the_same(app: Path) -> None:
    for _ in range(2):
        sweep(app, "x=1,2", "+evaluation=none")
        assert [(r["rank"], r["value"], r["status"]) for r in results(app)] == [("", "", "complete")] * 2
        assert calls(app) == {"x=1": ["None"], "x=2": ["None"]}


def test_a_value_that_does_not_fit_fails_its_own_trial(app: Path) -> None:
    sweep(app, "x=nought,1")
    assert [(r["x"], r["value"], r["error"]) for r in results(app)] == [
        ("1", "4.0", ""),
        ("nought", "", "x=nought is not a number."),
    ]


def test_a_search_where_nothing_is_measured_is_refused_before_it_trains(app: Path) -> None:
    arguments = ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "hydra.sweeper.direction=minimize"]
    output = sweep(app, "x=choice(1.0,2.0)", *arguments, "+evaluation=none", status=1)
    assert "evaluation=none measures none" in output
    assert calls(app) == {}


def test_a_sweep_whose_trials_all_fail_ends_with_the_reason(app: Path) -> None:
    assert "Error: every trial failed; the first: RuntimeError: no luck with 1" in sweep(
        app, "x=1", "crash_at=1", status=1
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["trainer.devices=2"], "give each trial one device"),
        (["resume=x"], "under its name"),
        (["mode=max", "hydra/sweeper=optuna"], "direction=maximize"),
        (["mode=null", "hydra/sweeper=optuna"], "set mode=min with hydra.sweeper.direction=minimize"),
        (["mode=null", "hydra/sweeper=optuna", "hydra.sweeper.direction=${mode}imize"], "set mode=min"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_any_trial(app: Path, arguments: list[str], sentence: str) -> None:
    output = sweep(app, "x=1,2", *arguments, status=1)
    assert output.startswith("Error: ")
    assert sentence in output
    assert not list(app.glob("sweep/*"))


@pytest.mark.parametrize(
    "trainer",
    [{"devices": 2}, {"devices": [0, 1]}, {"devices": -1}, {"num_nodes": 2}, {"strategy": "ddp_spawn"}],
)
def test_trainers_of_several_processes_are_refused(trainer: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCHELASTIC_RUN_ID", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    cfg = OmegaConf.create({"trainer": trainer})
    with pytest.raises(UserError, match="start the whole sweep again"):
        refuse_unsweepable(cfg)
    monkeypatch.setenv("SLURM_NTASKS", "2")  # srun has started them
    refuse_unsweepable(cfg)


@pytest.mark.parametrize("trainer", [{}, {"devices": 1}, {"devices": [3]}, {"devices": "auto", "num_nodes": 1}])
def test_trainers_of_one_process_are_swept(trainer: dict[str, Any]) -> None:
    refuse_unsweepable(OmegaConf.create({"trainer": trainer}))


def test_a_trial_is_named_after_its_whole_configuration() -> None:
    def name(overrides: str, **values: Any) -> str:
        return trial_dir(overrides, _root_=OmegaConf.create({"a": 1, "b": "${a}", **values}))

    assert name("a=1") == name("a=1", hydra={"launcher": "ray"})
    assert name("a=1") != name("a=1", c=2)
    assert name("penalty=[r1,lecam],data.root=/x y/z").startswith("penalty=r1,lecam,data.root=xyz_")
    assert len(name("k=" + "v" * 5000)) < 120


def record(folder: Path, name: str, value: float | None, metric: str = "fid", mode: str = "min", **over: str) -> None:
    status = "complete" if value is not None else "failed"
    content = {"status": status, "value": value, "overrides": over, "mode": mode, "metric": metric, "seconds": 1.5}
    write_json(folder / name / RECORD, content)


def test_seeds_are_summarised_by_mean_and_standard_deviation(tmp_path: Path) -> None:
    for loss, values in {"hinge": [1.0, 2.0, 6.0], "lsgan": [4.0, 4.0, None]}.items():
        for seed, value in enumerate(values):
            record(tmp_path, f"{loss}{seed}", value, loss=loss, seed=str(seed), model="cgan")
    report(tmp_path)
    with (tmp_path / "seeds.csv").open(newline="") as file:
        hinge, lsgan = csv.DictReader(file)
    assert (hinge["loss"], hinge["seeds"], hinge["mean"], hinge["min"], hinge["max"]) == (
        "hinge",
        "3",
        "3.0",
        "1.0",
        "6.0",
    )
    assert float(hinge["std"]) == pytest.approx(math.sqrt(7))  # ((1-3)^2 + (2-3)^2 + (6-3)^2) / 2 = 7
    assert (lsgan["seeds"], lsgan["mean"], lsgan["std"]) == ("2", "4.0", "0.0")


def test_what_was_done_comes_before_what_failed_and_only_what_was_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, "a", None, x="1")
    record(tmp_path, "b", None, x="2")
    write_json(tmp_path / "b" / RECORD, read_json(tmp_path / "b" / "trial.json") | {"status": "complete"})
    assert [(row["folder"], row["rank"]) for row in report(tmp_path)] == [("b", None), ("a", None)]
    assert capsys.readouterr().out.replace("\n", "").endswith(": results.csv")
    assert not (tmp_path / "results.png").exists()
    record(tmp_path, "c", 1.0, x="3")
    assert [row["folder"] for row in report(tmp_path)] == ["c", "b", "a"]
    assert capsys.readouterr().out.replace("\n", "").endswith(": results.csv, results.png")


def test_ranks_follow_the_mode_and_never_mix_metrics(tmp_path: Path) -> None:
    record(tmp_path, "a", 0.1, "accuracy", "max", x="1")
    record(tmp_path, "b", 0.9, "accuracy", "max", x="2")
    record(tmp_path, "c", 30.0, "fid", x="3")
    record(tmp_path, "d", 20.0, "fid", x="4")
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "trial.json").write_text('{"status": "comp')  # cut short: as if it had not ended
    found = [(r["folder"], r["rank"]) for r in collect(tmp_path)]
    assert found == [("b", 1), ("a", 2), ("d", 1), ("c", 2)]


def test_the_way_that_is_better_is_read_off_the_record_and_not_off_the_values(tmp_path: Path) -> None:
    for name, value in {"a0": 0.5, "a1": 0.7, "b0": 0.6, "b1": 0.9}.items():
        record(tmp_path, name, value, "accuracy", "max", loss=name[0], seed=name[1])
    record(tmp_path, "c0", 0.1, "fid", loss="c", seed="0")  # ranked last of all, by another metric
    record(tmp_path, "d0", 0.95, "fid", loss="d", seed="0")
    rows = collect(tmp_path)
    assert [(row["metric"], row["loss"]) for row in over_seeds(rows)] == [
        ("accuracy", "b"),
        ("accuracy", "a"),
        ("fid", "c"),
        ("fid", "d"),
    ]
    bars = _bars([row for row in rows if row["metric"] == "accuracy"], ["loss"])
    assert [text.get_text() for text in bars.axes[0].get_yticklabels()] == ["loss=b", "loss=a"]


def test_lists_are_shown_as_they_were_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, "a", 1.0, penalty="[r1,lecam]", lr="0.000123456")
    record(tmp_path, "b", 2.0, penalty="none", lr="0.1")
    report(tmp_path)
    shown = capsys.readouterr().out
    assert "[r1,lecam]" in shown
    assert "0.0001235" in shown


def test_the_columns_are_the_overrides_that_differ_and_all_metrics(tmp_path: Path) -> None:
    for x in "12":
        record(tmp_path, x, float(x), x=x, model="cgan")
        summary = {"images_seen": 1000, "metrics": {"fid": {"best": float(x), "final": 9.0}, "kid": {"best": 0.5}}}
        (tmp_path / x / "summary.json").write_text(json.dumps(summary))
    rows = collect(tmp_path)
    assert varied(rows) == ["x"]
    assert (rows[0]["kid"], rows[0]["images_seen"]) == (0.5, 1000)
    assert over_seeds(rows)[0]["seeds"] == 1


def test_a_sweep_tells_what_the_guard_met() -> None:
    back = [
        "At 1.0 kimg loss_d is not finite",
        "At 2.0 kimg the generator's diversity fell to 0.010 of the real pictures'",
    ]
    found = stability({"status": "diverged", "rollbacks": [*back, back[1]]})
    assert found == {"run": "diverged", "not_finite": 1, "collapsed": 2}
    assert set(stability({}).values()) == {None}, "a trial that crashed"
