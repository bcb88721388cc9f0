"""What src/live.py holds of a clip from a file, with the shipped base: paintings a second, delay, what was dropped.

The clip has 60 frames a second, more than can be painted, so that the rate is what the machine gives. ``ARGS=live:256``
takes one size.
"""

import os
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from statistics import median

import torch

import impasto
from impasto.inference.style_choice import choose_styles
from impasto.live.clock import RealClock
from impasto.live.command import painting
from impasto.live.page import Page
from impasto.live.pipeline import Beside, paintings
from impasto.live.sizing import Sizer
from impasto.live.sources import ClipSource
from impasto.video.reading import Clip
from tests.benchmarks.common import report
from tests.clips import panning, write_clip

SECONDS = 12
SIZES = (256, 384)
WANTED = {256: 25.0, 384: 12.0}
RATE = 60


def rows_of(size: int, threads: int, folder: Path) -> list[tuple[str, float, str]]:
    clip, frames = folder / f"{size}.mp4", panning(SECONDS * RATE, size, size, 2)
    write_clip(clip, frames, base=Fraction(1, RATE), options={"preset": "ultrafast"})
    torch.set_num_threads(threads)
    paint = painting(impasto.load(device="cpu"), choose_styles("van_gogh"), 1.0, False)
    beside, clock, times = Beside([Page(0)]), RealClock(), []
    try:
        for shown in paintings(ClipSource(Clip(clip), clock), paint, Sizer(RATE, size), clock):
            beside.show(shown)
            times.append((time.perf_counter(), time.thread_time(), shown.latency))
    finally:
        beside.close()
    walls, own, latencies = zip(*times, strict=True)
    name, count = f"{size} x {size}, {threads} thread{'s' if threads > 1 else ''}", len(times) - 1
    rows = [
        (f"{name}: a second, of {WANTED[size]:g} wanted on two cores", count / (walls[-1] - walls[0]), "paintings"),
        (f"{name}: from captured to painted, median", median(latencies) * 1000, "ms"),
        (f"{name}: dropped of {SECONDS * RATE}", shown.dropped, "frames"),
    ]
    if threads == 1:  # all of the work, so that it is known also where other programs take turns
        rows.append((f"{name}: processor time of a painting", (own[-1] - own[0]) / count * 1000, "ms"))
    return rows


def main(case: str = "") -> None:
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        sizes = [int(case)] if case else list(SIZES)
        rows = [row for size in sizes for threads in sorted({1, cores}) for row in rows_of(size, threads, Path(folder))]
    report("Live, from a file", rows)


if __name__ == "__main__":
    main()
