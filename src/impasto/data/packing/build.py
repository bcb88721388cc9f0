"""Builds a packed array chunk by chunk, here or in worker processes, and continues what a killed run left."""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, count, islice
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

from impasto.base.cache import remedy_for
from impasto.base.errors import UserError
from impasto.base.files import check_space
from impasto.base.progress import progress_bar
from impasto.data.packing.chunks import pack_chunk, start_worker
from impasto.data.packing.journal import Journal, finish, write_bad
from impasto.data.packing.packed import BAD_LIST, file_name, first_few, read_bad
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.source import Item, Layers, Load, Missing, Source

Chunk = tuple[int, list[Item]]
Done = dict[str, Any]

FEW: Final = 64
"""Fewer pictures than this are packed faster than worker processes start."""


class BadPicturesError(UserError):
    """Too many pictures are bad; ``listed`` is the file that names them all."""

    def __init__(self, sentence: str, listed: Path) -> None:
        super().__init__(sentence)
        self.listed = listed


def build(
    partial: Path,
    source: Source,
    policy: SizePolicy,
    workers: int | None,
    limit: int | None,
    max_bad_share: float,
    progress: bool,
) -> None:
    """Pack a source into the folder ``partial``; what an earlier run packed there is not packed again.

    Raises:
        UserError: no picture, too many bad ones, no room.
        OSError: a file cannot be written.
    """
    row_bytes = policy.row_bytes
    # About 2 MB of rows: enough to outweigh the traffic, little enough to hold several at once.
    size = min(max(2**21 // row_bytes, 8), 256)
    total = min((n for n in (source.length, limit) if n is not None), default=None)
    with Journal(partial / "journal.jsonl", size, total) as journal, progress_bar(progress) as bar:
        if source.length is not None and total is not None:
            check_space(partial, (total - journal.num_items) * row_bytes, remedy_for(partial))
        task = bar.add_task("Packing pictures", total=total, completed=journal.num_items)
        chunks = _missing(source, limit, size, journal)
        for chunk, done in _packed(chunks, partial / file_name(policy.depth), size, policy, workers, total):
            journal.add(chunk, done)
            bar.update(task, completed=journal.num_items)
            if total is not None and journal.num_bad > max_bad_share * total:  # certain before the end
                write_bad(partial, journal)
                check_bad_share(journal.num_bad, total, max_bad_share, partial)
        bar.update(task, total=journal.num_items)
        if journal.num_items == 0:
            raise UserError("The data source has no pictures: choose another with data.source or data.root.")
        finish(partial, journal, policy, source.class_names)
    (partial / "journal.jsonl").unlink()


def check_bad_share(bad: int, total: int, max_bad_share: float, folder: Path) -> None:
    """Stop if too many pictures are bad, or all; their list is in ``folder``."""
    if bad < total and bad <= max_bad_share * total:
        return
    listed = f"the first: {first_few(read_bad(folder))}; all so far are listed in {folder / BAD_LIST}"
    if bad == total:
        raise BadPicturesError(
            f"Not one picture of {total} can be used ({listed}): choose other pictures.", folder / BAD_LIST
        )
    raise BadPicturesError(
        f"{bad} of {total} pictures cannot be used, {bad / total:.1%} where {max_bad_share:.1%} are allowed "
        f"({listed}): mend or remove them, or allow more with data.max_bad_share={_next_share(bad / total)}.",
        folder / BAD_LIST,
    )


def _next_share(share: float) -> float:
    return min(1.0, (int(share * 20) + 1) / 20)


def _missing(source: Source, limit: int | None, size: int, journal: Journal) -> Iterator[Chunk]:
    first = next(chunk for chunk in count() if chunk not in journal)
    items = _chosen(source, limit, first * size)
    for chunk in count(first):
        if not (batch := list(islice(items, size))):
            return
        if chunk not in journal:
            yield chunk, batch


def _chosen(source: Source, limit: int | None, start: int) -> Iterator[Item]:
    """The items to pack, from the ``start``-th of them on."""
    length = source.length
    if limit is None or (length is not None and length <= limit):
        yield from source.items(start)
    elif length is None:
        yield from islice(source.items(start), max(limit - start, 0))
    elif start < limit:
        wanted = start
        first = start * length // limit
        for position, item in enumerate(source.items(first), first):
            if position == wanted * length // limit:
                yield item
                wanted += 1
                if wanted == limit:
                    return


def _packed(
    chunks: Iterator[Chunk], images: Path, size: int, policy: SizePolicy, workers: int | None, total: int | None
) -> Iterator[tuple[int, Done]]:
    """Pack chunks, here or in processes; what is not finished on an error is dropped."""
    first = next(chunks, None)
    if first is None:
        return
    chunks = chain([first], chunks)
    workers = _workers(first[1][0], total) if workers is None else workers
    if workers == 0:
        for chunk, items in chunks:
            yield chunk, pack_chunk(images, chunk * size, items, policy)
        return
    # Spawned, not forked: the parent may hold threads, locks and a CUDA context.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=start_worker)
    running: dict[Future[Done], int] = {}
    try:
        for chunk, items in chunks:
            with main_left_alone():
                running[pool.submit(pack_chunk, images, chunk * size, items, policy)] = chunk
            if len(running) >= 2 * workers:
                yield from _finished(running)
        while running:
            yield from _finished(running)
    except BrokenProcessPool:
        raise UserError(
            "A process that packed pictures was killed, most likely for lack of memory: "
            "run again with fewer workers; it goes on where it stopped."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def main_left_alone() -> Iterator[None]:
    """Within it, processes start without importing the script that runs.

    They do not need it, and one that uses Impasto without ``if __name__ == "__main__":`` would begin anew in each.
    """
    kept = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = kept


def _finished(running: dict[Future[Done], int]) -> Iterator[tuple[int, Done]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.result()


def _decoded(load: Load | Layers) -> bool:
    return all(map(_decoded, load.loads)) if isinstance(load, Layers) else isinstance(load, np.ndarray | Missing)


def _workers(first: Item, total: int | None) -> int:
    # Pixels need no decoding; a daemon may have no children.
    if _decoded(first.load) or (total or FEW) < FEW or multiprocessing.current_process().daemon:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 16)
