"""Runs as the page shows them: of a finished run, of one in progress, and of nothing outside the folder."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from impasto.app.places import NotHere
from impasto.app.records import QUIET_SECONDS, card, details, run_of, runs_in, thinned


def make_run(folder: Path, name: str, sheets: int = 2) -> Path:
    run = folder / name
    (run / "samples").mkdir(parents=True)
    (run / ".hydra").mkdir()
    for number in range(sheets):
        Image.new("RGB", (60, 40), "teal").save(run / "samples" / f"{1000 * (number + 1):09d}.png")
    (run / "metrics.csv").write_text(
        "images_seen,kimg,train/loss_d,train/loss_g,eval/kid\n1000,1.0,1.5,2.5,0.4\n2000,2.0,1.25,nan,0.3\n3000,3.0,1"
    )
    return run


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    run = make_run(tmp_path, "2026-01-02_03-04-05_cgan_wikiart")
    record = {"final": 0.25, "best": 0.25, "best_at_images": 2000, "interval": [0.2, 0.3], "protocol": "p"}
    summary = {
        "status": "complete",
        "images_seen": 2000,
        "notices": {"a": "Said once."},
        "protocols": {"all": {"higher_is_better": False}, "p": {}},
    }
    summary |= {"metrics": {"kid_x": record | {"controls": {"content": 0.5}}}}
    (run / "summary.json").write_text(json.dumps(summary))
    (run / "report.html").write_text("<p>report")
    return run


def test_a_finished_run(finished: Path) -> None:
    shown = details(finished.parent, finished)
    assert shown["title"] == "cgan wikiart"
    assert shown["line"].startswith("complete, 2 kimg")
    assert shown["figures"] == [
        {
            **{"name": "kid x", "better": "lower", "value": "0.25", "interval": "0.2 to 0.3"},
            "controls": [{"name": "content", "value": "0.5"}],
        }
    ]
    assert [sheet["name"] for sheet in shown["sheets"]] == ["1 kimg", "2 kimg"]
    assert shown["notices"] == ["Said once."]
    assert shown["report"] == f"runs/{finished.name}/report.html"
    losses = next(group for group in shown["curves"] if group["title"] == "losses")
    assert {line["name"]: line["points"][0] for line in losses["lines"]} == {"loss_d": (1.0, 1.5), "loss_g": (1.0, 2.5)}


def test_a_run_is_live_until_it_is_quiet_or_has_a_summary(tmp_path: Path, finished: Path) -> None:
    run = make_run(tmp_path, "sweeps/one/trial")
    assert card(tmp_path, run)["live"]
    assert card(tmp_path, run)["line"].startswith("in progress, 3 kimg")
    assert not card(tmp_path, finished)["live"]
    old = run.stat().st_mtime - QUIET_SECONDS - 60
    for path in (run / "metrics.csv", run / "samples", run):
        os.utime(path, (old, old))
    assert card(tmp_path, run)["line"].startswith("without an end")
    assert [each.name for each in runs_in(tmp_path)] == [finished.name, "trial"]


def test_only_runs_are_found_and_links_are_not_followed(tmp_path: Path, finished: Path) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "away").symlink_to(finished)
    assert runs_in(tmp_path / "outputs") == []
    assert runs_in(tmp_path / "none") == []
    for name in ("../" + finished.name, "away", "", "..", None):
        with pytest.raises(NotHere):
            run_of(tmp_path / "outputs", name)


def test_curves_are_thinned_and_keep_their_ends() -> None:
    points = [(float(i), 1.0) for i in range(1001)] + [(1001.0, float("nan"))]
    kept = thinned(points)
    assert len(kept) <= 401
    assert (kept[0], kept[-1]) == ((0.0, 1.0), (1000.0, 1.0))
    assert thinned([]) == []
