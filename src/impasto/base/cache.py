"""The folder of packed pictures, statistics and weights, kept between runs, and the one of temporary files."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from impasto.base.errors import UserError
from impasto.base.files import disk_errors
from impasto.base.notices import notice

SCRATCH: Final = "impasto-scratch-"
"""Beginning of the names of temporary folders."""
ROOM: Final = "set IMPASTO_CACHE=FOLDER in the environment, a folder with room that you may write to"
"""The remedy if the cache cannot be used, in every command."""
SCRATCH_ROOM: Final = "set TMPDIR=FOLDER in the environment, a folder with room that you may write to"
"""The remedy for temporary files."""


def cache_dir() -> Path:
    """``$IMPASTO_CACHE``, or ``~/.cache/impasto``.

    A user without a writable home, as in a container, gets a temporary folder, and a notice.

    Raises:
        UserError: that cannot be made either.
    """
    if named := os.environ.get("IMPASTO_CACHE"):
        return Path(named).expanduser()
    home = Path(os.path.expanduser("~/.cache/impasto"))  # noqa: PTH111 - pathlib raises an error without a home
    if home.is_absolute() and can_be_made(home):
        return home
    beside = _temporary_cache()
    notice("cache", f"There is no home folder to write to, so {beside} is the cache: {ROOM}, to keep it elsewhere.")
    return beside


def can_be_made(folder: Path) -> bool:
    """Whether a folder is there, or could be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


@cache
def _temporary_cache() -> Path:
    """This user's own temporary folder; another user's is refused, who could put files into it."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"impasto-{user}"
    with disk_errors(folder, ROOM):
        folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != user):
        raise UserError(f"There is no home folder to write to, and {folder} is somebody else's: {ROOM}.")
    return folder


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder in ``$TMPDIR`` that is removed afterwards.

    Raises:
        UserError: as from :func:`scratch_errors`.
    """
    with scratch_errors(), tempfile.TemporaryDirectory(prefix=SCRATCH) as folder:
        yield Path(folder)


@contextmanager
def scratch_errors() -> Iterator[None]:
    """Around what writes temporary files: errors that name one of them, or no file at all, say what to set.

    Raises:
        UserError: such an error; others pass.
    """
    try:
        yield
    except OSError as problem:
        if problem.filename is not None and SCRATCH not in str(problem.filename):
            raise
        place = tempfile.tempdir or "$TMPDIR"
        reason = problem.strerror or str(problem)
        raise UserError(f"Temporary files cannot be written to {place} ({reason}): {SCRATCH_ROOM}.") from problem


def remedy_for(folder: Path) -> str:
    """The remedy if a folder of packed pictures cannot be used, a clause that holds in every command."""
    if SCRATCH in str(folder):
        return SCRATCH_ROOM
    if folder.is_relative_to(cache_dir()):
        return ROOM
    return "set data.cache_dir to a folder with room that you may write to"
