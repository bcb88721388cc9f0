"""The gallery is what the heads of the pages say, and runs what they name."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from tests.training import ROOT


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["gallery"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(gallery: ModuleType) -> None:
    built = gallery.gallery()
    assert (ROOT / "docs" / "gallery.md").read_text() == built, "run python docs/gallery.py"


def test_a_tile_names_what_exists(gallery: ModuleType) -> None:
    names = [tile.name for tile in gallery.tiles()]
    assert len(names) == len(set(names))
    for tile in gallery.tiles():
        assert tile.command[0].startswith("python src/train.py ")
        assert all(gallery.RUN in command for command in tile.command[1:])
        assert 0 < tile.minutes <= 60
        assert tile.picture is None or (ROOT / "docs" / "pictures" / tile.picture).is_file()


def test_a_head_that_lacks_something_is_named(
    gallery: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "page.md").write_text("---\nrecipes:\n  - title: One\n---\n\n# One\n")
    monkeypatch.setattr(gallery, "DOCS", tmp_path)
    with pytest.raises(SystemExit, match=r"page\.md: the head of a recipe must have .*licence"):
        gallery.tiles()


def test_a_complete_run_is_left_and_another_goes_on(gallery: ModuleType, tmp_path: Path) -> None:
    commands = ("python src/train.py experiment=a kimg=1", "python src/evaluate.py checkpoint=outputs/RUN")
    tile = replace(gallery.tiles()[0], command=commands)
    assert tile.name == "a"
    fresh = list(gallery.commands_in(tile, tmp_path))
    assert fresh[0][1:] == ["src/train.py", "experiment=a", "kimg=1", f"hydra.run.dir={tmp_path}"]
    assert fresh[1][1:] == ["src/evaluate.py", f"checkpoint={tmp_path}"]
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    assert next(gallery.commands_in(tile, tmp_path))[1:] == ["src/train.py", f"resume={tmp_path}"]
    (tmp_path / "summary.json").write_text('{"status": "complete"}')
    assert [words[1] for words in gallery.commands_in(tile, tmp_path)] == ["src/evaluate.py"]


def test_what_fits_is_run_and_all_is_told(gallery: ModuleType, tmp_path: Path) -> None:
    short, long = (replace(gallery.tiles()[0], title=title, minutes=minutes) for title, minutes in (("s", 1), ("l", 9)))
    code = "import json; json.dump({'metrics': {'x': {'value': 0.5, 'interval': [0.4, 0.6]}}}, open('%s', 'w'))"
    told = tmp_path / "s" / "evaluation.json"
    short = replace(short, command=("python -c pass", f'python -c "{code % told}"'))
    long = replace(long, command=("python -c 1/0",))
    gallery.rerun([short, long], tmp_path, 8)
    page = (tmp_path / "index.html").read_text()
    assert json.loads(told.read_text())
    assert "evaluation.json: x 0.5 (0.4 to 0.6)" in page
    assert "left out: 9 minutes, and 8 were left" in page
    assert "Here: complete." in page
    gallery.rerun([replace(long, minutes=1)], tmp_path, 8)
    assert "Here: failed: see" in (tmp_path / "index.html").read_text()
