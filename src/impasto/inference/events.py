"""Events of painting a batch of pictures and clips, for any listener: a bar on a terminal, a web page."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from impasto.base.errors import UserError
from impasto.base.files import place_and_reason
from impasto.data.sources.decode import BadImage
from impasto.video.describing import BadClip

_WHOLE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True)
class Started:
    """The batch begins.

    Attributes:
        total: pictures and clips that will be painted.
        remarks: sentences about what is left out, and about what was chosen.
        frames: how many pictures each clip counts as.
    """

    total: int
    remarks: tuple[str, ...] = ()
    frames: Mapping[Path, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """Progress within the current picture: its tiles, frame by frame.

    Attributes:
        source: the picture.
        done: parts painted.
        total: parts in all.
    """

    source: Path
    done: int
    total: int


@dataclass(frozen=True)
class Painted:
    """One picture is painted and written.

    Attributes:
        source: the picture that was repainted; None for one from noise.
        target: the file written.
        notes: clauses about what was lost or changed.
    """

    source: Path | None
    target: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """One picture could not be painted or written; the batch goes on.

    Attributes:
        source: the picture, or the file that could not be written.
        reason: a clause without a full stop.
    """

    source: Path
    reason: str


@dataclass(frozen=True)
class Done:
    """The batch ends.

    Attributes:
        painted: number of pictures painted.
        skipped: number of pictures skipped.
        output: the folder or file written to.
    """

    painted: int
    skipped: int
    output: Path


Event = Started | Progress | Painted | Skipped | Done


def reason_to_skip(problem: Exception) -> str:
    """Why one picture is skipped, as a clause.

    Args:
        problem: raised while the picture was read, painted or written.

    Raises:
        UserError: the disk is full or read-only, so that every other picture would fail too.
    """
    text = str(problem).strip().rstrip(".")
    if isinstance(problem, OSError) and problem.errno in _WHOLE_DISK:
        raise UserError(
            f"No more pictures can be written ({place_and_reason(problem)}): free some space or give another output=; "
            "the same command goes on where this one stopped."
        ) from problem
    if isinstance(problem, OSError):
        return place_and_reason(problem)
    if is_out_of_memory(problem):
        return "it does not fit into memory; smaller tiles, such as tile=512, need less"
    if isinstance(problem, UserError | BadImage | BadClip):
        return text
    return f"{type(problem).__name__}: {text.splitlines()[0] if text else 'no message'}"


def is_out_of_memory(problem: Exception) -> bool:
    """Whether the memory of a GPU or of the machine was too small."""
    text = str(problem).lower()
    return isinstance(problem, MemoryError) or "out of memory" in text or "allocate memory" in text
