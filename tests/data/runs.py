"""Packing in a process of its own, for tests that kill it: ``python -m tests.data.runs FOLDER EVENT WORKERS``."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from impasto.data.packing import build as building
from impasto.data.packing import chunks as rows
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.source import Item

COUNT = 36
POLICY = SizePolicy(512, 512, "stretch", channels=1)
"""So large that a chunk is 8 pictures: 2 MB."""


class Counted:
    """Flat greys, picture i of level i, that notes which of them are asked for.

    Args:
        log: a file that gets a line per item, whatever process asks.
        die_at: kill this process when it asks for that item.
        known: tell the number of items, as a folder does; else be a stream.
    """

    origin = "sample"
    class_names = ("even", "odd")

    def __init__(self, log: Path, die_at: int | None = None, known: bool = True) -> None:
        self.log, self.die_at = log, die_at
        self.length = COUNT if known else None

    def fingerprint(self) -> str:
        return "counted"

    def items(self, start: int = 0) -> Iterator[Item]:
        for i in range(start, COUNT):
            if i == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            with self.log.open("a") as log:
                log.write(f"{i}\n")
            yield Item(f"picture {i}", np.full((2, 2), i, np.uint8), i % 2)

    def asked(self) -> list[int]:
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []


def check(packed: PackedImages) -> None:
    """Everything is there, in its place."""
    assert len(packed) == COUNT
    np.testing.assert_array_equal(packed.index, np.arange(COUNT))
    np.testing.assert_array_equal(packed.labels, np.arange(COUNT) % 2)
    for i in range(COUNT):
        assert (packed.batch([i]) == i).all()
    assert list(packed.every_name()) == [f"picture {i}" for i in range(COUNT)]


def start(folder: Path, event: str, workers: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.data.runs", str(folder), event, str(workers)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _main(folder: Path, event: str, workers: int) -> None:
    source = Counted(folder / "log", die_at=30 if event.endswith("source") else None, known=event != "stream source")
    if event == "write":  # half of the third chunk is on the disk
        written, write = [], rows._write

        def half(path: Path, offset: int, data: memoryview) -> None:
            written.append(offset)
            write(path, offset, data if len(written) < 3 else data[: len(data) // 2])
            if len(written) == 3:
                die()

        rows._write = half
    if event == "finish":  # all is written but the name is not given yet
        finish = building.finish
        building.finish = lambda *arguments: (finish(*arguments), die())
    packed = pack(source, POLICY, folder, workers=workers, progress=False)
    print(packed.fingerprint)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
