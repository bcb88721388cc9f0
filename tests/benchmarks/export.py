"""Speed of exported painters: PyTorch, and the same under ONNX Runtime in floats and in 8 bits, in turns on one thread.

The painter is the shipped base in one style; ``export:RUN_DIR`` takes a run of yours in its place. What counts is the
processor's time, so that other programs disturb little.
"""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from impasto.export.command import export, in_chosen_style
from impasto.export.runtime import run_of, session_of
from impasto.export.settings import Settings
from impasto.inference.style_choice import choose_styles
from impasto.painters.checkpoints import shipped_base
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter
from tests.benchmarks.common import paired_ratio, report

ROUNDS = 9
SIZES = ((256, 256), (512, 512), (504, 600))
ALLOWED = 0.05
"""Mean difference that quantisation may make here: all layers are to be in 8 bits."""


def in_turns(*actions: Callable[[], object]) -> list[list[float]]:
    """Milliseconds of each action, in turns, after two rounds that are not counted."""
    found: list[list[float]] = [[] for _ in actions]
    for _ in range(ROUNDS + 2):
        for action, times in zip(actions, found, strict=True):
            began = time.process_time()
            action()
            times.append(1000 * (time.process_time() - began))
    return [times[2:] for times in found]


def rows_of(painter: Painter, folder: Path) -> list[tuple[str, float, str]]:
    """At each size, milliseconds of the three, and how much faster 8 bits are than floats."""
    files = {"floats": Settings(), "8 bits": Settings(quantize="static", max_loss=ALLOWED)}
    runs = {}
    for name, settings in files.items():
        written = next(iter(export(painter, folder / f"{name.replace(' ', '_')}.onnx", settings)))
        runs[name] = run_of(session_of(written.path, threads=1))
    rows = [("mean difference in 8 bits", 100 * written.report["quantisation"]["loss"], "% of the range")]
    for height, width in SIZES:
        content = torch.rand(1, 3, height, width) * 2 - 1
        ahead = content.contiguous(memory_format=torch.channels_last)

        def by_torch(given: Tensor = ahead) -> None:
            with torch.inference_mode():
                painter(content=given)

        times = in_turns(by_torch, *(lambda run=run, given=content: run((given,)) for run in runs.values()))
        for name, own in zip(("PyTorch", "ONNX Runtime, floats", "ONNX Runtime, 8 bits"), times, strict=True):
            rows.append((f"{height}x{width}: {name}", float(np.median(own)), "ms"))
        rows.append((f"{height}x{width}: 8 bits faster than floats", paired_ratio(times[1], times[2]), "times"))
    return rows


def base() -> Painter:
    """The shipped one, in the style of a painting."""
    return in_chosen_style(load_painter(shipped_base(), device="cpu"), choose_styles("van_gogh"))


def main(run: str | None = None) -> None:
    torch.set_num_threads(1)
    painters = {"the style base in one style": base()} if run is None else {run: load_painter(run, device="cpu")}
    for name, painter in painters.items():
        with TemporaryDirectory() as folder:
            report(f"Exported: {name}, one thread", rows_of(painter, Path(folder)))
