import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from omegaconf import OmegaConf

from impasto.base.environment import package_versions
from impasto.base.files import write_json
from impasto.base.notices import forget_notices, notice, notices
from impasto.evaluation.protocols.figure_records import share_records
from impasto.run.records.curves import curve_groups, read_columns
from impasto.run.records.report import metrics_table, write_report
from impasto.run.records.summary import images_per_second, metric_table, outcome

HISTORY = [
    {"images_seen": 1000.0, "kid": 3.0, "accuracy": 0.5},
    {"images_seen": 2000.0, "kid": 1.0, "accuracy": 0.9},
    {"images_seen": 3000.0, "kid": 2.0, "accuracy": 0.7, "broken": math.nan},
]


def test_final_and_best_value_of_each_metric() -> None:
    table = metric_table(HISTORY, {"accuracy": {"higher_is_better": True}, "kid": {"extractor": "x"}})
    assert table["kid"] == {"final": 2.0, "best": 1.0, "best_at_images": 2000, "extractor": "x"}
    assert table["accuracy"]["best"] == 0.9
    assert "broken" not in table


def test_a_run_without_a_progress_bar_has_a_rate_too() -> None:
    model = SimpleNamespace(images_seen=600, state=SimpleNamespace(seconds=4.0))
    cfg = OmegaConf.create({"resume": None})
    assert images_per_second(cfg, cast(Any, SimpleNamespace(callbacks=[])), cast(Any, model)) == 150


def test_notices_are_said_once_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    forget_notices()
    for _ in range(3):
        notice("data.source", "The sample is used.")
    assert caplog.text.count("The sample is used.") == 1
    assert notices() == {"data.source": "The sample is used."}
    forget_notices()


def test_json_replaces_the_old_file_in_one_step(tmp_path: Path) -> None:
    for value in (1, 2):
        write_json(tmp_path / "summary.json", {"value": value})
    assert json.loads((tmp_path / "summary.json").read_text()) == {"value": 2}
    assert len(list(tmp_path.iterdir())) == 1


def test_versions_name_what_figures_depend_on() -> None:
    assert {"python", "torch", "lightning", "torch-fidelity"} <= set(package_versions())


def test_the_report_is_one_file_and_escapes_what_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("kimg,train/loss_d,train/loss_g\n1.0,0.5,\n2.0,0.4,1.5\n")
    assert read_columns(tmp_path / "metrics.csv")["train/loss_g"] == [(2.0, 1.5)]
    summary = {
        "status": "complete",
        "cause": None,
        **share_records(metric_table(HISTORY, {})),
        "images_seen": 3000,
        "planned_kimg": 4.0,
        "cut_short": "cut short by minutes=8 at 3 of 4 kimg, 25% short",
        "images_per_second": 12.0,
        "device": "<cpu>",
        "notices": {"a": "used <b> instead"},
    }
    page = write_report(tmp_path, summary, "kimg: 1").read_text()
    assert "used &lt;b&gt; instead" in page
    assert "This run was cut short by minutes=8 at 3 of 4 kimg, 25% short" in page
    assert "Figures after 3 of 4 kimg" in page
    assert "data:image/png;base64," in page
    assert 'src="http' not in page


@pytest.mark.parametrize(
    ("status", "cause", "cut_short", "said"),
    [
        ("complete", None, None, "complete: 3 of 4 kimg"),
        ("complete", None, "cut short by minutes=8 at 3 of 4 kimg, 25% short", "complete: cut short by minutes=8 at 3"),
        ("interrupted", "SIGHUP", None, "interrupted: SIGHUP at 3 of 4 kimg"),
        ("diverged", "At 2.0 kimg a loss is not finite.", None, "diverged: At 2.0 kimg a loss is not finite"),
    ],
)
def test_the_last_line_says_which_length_the_figures_belong_to(
    status: str, cause: str | None, cut_short: str | None, said: str
) -> None:
    summary = {"status": status, "cause": cause, "cut_short": cut_short, "images_seen": 3000, "planned_kimg": 4}
    assert outcome(summary).startswith(said)


def test_the_report_says_once_what_all_figures_of_a_network_share() -> None:
    shared = {"extractor": "net", "generated": 512, "real": 4096}
    table = metrics_table(
        {
            "fd_net": {"final": 1.5, "best": 1.25, "best_at_images": 2000, "interval": [1.0, 2.0], **shared},
            "kid_net": {"final": 0.5, "best": 0.5, "best_at_images": 1000, "subsets": 7, **shared},
        }
    )
    assert "fd_net \N{DOWNWARDS ARROW}" in table
    assert table.count("512") == 1
    assert "<td class=number>1 to 2" in table
    assert "net, subsets 7" in table


def test_distances_on_different_networks_have_an_axis_each(tmp_path: Path) -> None:
    header, rows = "kimg,eval/fd_a,eval/fd_b,eval/fd_c", ["1,9,100,", "2,8,90,5"]
    (tmp_path / "metrics.csv").write_text("\n".join([header, *rows]))
    assert list(curve_groups(read_columns(tmp_path / "metrics.csv"))) == ["fd_a", "fd_b"]


def test_controls_have_rows_of_their_own() -> None:
    controls = {"content": 1044.25, "content in the style's colours": 955.5}
    table = metrics_table({"fd_net": {"final": 789.0, "best": 789.0, "best_at_images": 2000, "controls": controls}})
    assert table.count("<tr") == 4
    assert "<td class=number>1044" in table
