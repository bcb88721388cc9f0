"""The work of packing one chunk: decode, bring to size, write. Runs in worker processes, so it imports little."""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np

from impasto.data.packing.sizing import SizePolicy, adapt_channels, to_size
from impasto.data.sources.decode import BadImage, decode, read_file
from impasto.data.sources.source import Item


def start_worker() -> None:
    """Make a worker process leave Ctrl-C to its parent, and end when its parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def pack_chunk(images: Path, first_row: int, items: Sequence[Item], policy: SizePolicy) -> dict[str, Any]:
    """Write the pictures of consecutive rows, and say what became of each.

    The rows are on the disk, not only on their way to it, when this returns.

    Args:
        images: the file of rows; made or extended as needed.
        first_row: row of the first item.
        items: what to pack.
        policy: the canvas.

    Returns:
        Plain lists, one entry per item: names, labels, sizes (h, w), digests (int64 of the undecoded content) and
        reasons (None, or why the picture is bad and its row black).

    Raises:
        OSError: the rows cannot be written.
    """
    rows = np.zeros((len(items), *policy.shape), np.uint8)
    done: dict[str, Any] = {"names": [], "labels": [], "sizes": [], "digests": [], "reasons": []}
    for row, item in zip(rows, items, strict=True):
        size, digest, reason = (0, 0), 0, None
        try:
            pixels, digest = _load(item, policy)
            row[:], size = to_size(pixels, policy)
        except BadImage as error:
            reason = str(error)
        for column, value in zip(done.values(), (item.name, item.label, size, digest, reason), strict=True):
            column.append(value)
    _write(images, first_row * rows[0].nbytes, rows.data.cast("B"))
    return done


def _load(item: Item, policy: SizePolicy) -> tuple[np.ndarray, int]:
    if isinstance(item.load, np.ndarray):
        pixels = np.ascontiguousarray(item.load)
        return adapt_channels(pixels, policy.channels), _digest(repr(pixels.shape).encode(), pixels.data)
    content = item.load if isinstance(item.load, bytes) else read_file(item.load)
    # To cover the canvas, the shorter side must reach the canvas's longer one at most.
    return decode(content, policy.channels, max(policy.height, policy.width)), _digest(content)


def _digest(*parts: bytes | memoryview) -> int:
    state = hashlib.blake2b(digest_size=8)
    for part in parts:
        state.update(part)
    return int.from_bytes(state.digest(), "little", signed=True)


def _write(path: Path, offset: int, data: memoryview) -> None:
    # Written, not through a map: on a full disk a write raises OSError, a map kills the process.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        while data:
            written = os.pwrite(descriptor, data, offset)
            offset, data = offset + written, data[written:]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
