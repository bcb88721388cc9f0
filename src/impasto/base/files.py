"""Writing files whole or not at all, locks between processes, and errors of the disk."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from filelock import FileLock, Timeout

from impasto.base.errors import UserError
from impasto.base.notices import notice

REASONS: Final = {
    errno.ENOSPC: "its disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than the system allows",
    errno.EROFS: "its file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOTDIR: "a part of the path is a file",
    errno.EEXIST: "a file of that name is in the way",
    errno.EIO: "the disk fails",
}
SPARE_BYTES: Final = 64 * 2**20
"""Bytes left free beside what is about to be written."""
part_mark = ""
"""Begins the names of this process's temporary files, for whoever clears up after it should it be killed."""


@contextmanager
def whole_or_not(path: Path, *, durable: bool = False, alone: bool = False) -> Iterator[Path]:
    """A temporary file beside ``path``, which replaces it in one step; removed if anything fails.

    The temporary name is short however long the target's is, and on the same disk. An ``OSError`` raised inside names
    ``path``, not the temporary file.

    Args:
        path: of the file to write; its folder is made.
        durable: wait until the file and its name would survive a power cut.
        alone: no other process writes this file, so that the temporary file of a killed one is overwritten.

    Yields:
        Where to write.
    """
    name = sha256(os.fsencode(path.name)).hexdigest()[:8] if alone else part_mark + secrets.token_hex(4)
    temporary = path.with_name(f".{name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            if durable:
                to_disk(temporary)
            temporary.replace(path)
            if durable:
                to_disk(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as problem:
        if problem.filename is None or str(problem.filename) == str(temporary):
            problem.filename = str(path)
        raise


def to_disk(path: str | os.PathLike[str]) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, Any]:
    """The mapping in a JSON file; empty if it is missing, cannot be read, or is no mapping."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a mapping, indented, whole or not at all; values that JSON does not know are written as text."""
    with whole_or_not(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2, default=str) + "\n")


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Held by one process at a time; one that has to wait says so once.

    On a disk without locks, or one that cannot be written, it holds nothing.

    Args:
        path: of the lock file, which stays; its folder is made.
        waiting: a sentence that says what the process waits for.
    """
    lock = FileLock(path)
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            notice(f"lock.{path}", waiting)
            lock.acquire()
    except (OSError, NotImplementedError):
        pass
    try:
        yield
    finally:
        lock.release()


@contextmanager
def dispensable(what: str) -> Iterator[None]:
    """For files that a run can do without: if one cannot be written, a notice says so and the run goes on.

    Args:
        what: name of the file, for the sentence.
    """
    try:
        yield
    except OSError as problem:
        reason, named = problem.strerror or str(problem), isinstance(problem.filename, str)
        room = f"free some space in {Path(problem.filename).parent}" if named else "free some space"
        notice(f"disk.{what}", f"{what} could not be written ({reason}); the run goes on: {room}.")


@contextmanager
def disk_errors(folder: Path, remedy: str) -> Iterator[None]:
    """Turn errors of the disk into ``UserError``; others pass.

    Args:
        folder: where the block reads and writes.
        remedy: what to do instead, a clause.
    """
    try:
        yield
    except OSError as error:
        reason = REASONS.get(error.errno or 0)
        if reason is None:
            raise
        raise UserError(f"{folder} cannot be used, {reason}: {remedy}.") from error


def check_writable(path: Path) -> None:
    """Make sure that a file can be written, before the work that makes it; its folder is made.

    Raises:
        OSError: it cannot; it names the file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as problem:
        problem.filename = str(path)
        raise


def check_space(folder: Path, needed: int, remedy: str) -> None:
    """Refuse to start writing without enough space.

    Args:
        folder: where bytes will be written; exists.
        needed: how many.
        remedy: what to do instead, a clause.

    Raises:
        UserError: there is too little room.
    """
    free, needed = shutil.disk_usage(folder).free, needed + SPARE_BYTES
    if free < needed:
        raise UserError(f"{needed / 1e6:,.0f} MB are needed in {folder}, {free / 1e6:,.0f} MB are free: {remedy}.")


def place_and_reason(problem: OSError) -> str:
    """The file or folder that failed, if known, and why: ``PATH: No space left on device``."""
    reason = problem.strerror or str(problem)
    return f"{os.fsdecode(problem.filename)}: {reason}" if isinstance(problem.filename, str | bytes) else reason
