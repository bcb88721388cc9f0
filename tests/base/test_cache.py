"""Where things are kept for a user without a home, and what a message says where nothing can be kept."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from impasto.base import cache as module
from impasto.base.cache import ROOM, SCRATCH_ROOM, cache_dir, remedy_for, scratch_errors, scratch_folder
from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No cache is named, and temporary files have a folder of their own."""
    forget_notices()
    monkeypatch.delenv("IMPASTO_CACHE")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    module._temporary_cache.cache_clear()
    yield tmp_path
    module._temporary_cache.cache_clear()
    forget_notices()


def test_the_cache_is_where_the_environment_says_or_in_the_home(nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(nobody / "home"))
    assert cache_dir() == nobody / "home" / ".cache" / "impasto"
    monkeypatch.setenv("IMPASTO_CACHE", "~/mine")
    assert cache_dir() == nobody / "home" / "mine"
    assert notices() == {}


@pytest.mark.parametrize("home", ["/proc", "~"])  # where nobody can write; a user that the system does not know
def test_without_a_home_the_cache_is_temporary_and_the_notice_says_what_helps(
    nobody: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home)
    assert cache_dir() == nobody / f"impasto-{os.getuid()}"
    assert cache_dir().stat().st_mode & 0o777 == 0o700
    assert "set IMPASTO_CACHE=FOLDER" in notices()["cache"]
    monkeypatch.setenv("IMPASTO_CACHE", str(nobody / "mine"))
    assert cache_dir() == nobody / "mine"


def test_a_folder_of_somebody_else_is_not_used(nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/proc")
    (nobody / "theirs").mkdir()
    (nobody / f"impasto-{os.getuid()}").symlink_to(nobody / "theirs")
    with pytest.raises(UserError, match="is somebody else's: set IMPASTO_CACHE=FOLDER"):
        cache_dir()


def test_the_remedy_follows_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    assert remedy_for(tmp_path / "cache" / "packed") == ROOM
    assert remedy_for(tmp_path / "given").startswith("set data.cache_dir to")
    with scratch_folder() as folder:
        assert remedy_for(folder / "packed") == SCRATCH_ROOM
    assert not folder.exists()


def test_errors_of_temporary_files_name_their_folder_and_others_pass(tmp_path: Path) -> None:
    full = r"cannot be written to /\S+ \(No space left on device\): set TMPDIR=FOLDER"
    with pytest.raises(UserError, match=full), scratch_folder():
        Path("/dev/full").write_text("x")
    with pytest.raises(FileNotFoundError), scratch_errors():
        (tmp_path / "pictures").stat()
