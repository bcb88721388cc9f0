"""Where figures go: metrics.csv through kills, resumes and roll-backs; W&B that never waits; TensorBoard's absence."""

import csv
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from omegaconf import OmegaConf
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.callbacks.log import log_image
from impasto.run.records import loggers as module
from impasto.run.records.loggers import WandbRun, choose_wandb_mode, finish_loggers, make_loggers, tensorboard_logger
from impasto.run.records.metrics_csv import MetricsCsv


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_metrics_take_new_columns_and_join_rows_of_one_count(tmp_path: Path) -> None:
    logger = MetricsCsv(tmp_path / "run" / "metrics.csv")
    logger.log_metrics({"train/loss_g": 0.5}, step=1000)
    logger.log_metrics({"train/loss_g": 0.25}, step=2000)
    logger.log_metrics({"fid": 7, "note": "no number"}, step=2000)
    logger.log_metrics({"train/loss_g": 0.125, "kimg": 3.0}, step=3000)
    assert rows(logger.path) == [
        {"images_seen": "1000", "kimg": "1.0", "train/loss_g": "0.5", "fid": ""},
        {"images_seen": "2000", "kimg": "2.0", "train/loss_g": "0.25", "fid": "7.0"},
        {"images_seen": "3000", "kimg": "3.0", "train/loss_g": "0.125", "fid": ""},
    ]


def test_metrics_of_an_undone_past_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    first = MetricsCsv(path)
    for count in (1000, 2000, 3000):
        first.log_metrics({"loss": count}, step=count)
    with path.open("a") as file:
        file.write("4000,4.0,40")  # killed while it wrote 4000.0
    second = MetricsCsv(path, resume=True)
    second.log_metrics({"loss": -1}, step=2000)
    second.log_metrics({"loss": -2}, step=3000)
    assert [(r["images_seen"], r["loss"]) for r in rows(path)] == [
        ("1000", "1000.0"),
        ("2000", "-1.0"),
        ("3000", "-2.0"),
    ]
    third = MetricsCsv(path, resume=True)
    third.log_metrics({"loss": -3}, step=4000)
    assert [r["images_seen"] for r in rows(path)] == ["1000", "2000", "3000", "4000"]
    third.log_metrics({"loss": -4}, step=1500)  # a roll-back of the guard
    assert [r["images_seen"] for r in rows(path)] == ["1000", "1500"]


def test_a_fresh_run_starts_a_fresh_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    MetricsCsv(path).log_metrics({"loss": 1.0}, step=1)
    MetricsCsv(path).log_metrics({"other": 2.0}, step=5)
    assert rows(path) == [{"images_seen": "5", "kimg": "0.005", "other": "2.0"}]


def test_every_choice_writes_metrics_and_shows_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "sheet.png"
    Image.new("L", (8, 6), 200).save(picture)
    nodes = {
        "wandb": {"_target_": "impasto.run.records.loggers.WandbRun", "project": "p", "folder": str(tmp_path)},
        "tensorboard": {"_target_": "impasto.run.records.loggers.tensorboard_logger", "folder": str(tmp_path / "tb")},
    }
    cfg = OmegaConf.create({"output_dir": str(tmp_path), "resume": None, "logger": nodes, "kimg": 1})
    made = make_loggers(cfg)
    try:
        for logger in made:
            logger.log_metrics({"loss": 0.5}, step=1000)
        log_image(made, "samples", picture, 1000)
        wandb_run = made[1]
        assert isinstance(wandb_run, WandbRun)
        identity = wandb_run.version
        assert wandb_run._run.config["kimg"] == 1
    finally:
        finish_loggers(made)
    assert rows(tmp_path / "metrics.csv")[0]["loss"] == "0.5"
    assert list((tmp_path / "wandb").glob("offline-run-*"))
    assert list((tmp_path / "tb").glob("events.*"))

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tb")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(1000, 0.5)]
    assert events.Images("samples")[0].step == 1000
    import wandb

    assert wandb.run is None
    resumed = make_loggers(OmegaConf.merge(cfg, {"resume": str(tmp_path)}))  # type: ignore[arg-type]
    try:
        assert resumed[1].version == identity
    finally:
        finish_loggers(resumed)


def test_without_an_account_wandb_is_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    forget_notices()
    assert choose_wandb_mode() == "offline"
    assert "No W&B account" in notices()["logger.wandb"]
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password secret\n")
    monkeypatch.setattr(module, "reachable", lambda url: False)
    assert choose_wandb_mode() == "offline"
    assert "cannot be reached" in notices()["logger.wandb"]
    monkeypatch.setattr(module, "reachable", lambda url: True)
    assert choose_wandb_mode() == "online"
    assert choose_wandb_mode("disabled") == "disabled"
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert choose_wandb_mode() == "offline"


class Refuses(BaseHTTPRequestHandler):
    """A server that answers, and refuses everything."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_server_that_refuses_the_run_degrades_to_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Refuses)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.delenv("WANDB_MODE")
    forget_notices()
    started = time.monotonic()
    try:
        run = WandbRun("p", tmp_path)
        run.log_metrics({"loss": 1.0}, step=10)
        run.finish()
    finally:
        server.shutdown()
    assert time.monotonic() - started < 60
    assert "offline" in notices()["logger.wandb"]
    assert list((tmp_path / "wandb").glob("offline-run-*"))


def test_tensorboard_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from lightning.fabric.loggers import tensorboard

    monkeypatch.setattr(tensorboard, "_TENSORBOARD_AVAILABLE", False)
    monkeypatch.setattr(tensorboard, "_TENSORBOARDX_AVAILABLE", False)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match=r"needs the package tensorboard: pip install 'impasto\[tensorboard\]'"):
        tensorboard_logger(tmp_path)
    node = {"_target_": "impasto.run.records.loggers.tensorboard_logger", "folder": str(tmp_path)}
    cfg = OmegaConf.create({"output_dir": str(tmp_path), "resume": None, "logger": {"tensorboard": node}})
    with pytest.raises(UserError, match=r"^logger=tensorboard needs the package"):  # and nothing of Hydra's around it
        make_loggers(cfg)
