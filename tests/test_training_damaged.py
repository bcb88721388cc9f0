"""Trained on pictures damaged on the fly: cut and resumed exactly, and measured with a record of the damage."""

import json
from pathlib import Path

import pytest

from impasto.evaluation.protocols.figure_records import full_record
from tests.test_training import TRANSLATION, same
from tests.training import composed, make_pictures, train, weights


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("data") / "pictures", size=48)


@pytest.mark.parametrize(
    ("model", "task"), [("pix2pix", "mixed"), ("restoration", "inpaint"), ("restoration", "super_resolution")]
)
def test_n_plus_m_images_are_n_and_m_images(
    model: str, task: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.data.split.CROPS", 16)
    settings = ["data=restoration", f"data.task={task}", f"data.root={pictures}", "data.holdout=0.3", "kimg=0.048"]
    overrides = [each for each in TRANSLATION[model] if not each.startswith("data=")]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(composed(whole, *overrides, *settings))
    train(composed(parts, *overrides, *settings, "callbacks.stop.kimg=0.024"))  # as if stopped half-way
    train(composed(parts, *overrides, *settings, f"resume={parts}"))
    a, b = weights(whole), weights(parts)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 48
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])
    assert a["impasto"]["spec"]["content"]["task"] == task
    summary = json.loads((parts / "summary.json").read_text())
    assert summary["status"] == "complete"
    assert summary["data"]["task"] == task
    record = full_record(summary, "psnr")["degradation"]
    assert record == summary["data"]["content"]["degradation"]
    assert record["measured_at"]
    assert len(list((parts / "samples").glob("[0-9]*.png"))) > 1
