"""Nothing outside a folder is read, whatever name a visitor gives."""

from pathlib import Path

import pytest

from impasto.app.places import KEPT_SECONDS, NotHere, Shelf, inside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "folder"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "a.png").write_text("a")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    return folder


def test_a_file_within_is_found(folder: Path) -> None:
    assert inside(folder, "deeper/a.png").read_text() == "a"
    assert inside(folder, str(folder / "deeper" / "a.png"), [".png"]).name == "a.png"


@pytest.mark.parametrize(
    "name",
    [
        *("../secret.txt", "deeper/../../secret.txt", "/etc/passwd", "out.txt", "up/secret.txt", "..", ".", ""),
        *("deeper", "a.png", "a\0.png", "deeper/a.png\0", "%2e%2e/secret.txt", "~/.ssh/id", "x" * 5000, None, 3, ["a"]),
    ],
)
def test_what_lies_outside_or_is_no_file_is_refused(folder: Path, name: object) -> None:
    with pytest.raises(NotHere):
        inside(folder, name)


def test_other_endings_and_a_missing_folder_are_refused(folder: Path) -> None:
    with pytest.raises(NotHere):
        inside(folder, "deeper/a.png", [".jpg"])
    with pytest.raises(NotHere):
        inside(folder / "none", "a.png")


def test_a_shelf_knows_its_own_folders_alone_and_clears_old_ones(tmp_path: Path) -> None:
    import os
    import time

    shelf = Shelf(tmp_path / "shelf")
    one = shelf.new()
    assert shelf.of(one.name) == one
    for name in ("..", ".", "", one.name[:-1], f"../shelf/{one.name}", None):
        with pytest.raises(NotHere):
            shelf.of(name)
    old = time.time() - KEPT_SECONDS - 1
    os.utime(one, (old, old))
    assert shelf.new().is_dir()
    assert not one.exists()
