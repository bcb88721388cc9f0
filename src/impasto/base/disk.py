"""A disk that is full or may not be written, said so that a user can mend it."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from impasto.base.errors import UserError

_REASONS: Final = {
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
_SPARE: Final = 64 * 2**20
"""Bytes left free beside the array, for names, labels and whatever else runs."""


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
        reason = _REASONS.get(error.errno or 0)
        if reason is None:
            raise
        raise UserError(f"{folder} cannot be used, {reason}: {remedy}.") from error


def check_space(folder: Path, needed: int, remedy: str) -> None:
    """Refuse to start what cannot end.

    Args:
        folder: where bytes will be written; exists.
        needed: how many.
        remedy: what to do instead, a clause.

    Raises:
        UserError: there is not so much room.
    """
    free, needed = shutil.disk_usage(folder).free, needed + _SPARE
    if free < needed:
        raise UserError(f"{needed / 1e6:,.0f} MB are needed in {folder}, {free / 1e6:,.0f} MB are free: {remedy}.")


def to_disk(path: str | os.PathLike[str]) -> None:
    """Wait until a file or the names in a folder would survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
