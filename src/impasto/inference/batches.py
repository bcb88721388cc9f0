"""Going over the pictures of a batch: each is painted, or skipped with a reason."""

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from impasto.inference.events import Done, Event, Painted, Progress, Skipped, Started, reason_to_skip

PaintFile = Callable[[Path, Path], Generator[Progress, None, Painted]]
"""Paints one picture into a file."""


class Over(Protocol):
    """Goes over pictures: :func:`over_pictures`, or one that spreads them over processes."""

    def __call__(
        self,
        pictures: Mapping[Path, Path],
        remarks: tuple[str, ...],
        output: str | Path,
        paint: PaintFile,
        frames: Mapping[Path, int] = {},
    ) -> Iterator[Event]:
        """See :func:`over_pictures`."""
        ...


def over_pictures(
    pictures: Mapping[Path, Path],
    remarks: tuple[str, ...],
    output: str | Path,
    paint: PaintFile,
    frames: Mapping[Path, int] = {},
) -> Iterator[Event]:
    """Paint one picture after the other; one that fails is skipped with a reason.

    Args:
        pictures: with their targets.
        remarks: for the beginning.
        output: for the end.
        paint: paints one.
        frames: how many pictures each clip counts as.

    Raises:
        UserError: the disk is full.
    """
    yield Started(len(pictures), remarks, frames)
    painted = skipped = 0
    for picture, target in pictures.items():
        try:
            event = yield from paint(picture, target)
        except Exception as problem:
            skipped += 1
            yield Skipped(picture, reason_to_skip(problem))
            continue
        painted += 1
        yield event
    yield Done(painted, skipped, Path(output))
