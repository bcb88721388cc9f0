"""The work of packing one chunk: decode, bring to size, write. Runs in worker processes, so it imports little."""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Collection, Sequence
from itertools import accumulate, pairwise
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

import numpy as np

from impasto.data.packing.depth import as_depth
from impasto.data.packing.sizing import SizePolicy, adapt_channels, scaled, to_size
from impasto.data.sources.decode import BadImage, checked, decode, read_file
from impasto.data.sources.native_depth import decode_deep
from impasto.data.sources.source import Item, Layers, Load, Made, Missing, Read

ASPECT: Final = 0.02
"""By how much the aspects of layers may differ before they count as stretched: sizes are rounded to pixels."""


def start_worker() -> None:
    """Make a worker process leave Ctrl-C to its parent, and end when its parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def pack_chunk(images: Path, first_row: int, items: Sequence[Item], policy: SizePolicy) -> dict[str, Any]:
    """Write the pictures of consecutive rows, and report on each.

    The rows are on the disk, not only on their way to it, when this returns.

    Args:
        images: the file of rows; made or extended as needed.
        first_row: row of the first item.
        items: what to pack.
        policy: the canvas.

    Returns:
        Plain lists, one entry per item: names, labels, sizes (h, w), digests (int64 of the undecoded content) and
        reasons (None, or why the picture is bad and its row black); and ``stretched``, the number of items whose
        layers have different shapes.

    Raises:
        OSError: the rows cannot be written.
    """
    rows = np.zeros((len(items), *policy.shape), policy.dtype)
    done: dict[str, Any] = {"names": [], "labels": [], "sizes": [], "digests": [], "reasons": []}
    stretched = 0
    for row, item in zip(rows, items, strict=True):
        size, digest, reason = (0, 0), 0, None
        try:
            # To cover the canvas, the shorter side must reach the canvas's longer one at most.
            canvas = max(policy.height, policy.width)
            pixels, digest, is_stretched = _load(item.load, policy.channels, policy.depth, canvas, policy.numbers)
            row[:], size = to_size(pixels, policy)
            stretched += is_stretched
        except BadImage as error:
            reason = str(error)
        for column, value in zip(done.values(), (item.name, item.label, size, digest, reason), strict=True):
            column.append(value)
    _write(images, first_row * rows[0].nbytes, rows.data.cast("B"))
    return {**done, "stretched": stretched}


def _load(
    load: Load | Layers, channels: int, depth: int, canvas: int, numbers: Collection[int] = ()
) -> tuple[np.ndarray, int, bool]:
    """Pixels, the digest of their source, and whether layers had to be stretched."""
    match load:
        case Layers():
            return _load_layers(load, depth, canvas, numbers)
        case Missing():
            raise BadImage(load.reason)
        case Made():
            pixels, digest, _ = _load(load.of, 3, depth, canvas)
            made = load.make(pixels, canvas)
            if not made.size:
                raise BadImage(f"its {pixels.shape[1]} x {pixels.shape[0]} pixels are too few")
            name = getattr(load.make, "__name__", None) or repr(load.make)
            return as_depth(adapt_channels(made, channels), depth), _digest(name.encode(), _bytes(digest)), False
        case Read():
            content = read_file(load.path)
            pixels = checked(content, lambda: load.read(content))
            return pixels, _digest(content, repr(load.read).encode()), False
        case np.ndarray():
            pixels = np.ascontiguousarray(load)
            digest = _digest(repr(pixels.shape).encode(), pixels.data)
            return as_depth(adapt_channels(pixels, channels), depth), digest, False
    content = load if isinstance(load, bytes) else read_file(load)
    if depth == 8 and channels in (1, 3):
        return decode(content, channels, canvas), _digest(content), False
    return as_depth(adapt_channels(decode_deep(content), channels), depth), _digest(content), False


def _load_layers(layers: Layers, depth: int, canvas: int, numbers: Collection[int]) -> tuple[np.ndarray, int, bool]:
    ends = pairwise(accumulate(layers.channels, initial=0))
    own = [[n - first for n in numbers if first <= n < end] for first, end in ends]
    loaded = [
        _load(load, count, depth, canvas, of_layer)
        for load, count, of_layer in zip(layers.loads, layers.channels, own, strict=True)
    ]
    first = next((i for i, of_layer in enumerate(own) if not of_layer), 0)  # numbers can follow any size
    height, width = loaded[first][0].shape[:2]
    stretched = any(abs(pixels.shape[1] * height / (pixels.shape[0] * width) - 1) > ASPECT for pixels, *_ in loaded)
    same = [scaled(pixels, (height, width), of_layer) for (pixels, *_), of_layer in zip(loaded, own, strict=True)]
    stretched = stretched or any(inner for *_, inner in loaded)
    return np.concatenate(same, axis=2), _digest(*(_bytes(digest) for _, digest, _ in loaded)), stretched


def _bytes(digest: int) -> bytes:
    return digest.to_bytes(8, "little", signed=True)


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
