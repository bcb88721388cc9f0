"""Frames per second of painting clips with the shipped base, and memory at one and at ten minutes of clip.

Everything counts: reading, motion, painting, writing. The clips for memory are small, and what paints them is a network
of one multiplication, since memory with the length is that of reading, steadying and writing.
"""

import os
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import Tensor, nn

from impasto.base.spec import ImageSpec
from impasto.inference.events import Progress
from impasto.inference.repaint import Look
from impasto.inference.repaint_clip import Film, repaint_clip
from impasto.inference.steady import TURN
from impasto.inference.style_choice import choose_styles
from impasto.inference.styles import mixed_style
from impasto.painters.painter import Painter
from impasto.painters.style_base import load_base
from tests.benchmarks.common import report
from tests.clips import panning, write_clip

ROOT = Path(__file__).parents[2]
SIZES = {"256": (256, 256, 12), "512": (512, 512, 8), "1080p": (1080, 1920, 4)}
"""Height, width and frames."""
MINUTES = (1, 10)
SMALL = 96, 128
RATE = 4
"""Frames per second of the long clips."""


class Negative(nn.Module):
    """The least that can be painted."""

    def forward(self, content: Tensor) -> Tensor:
        return -content


def frames_per_second(painter: Painter, path: Path, count: int, temporal: int) -> float:
    """Of a clip of so many frames, without the first one."""
    events = repaint_clip(painter, path, path.with_name("painted.mp4"), Look(brush="auto"), Film(temporal))
    ends = [time.perf_counter() for event in events if isinstance(event, Progress)]
    return (count - 1) / (time.perf_counter() - ends[len(ends) // count - 1])


def speed(folder: Path) -> list[tuple[str, float, str]]:
    """At each size, steadied and not."""
    base = load_base(device="auto")
    painter, rows = base.in_style(mixed_style(base, choose_styles("van_gogh"))), []
    for name, (height, width, count) in SIZES.items():
        path = write_clip(folder / f"{name}.mp4", panning(count, height, width))
        for temporal, said in ((1, "each frame by itself"), (TURN, f"steadied, temporal={TURN}")):
            rate = frames_per_second(painter, path, count, temporal)
            rows.append((f"{name}, {width} x {height}, {said}", rate, "frames/s"))
    return rows


def memory_of(minutes: int, folder: Path) -> float:
    """Most memory of a process that paints a clip of so many minutes at 25 frames per second, in MB."""
    frames, count = panning(150, *SMALL), minutes * 60 * RATE
    path = write_clip(
        folder / f"{minutes}.mp4", [frames[i % 150] for i in range(count)], sound=True, base=Fraction(1, RATE)
    )
    code = f"from tests.benchmarks.video import paint_long; paint_long({str(path)!r})"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.splitlines()[-1])


def paint_long(path: str) -> None:
    """Paint a clip, and print the most memory that the process took in MB."""
    spec = ImageSpec(3, 16, 16)
    painter = Painter(Negative(), spec, ("content",), spec).eval()
    for _ in repaint_clip(painter, Path(path), Path(path).with_name("painted.mp4"), Look()):
        pass
    # That of getrusage may be the parent's, which a process has for a moment before it is another program.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(int(status["VmHWM"].split()[0]) / 1024, flush=True)


def main(case: str = "") -> None:
    """Run all, or ``speed`` or ``memory`` alone."""
    with TemporaryDirectory() as folder:
        if case in ("", "speed"):
            report("clips painted by the shipped base", speed(Path(folder)))
        if case in ("", "memory"):
            used = {minutes: memory_of(minutes, Path(folder)) for minutes in MINUTES}
            size = f"{SMALL[1]} x {SMALL[0]}"
            rows = [(f"{minutes} minutes of clip, {size}", value, "MB") for minutes, value in used.items()]
            rows.append(("difference", used[10] - used[1], "MB"))
            report("memory by length of clip, a painter of one multiplication", rows)
