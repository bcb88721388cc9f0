"""Painting a batch in several processes, on one machine or many, by Ray Data."""

import logging
import os
import pickle
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from impasto.base import files
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.notices import log, notice
from impasto.base.ray_session import ray_session
from impasto.inference.batches import Over, PaintFile, over_pictures
from impasto.inference.events import Done, Event, Painted, Progress, Skipped, Started

TRIES: Final = 2
"""Workers that may die over one picture before it is skipped: it must not keep the others waiting for ever."""
TOGETHER: Final = 16
"""Pictures that a worker is given at a time, at most."""
MOST_PER_CORE: Final = 8
"""Workers on this machine; many more would fill its memory before the first paints."""
Job = tuple[Path, Path]
"""A picture and its target."""


def choose_over(launcher: str | None, workers: int | None, beside: Mapping[str, Any]) -> Over:
    """What goes over the pictures of a batch.

    Args:
        launcher: ``ray`` paints in several processes; None in this one.
        workers: how many; None for one on each GPU or core.
        beside: other settings, by name, that are made of all pictures in turn and so cannot be spread.

    Raises:
        UserError: another launcher, a number of workers that is none or has no launcher, or one of the others is set.
    """
    if launcher is None:
        if workers is not None:
            raise UserError(f"workers={workers} paints in several processes: give launcher=ray too, or leave it out.")
        return over_pictures
    if launcher != "ray":
        raise UserError(
            f"launcher={launcher} is not known: give launcher=ray, or leave it out to paint in one process."
        )
    if workers is not None:
        check_number("workers", workers, 1)
        most = MOST_PER_CORE * (os.cpu_count() or 1)
        if workers > most and "RAY_ADDRESS" not in os.environ:
            raise UserError(f"workers={workers} is too many for the cores of this machine: give {most} at most.")
    for name, value in beside.items():
        if value is not None and value is not False:
            raise UserError(f"{name}= is made in one process: leave it out, or launcher=ray.")
    return partial(over_workers, workers=workers)


def over_workers(
    pictures: Mapping[Path, Path],
    remarks: tuple[str, ...],
    output: str | Path,
    paint: PaintFile,
    frames: Mapping[Path, int] = {},
    *,
    workers: int | None = None,
) -> Iterator[Event]:
    """As :func:`~impasto.inference.batches.over_pictures`, in several processes and without events of progress.

    Pictures come in the order in which they are done. A painting appears whole or not at all, so that a worker may die
    at any time: what it was at is painted by another one, and skipped if that one dies over it as well.

    Args:
        pictures: with their targets; the folders of both are the same on all machines.
        remarks: for the beginning.
        output: for the end.
        paint: paints one; is sent to the workers.
        frames: how many pictures each clip counts as.
        workers: processes; None for one on each GPU that Ray knows, or else on each core.

    Raises:
        UserError: Ray is not there, or the disk is full.
    """
    yield Started(len(pictures), remarks, frames)
    painted, mark = 0, secrets.token_hex(4)
    if pictures:
        with ray_session(max(workers or 0, os.cpu_count() or 1)):
            try:
                for event in painted_by_workers(list(pictures.items()), paint, workers, mark):
                    painted += isinstance(event, Painted)
                    yield event
            finally:
                remove_parts(pictures.values(), mark)
    yield Done(painted, len(pictures) - painted, Path(output))


def size_of_blocks(pictures: int, workers: int) -> int:
    """How many pictures a worker is given at a time: few, so that all end together."""
    return max(1, min(TOGETHER, pictures // (workers * 8)))


def painted_by_workers(
    jobs: Sequence[Job], paint: PaintFile, workers: int | None, mark: str
) -> Iterator[Painted | Skipped]:
    """What becomes of pictures, as it comes.

    Args:
        jobs: pictures with their targets.
        paint: paints one.
        workers: see :func:`over_workers`.
        mark: begins the names of temporary files.

    Raises:
        UserError: the disk is full.
    """
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    gpus = int(ray.cluster_resources().get("GPU", 0))
    count = min(workers or gpus or int(ray.cluster_resources().get("CPU", 1)), len(jobs))
    context = DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    threads = max(1, (os.cpu_count() or 1) // count)
    rows = [{"job": pickle.dumps(job)} for job in jobs]
    painting = ray.put(paint)  # held here, so that a worker that comes in place of another finds it
    done = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // size_of_blocks(len(rows), count))).map(
        Worker,  # type: ignore[arg-type]
        fn_constructor_args=(partial(ray.get, painting), mark, threads),
        compute=ActorPoolStrategy(size=count),
        num_cpus=1,
        num_gpus=min(1.0, gpus / count) if gpus else 0,
    )
    known: set[str] = set()
    for row in done.iter_rows():
        event, tries, said = pickle.loads(row["event"])  # of our own process
        for level, text in said:
            if text not in known:  # of several workers, each may say it
                log.log(level, "%s", text)
                known.add(text)
        if tries > 1:
            notice("workers", "A worker died, and another one went on with what it was at; more may follow.")
        if isinstance(event, UserError):
            raise event
        yield event


class Worker:
    """Paints the pictures that it is given.

    Args:
        load: gives what paints one.
        mark: of temporary files.
        threads: that it may use.
    """

    def __init__(self, load: Callable[[], PaintFile], mark: str, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        files.part_mark = self.mark = mark
        self.paint = load()
        self.tries = 1

    def __call__(self, row: Mapping[str, Any]) -> dict[str, bytes]:
        """Paint one picture.

        Args:
            row: with its job.

        Returns:
            One with its event, or the error that ends the batch; which try this was; and what was said.
        """
        event: Event | UserError
        source, target = pickle.loads(row["job"])
        events = over_pictures({source: target}, (), target, self.paint_once_more)
        with heard() as said:
            try:
                event = next(each for each in events if isinstance(each, Painted | Skipped))
            except UserError as problem:
                event = problem
        return {"event": pickle.dumps((event, self.tries, said))}

    def paint_once_more(self, source: Path, target: Path) -> Generator[Progress, None, Painted]:
        """Paint, unless too many workers died over it."""
        with counted(target, self.mark) as self.tries:
            return (yield from self.paint(source, target))


class Ear(logging.Handler):
    """Keeps what is logged: level and text."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.said.append((record.levelno, record.getMessage()))


@contextmanager
def heard() -> Iterator[list[tuple[int, str]]]:
    """Gives what is said within the block, such as notices: a worker has no terminal."""
    ear, level = Ear(), log.level
    log.addHandler(ear)
    log.setLevel(logging.INFO)
    try:
        yield ear.said
    finally:
        log.removeHandler(ear)
        log.setLevel(level)


@contextmanager
def counted(target: Path, mark: str) -> Iterator[int]:
    """Counts tries to paint, in a file beside the target: it outlives the process, and is removed if that lives on.

    Yields:
        Which try this is, from 1.

    Raises:
        UserError: there were too many.
    """
    record = target.with_name(f".{mark}{sha256(os.fsencode(target.name)).hexdigest()[:16]}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    with record.open("ab") as file:
        tries = file.tell() + 1  # a byte for each
        file.write(b".")
    try:
        if tries > TRIES:
            raise UserError(f"{TRIES} workers died when they painted it; it may not fit into memory")
        yield tries
    finally:
        record.unlink(missing_ok=True)


def remove_parts(targets: Iterable[Path], mark: str) -> None:
    """Remove what workers that died left half written."""
    for folder in {target.parent for target in targets}:
        for part in folder.glob(f".{mark}*.part"):
            with suppress(OSError):
                part.unlink()
