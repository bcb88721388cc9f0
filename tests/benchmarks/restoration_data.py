"""The share of training in which ``model=restoration`` waits for its damaged pictures, for each task.

``make bench ARGS=restoration_data`` measures every task, with batches made between the steps and by a process of its
own; ``ARGS=restoration_data:denoise`` measures that task. Cores are those that the process may use.
"""

import os
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch
from lightning import Callback, Trainer

from impasto.base.errors import UserError
from impasto.run.build import build_data, build_model, build_parts, build_trainer
from tests.benchmarks.common import composed, report
from tests.benchmarks.overhead import synchronise

TASKS = ("denoise", "deblur", "inpaint", "super_resolution", "colorize", "jpeg", "low_light", "mixed")
WORKERS = (0, 1)
WARM, STEPS = 2, 6


class Waits:
    """Batches of a loader, and the seconds that each was waited for."""

    def __init__(self, loader: Iterable[Any]) -> None:
        self.loader = loader
        self.seconds: list[float] = []

    def __iter__(self) -> Iterator[Any]:
        batches = iter(self.loader)
        while True:
            began = time.perf_counter()
            batch = next(batches)
            self.seconds.append(time.perf_counter() - began)
            yield batch


class Steps(Callback):
    """When each step ended; ends training after the last."""

    def __init__(self) -> None:
        self.ended: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, *arguments: Any) -> None:
        synchronise()
        self.ended.append(time.perf_counter())
        trainer.should_stop = len(self.ended) == WARM + STEPS


def waiting(task: str, workers: int) -> tuple[float, float, float]:
    """(share of waiting in percent, seconds of a step with it, seconds that making a batch was waited for)."""
    with tempfile.TemporaryDirectory() as folder:
        settings = [f"data.task={task}", f"data.num_workers={workers}", "evaluation=none", "logger=csv"]
        cfg = composed(Path(folder), "model=restoration", "data=restoration", *settings)
        data = build_data(cfg)
        data.prepare_data()
        waits, steps = Waits(data.train_dataloader()), Steps()
        data.train_dataloader = lambda: waits  # type: ignore[method-assign, assignment, return-value]
        trainer = build_trainer(cfg, {"steps": steps})
        model = build_model(cfg, data.spec, build_parts(cfg))
        warnings.filterwarnings("ignore", ".*(many workers|eval mode|treespec|train_dataloader|worker process).*")
        trainer.fit(model, datamodule=data)
    took = [end - start for start, end in zip(steps.ended[WARM - 1 :], steps.ended[WARM:], strict=False)]
    # Lightning asks for a batch before it trains on the one before.
    waited = waits.seconds[WARM + 1 : WARM + 1 + STEPS]
    return 100 * sum(waited) / sum(took), median(took), median(waited)


def main(case: str = "") -> None:
    if case and case not in TASKS:
        raise UserError(f"no case {case}; there are {', '.join(TASKS)}")
    rows = []
    for task in [case] if case else TASKS:
        for workers in WORKERS:
            share, step, waited = waiting(task, workers)
            name = f"{task}, num_workers={workers}"
            rows += [(f"{name}: step", step, "s"), (f"{name}: wait", waited, "s"), (f"{name}: share", share, "%")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    report(f"Waiting for damaged pictures on {cores} cores, {torch.get_num_threads()} threads", rows)


if __name__ == "__main__":
    main()
