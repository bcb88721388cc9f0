"""What src/live.py holds of a clip from a file, with the shipped base: paintings a second, delay, what was dropped.

The clip has 60 frames a second, more than can be painted, so that the rate is what the machine gives. ``ARGS=live:256``
takes one size.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from impasto.inference.style_choice import choose_styles
from impasto.live.command import live
from impasto.run.command_line.composing import composed
from tests.benchmarks.common import report
from tests.clips import panning, write_clip

SECONDS = 12
SIZES = (256, 384)
WANTED = {256: 25.0, 384: 12.0}
RATE = 60


def rows_of(size: int, threads: int, folder: Path) -> list[tuple[str, float, str]]:
    from fractions import Fraction

    clip = folder / f"{size}.mp4"
    write_clip(clip, panning(SECONDS * RATE, size, size, 2), base=Fraction(1, RATE), options={"preset": "ultrafast"})
    settings: dict[str, Any] = {"source": str(clip), "size": size, "threads": threads, "port": 0, "fps": RATE}
    last = live(composed("live", (), settings), choose_styles("van_gogh"))
    assert last is not None
    name = f"{size} x {size}, {threads} thread{'s' if threads > 1 else ''}"
    return [
        (f"{name}: paintings a second, of {WANTED[size]:g}", last.painted / last.time, ""),
        (f"{name}: from captured to painted", last.latency * 1000, "ms"),
        (f"{name}: dropped of {SECONDS * RATE} frames", last.dropped, ""),
    ]


def main(case: str = "") -> None:
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        sizes = [int(case)] if case else list(SIZES)
        rows = [row for size in sizes for threads in sorted({1, cores}) for row in rows_of(size, threads, Path(folder))]
    report("Live, from a file", rows)


if __name__ == "__main__":
    main()
