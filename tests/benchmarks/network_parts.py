"""What each part of a network costs: a training step of each pair of sweeps/network_parts/ against the plain one.

In turns, and on a CPU by the processor's time of this process, so that others on the machine count for little.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from impasto.base.spec import ImageSpec
from impasto.run.build import build_model, build_parts
from tests.benchmarks.common import ROOT, composed, device, paired_ratio, report
from tests.benchmarks.overhead import bare_step, synchronise

STEPS, ROUNDS, BATCH = 3, 7, 32
SPEC = ImageSpec(1, 28, 28, tuple("abcdefghij"))


def stepper(name: str) -> tuple[Callable[[], float], int]:
    """What takes a few training steps and gives the seconds of one; and the number of weights of both networks."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = composed(Path(folder), f"+sweeps/network_parts={name}", "+sweeps=network_parts", "data.source=sample")
        torch.manual_seed(0)
        model = build_model(cfg, {"image": SPEC}, build_parts(cfg)).to(device()).train()
    optimizer_g, optimizer_d = model.configure_optimizers()
    images = torch.rand(BATCH, *SPEC.shape, device=device()).mul(2).sub(1).to(memory_format=torch.channels_last)
    label = torch.arange(BATCH, device=device()) % SPEC.num_classes
    clock = time.process_time if device().type == "cpu" else time.perf_counter

    def seconds() -> float:
        synchronise()
        began = clock()
        for _ in range(STEPS):
            bare_step(model, images, label, optimizer_g, optimizer_d)
        synchronise()
        return (clock() - began) / STEPS

    seconds()
    return seconds, sum(p.numel() for network in model.networks.values() for p in network.parameters())


def main() -> None:
    names = sorted(path.stem for path in (ROOT / "sweeps" / "network_parts").glob("*.yaml"))
    plain, weights = stepper("plain")
    rows = []
    for name in [each for each in names if each != "plain"]:
        step, own = stepper(name)
        pairs = [(plain(), step()) for _ in range(ROUNDS)]
        rows.append((f"{name}: time of a step", paired_ratio([b for _, b in pairs], [a for a, _ in pairs]), "times"))
        rows.append((f"{name}: weights of both networks", own / weights, "times"))
    rows.append(("plain: a step", 1000 * min(plain() for _ in range(ROUNDS)), "ms"))
    report(f"Parts of networks at 28x28, 16 channels, batch {BATCH}: a training step against the plain pair", rows)


if __name__ == "__main__":
    main()
