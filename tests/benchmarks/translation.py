"""Training of CycleGAN and pix2pix against plain PyTorch loops, in turns within one run, on random pictures.

``make bench ARGS=translation`` measures every case, ``ARGS=translation:cyclegan/128/1`` that model, size and batch, and
``ARGS=translation:cyclegan/128/1/32-true`` with that precision instead of the one that ``precision=auto`` chooses.
"""

import tempfile
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any

import torch
from lightning import Callback
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.utils.data import DataLoader

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.run.build import build_model, build_parts, build_trainer
from tests.benchmarks.common import composed, device, paired_ratio, report
from tests.benchmarks.overhead import synchronise
from tests.benchmarks.reference_translation import CycleGANLoop, Pix2PixLoop

CASES = tuple((model, size, batch) for model in ("cyclegan", "pix2pix") for size in (128, 256) for batch in (1, 4))
PARTS = {"cyclegan": ("content", "style"), "pix2pix": ("content", "target")}
ROUNDS = 3
MORE_ROUNDS = 9
"""Where a step takes less than some five seconds."""


class InTurns(Callback):
    """After each of our steps one of the reference loop's; times of both, but for the first.

    Args:
        reference: the loop.
        batches: what both are given.
    """

    def __init__(self, reference: Any, batches: list[dict[str, Tensor]]) -> None:
        self.reference, self.batches = reference, batches
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self.began = 0.0

    def on_train_batch_start(self, *arguments: Any) -> None:
        synchronise()
        self.began = time.perf_counter()

    def on_train_batch_end(self, *arguments: Any) -> None:
        synchronise()
        ended = time.perf_counter()
        batch = self.batches[arguments[-1]]
        self.reference.step(*(part.contiguous().to(device()) for part in batch.values()))
        synchronise()
        if arguments[-1]:
            self.ours.append(ended - self.began)
            self.theirs.append(time.perf_counter() - ended)


def compare(name: str, size: int, batch: int, precision: str = "auto") -> tuple[float, float, float]:
    """(pictures a second of ours, of the reference, ratio)."""
    rounds = MORE_ROUNDS if name == "pix2pix" or size * batch == 128 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        cfg = composed(Path(folder), f"model={name}", "evaluation=none", "logger=csv", f"precision={precision}")
        torch.manual_seed(0)
        batches = [{part: random_pictures(batch, size) for part in PARTS[name]} for _ in range(rounds + 1)]
        model = build_model(cfg, {part: ImageSpec(3, size, size) for part in PARTS[name]}, build_parts(cfg))
        reference = reference_of(cfg, size)
        same_size(model.networks, reference)
        for network in (network for group in reference.networks().values() for network in group):
            network.to(device())
        turns = InTurns(reference, batches)
        trainer = build_trainer(cfg, {"turns": turns})
        trainer.fit_loop.max_epochs = 1
        warnings.filterwarnings("ignore", ".*(many workers|eval mode|treespec|train_dataloader).*")
        trainer.fit(model, DataLoader(batches, batch_size=None))  # type: ignore[arg-type]
    return batch / median(turns.ours), batch / median(turns.theirs), paired_ratio(turns.theirs, turns.ours)


def random_pictures(count: int, size: int) -> Tensor:
    """(N, 3, H, W) in [-1, 1], channels-last as the data module makes them."""
    return torch.rand(count, 3, size, size).mul(2).sub(1).to(memory_format=torch.channels_last)


def reference_of(cfg: DictConfig, size: int) -> CycleGANLoop | Pix2PixLoop:
    """A loop with as many layers and channels as the model of a configuration."""
    generator = cfg.model.generator
    if "blocks" in generator:
        return CycleGANLoop(3, generator.features, generator.blocks)
    return Pix2PixLoop(3, generator.features, min(generator.levels, size.bit_length() - 1))


def same_size(networks: nn.ModuleDict, reference: CycleGANLoop | Pix2PixLoop) -> None:
    """Assert that both have as many parameters, within 2%."""
    for kind, theirs in reference.networks().items():
        ours = [network for name, network in networks.items() if name.startswith(kind.removesuffix("s"))]
        counts = [sum(p.numel() for network in group for p in network.parameters()) for group in (ours, theirs)]
        assert abs(counts[0] / counts[1] - 1) < 0.02, f"{kind} have {counts[0]} parameters, the reference {counts[1]}"


def main(case: str = "") -> None:
    wanted, precision = case.rsplit("/", 1) if case.count("/") == 3 else (case, "auto")
    cases = [c for c in CASES if not wanted or "/".join(map(str, c)) == wanted]
    if not cases:
        raise UserError(f"no case {wanted}; there are {', '.join('/'.join(map(str, c)) for c in CASES)}")
    rows = []
    for model, size, batch in cases:
        ours, theirs, ratio = compare(model, size, batch, precision)
        name = f"{model}, {size}x{size}, batch {batch}"
        rows += [(f"{name}: ours", ours, "img/s"), (f"{name}: reference", theirs, "img/s"), (f"{name}", ratio, "times")]
    report(f"Training of translation models against plain loops{f', {case}' if case else ''}", rows)


if __name__ == "__main__":
    main()
