"""What a full disk costs: what did not fit, and nothing else."""

import csv
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base import files
from impasto.base.files import dispensable, locked, read_json, whole_or_not, write_json
from impasto.base.notices import forget_notices, notices
from impasto.base.sheets import save_sheet
from impasto.run.records.metrics_csv import MetricsCsv
from impasto.run.records.report import write_report


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is opened to be written is there, and takes nothing."""
    forget_notices()
    open_ = Path.open

    def full(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if mode[0] not in "wa":
            return open_(path, mode, *args, **kwargs)
        open_(path, mode).close()
        return open_(Path("/dev/full"), mode, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        yield


def rows(path: Path) -> list[tuple[str, str]]:
    with path.open(newline="") as file:
        return [(row["images_seen"], row["loss"]) for row in csv.DictReader(file)]


def test_rows_that_do_not_fit_are_written_once_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.csv"
    metrics = MetricsCsv(path)
    metrics.log_metrics({"loss": 1}, step=1000)
    with full_disk(monkeypatch):
        metrics.log_metrics({"loss": 2}, step=2000)
        metrics.log_metrics({"loss": 3, "new": 3}, step=3000)
    assert rows(path) == [("1000", "1.0")]
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.csv"]
    assert list(notices()) == ["disk.metrics.csv"]
    assert "No space left on device" in notices()["disk.metrics.csv"]
    metrics.log_metrics({"loss": 4}, step=4000)
    assert rows(path) == [("1000", "1.0"), ("2000", "2.0"), ("3000", "3.0"), ("4000", "4.0")]


def test_a_report_that_does_not_fit_is_not_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = {"status": "complete", "cause": None, "images_seen": 1, "images_per_second": 1.0, "device": "cpu"}
    summary |= {"planned_kimg": 0.001, "cut_short": None}
    with full_disk(monkeypatch):
        write_report(tmp_path, {**summary, "metrics": {}, "notices": {}}, "kimg: 1")
    assert list(tmp_path.iterdir()) == []
    assert "report.html could not be written" in notices()["disk.report.html"]


def test_a_sheet_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(self: Image.Image, path: Path, *_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    forget_notices()
    save_sheet(torch.zeros(2, 3, 4, 4), 2, tmp_path / "1.png")
    before = (tmp_path / "1.png").read_bytes()
    monkeypatch.setattr(Image.Image, "save", half)
    for _ in range(2):
        with dispensable("samples"):
            save_sheet(torch.zeros(2, 3, 4, 4), 2, tmp_path / "1.png")
    assert [path.name for path in tmp_path.iterdir()] == ["1.png"]
    assert (tmp_path / "1.png").read_bytes() == before
    assert "samples could not be written (No space left on device)" in notices()["disk.samples"]


def test_the_longest_name_that_a_file_system_takes_is_written(tmp_path: Path) -> None:
    for name in ("a" * 255, "水" * 85):
        with whole_or_not(tmp_path / name) as temporary:
            temporary.write_text("whole")
        assert (tmp_path / name).read_text() == "whole"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("channels", "count"), [(3, 3), (1, 1), (7, 3)])
def test_a_sheet_by_hand(tmp_path: Path, channels: int, count: int) -> None:
    images = torch.linspace(-1, 1, count)[:, None, None, None].expand(count, channels, 2, 3)
    save_sheet(images, 2, tmp_path / "sheet.png", gap=1)
    found = np.asarray(Image.open(tmp_path / "sheet.png"))
    if count == 1:
        assert found.tolist() == [[0] * 3] * 2
        return
    grey = [[0, 0, 0, 255, 128, 128, 128]] * 2 + [[255] * 7] * 3
    assert np.array_equal(found, np.repeat(np.array(grey)[..., None], 3, 2) if channels == 3 else grey)


def test_what_is_not_the_disk_is_not_passed_over(tmp_path: Path) -> None:
    def fail() -> None:
        with dispensable("samples"), whole_or_not(tmp_path / "a") as temporary:
            temporary.touch()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path) -> None:
    for name in ("x" * 250 + ".json", "画" * 83):
        for alone in (False, True):
            with whole_or_not(tmp_path / name, alone=alone) as temporary:
                assert len(temporary.name) < 20
                temporary.write_text("{}")
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_kill_left_of_a_file_with_one_writer_is_overwritten(tmp_path: Path) -> None:
    with whole_or_not(tmp_path / "last.ckpt", alone=True) as left:
        left.write_text("whole")
    left.write_text("half of it")
    with whole_or_not(tmp_path / "last.ckpt", alone=True) as temporary:
        temporary.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    with whole_or_not(tmp_path / "shared") as first, whole_or_not(tmp_path / "shared") as second:
        assert first != second
        first.touch()
        second.touch()


def test_durable_means_on_the_disk_before_the_old_file_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(files, "to_disk", lambda path: synced.append((Path(path).name, (tmp_path / "a").read_text())))
    (tmp_path / "a").write_text("old")
    with whole_or_not(tmp_path / "a", durable=True, alone=True) as temporary:
        temporary.write_text("new")
    assert synced == [(temporary.name, "old"), (tmp_path.name, "new")]


def test_an_error_names_the_file_that_was_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError) as folder, whole_or_not(tmp_path / "file" / "a") as temporary:
        temporary.touch()
    assert folder.value.filename == str(tmp_path / "file")
    with pytest.raises(OSError, match="No space left") as full, whole_or_not(tmp_path / "a"):
        Path("/dev/full").write_text("x")
    assert full.value.filename == str(tmp_path / "a")
    with pytest.raises(FileNotFoundError) as elsewhere, whole_or_not(tmp_path / "a"):
        (tmp_path / "other").stat()
    assert elsewhere.value.filename == str(tmp_path / "other")


def test_json_is_read_back_and_what_is_none_counts_as_empty(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"path": tmp_path, "n": 1})
    assert read_json(tmp_path / "a.json") == {"path": str(tmp_path), "n": 1}
    (tmp_path / "b.json").write_text("[1]")
    assert read_json(tmp_path / "b.json") == read_json(tmp_path / "c.json") == {}


def test_one_that_waits_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_notices()
    done: list[str] = []
    said = threading.Event()
    monkeypatch.setattr(files, "notice", lambda key, sentence: (done.append(sentence), said.set()))

    def second() -> None:
        with locked(tmp_path / "new" / ".lock", "waiting for the first"):
            done.append("second")

    with locked(tmp_path / "new" / ".lock", "never said"):
        other = threading.Thread(target=second)
        other.start()
        assert said.wait(10)
        done.append("first")
    other.join(10)
    assert done == ["waiting for the first", "first", "second"]


def test_a_place_that_cannot_be_locked_is_used_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with locked(tmp_path / "file" / ".lock", ""):
        pass
