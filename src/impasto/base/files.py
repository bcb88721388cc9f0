"""Files that are there whole or not at all, and a run that outlives a disk that takes no more of them."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from impasto.base.notices import notice


@contextmanager
def whole_or_not(path: Path) -> Iterator[Path]:
    """A temporary name in the folder of ``path`` to write under: moved to ``path`` in one step, or removed on failure.

    The temporary name is short, so that any name that the file system allows can be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid():x}-{secrets.token_hex(4)}")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def dispensable(what: str) -> Iterator[None]:
    """For what a run can do without: a disk that does not take it is said once, and the run goes on.

    Args:
        what: is written, for the sentence.
    """
    try:
        yield
    except OSError as problem:
        reason = problem.strerror or str(problem)
        notice(f"disk.{what}", f"{what} could not be written ({reason}); the run goes on: free some space.")


def read_json(path: Path) -> dict[str, Any]:
    """What a JSON file holds; empty where there is none, or none that can be read, or something else than a mapping."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
