"""What the monitor says of healthy and of sabotaged runs, and what it costs.

``make bench ARGS=monitor`` trains them all, half an hour on an idle core, and prints what was found in each;
``ARGS=monitor:overhead`` measures what it adds to a step, and what a look takes.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

from impasto.base.spec import ImageSpec
from impasto.callbacks.looks import cast_adversary, look
from impasto.models.adversary import right_order
from impasto.models.base import AdversarialModel
from impasto.run.build import build_model, build_parts
from tests.benchmarks.common import report
from tests.callbacks.sabotage import SMALL, all_runs
from tests.training import composed, train

BATCH, SIDE = 32, 16


def took(work: Callable[[], object], times: int) -> float:
    """Processor time of one call, in milliseconds: the median over calls."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return 1000 * median(found)


def overhead() -> None:
    """What a step takes, what the monitor adds to each, and what a look takes."""
    model = make_model()
    images = {"image": torch.rand(BATCH, 1, SIDE, SIDE) * 2 - 1}
    step = took(lambda: model.training_step(images, 0), 60)
    adversary, scores = cast_adversary(model.adversaries["discriminator"]), torch.randn(2, BATCH)
    add = took(lambda: [adversary.order.add("order", right_order(*scores)) for _ in range(100)], 10) / 100
    seen = took(lambda: look(model, torch.rand(256, 256)), 10)
    between = 5000 / BATCH
    share = 100 * (add + seen / between) / step
    report("the monitor", [("a step", step, "ms"), ("its part of it", add, "ms"), ("a look", seen, "ms")])
    print(f"{share:.2f}% of a run that is looked at every 5 kimg")


def make_model() -> AdversarialModel:
    """A small pair, without a trainer."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = composed(Path(folder), *SMALL, "model=dcgan")
    model = build_model(cfg, {"image": ImageSpec(1, SIDE, SIDE)}, build_parts(cfg))
    made = model.configure_optimizers()
    model.optimizers = lambda: made  # type: ignore[method-assign, assignment, return-value]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign, assignment]
    return model


def main(case: str = "") -> None:
    if case == "overhead":
        overhead()
        return
    print("| run | what is wrong with it | found |\n|---|---|---|")
    for name, (overrides, wrong) in all_runs().items():
        if case and case not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            train(composed(Path(folder), *overrides))
            found = json.loads((Path(folder) / "summary.json").read_text())["findings"]
        said = ", ".join(f"{each['name']} at {each['at_kimg']:.3g} kimg" for each in found)
        print(f"| {name} | {wrong or 'nothing'} | {said or 'nothing'} |", flush=True)
