"""Framework against a bare PyTorch loop with the same networks, in turns within one run.

What comes at intervals is timed by itself and added at its default share; sheets and evaluation are left out.
"""

import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import Callback
from omegaconf import DictConfig
from torch import Tensor

from impasto.callbacks.guard import Guard
from impasto.models.base import AdversarialModel
from impasto.run.build import build_callbacks, build_model, build_parts, build_trainer
from impasto.run.precision import choose_precision
from impasto.run.records.loggers import make_loggers
from tests.benchmarks.common import composed, device, paired_ratio, report

STEPS, ROUNDS = 12, 6

DEFAULTS = composed(Path("nowhere")).callbacks
INTERVALS = {"log": DEFAULTS.log.every_kimg, "guard": Guard(kimg=1000).every_kimg, "checkpoints": None}
"""What comes at intervals in a run of the default length, by how many kimg; checkpoints go by the clock."""
CHECKPOINT_SECONDS = 60 * DEFAULTS.checkpoints.every_minutes


class StepTimes(Callback):
    """When each step ended, and what everything that comes at intervals takes: it is made to come once.

    Args:
        others: the callbacks of a run.
    """

    def __init__(self, others: Mapping[str, Any]) -> None:
        self.others = {name: others[name] for name in INTERVALS}
        self.ends: list[float] = []
        self.seconds: dict[str, float] = {}

    def on_train_batch_end(self, *arguments: Any) -> None:
        synchronise()
        self.ends.append(time.perf_counter())
        if len(self.ends) != STEPS // 2:
            return
        for name, callback in self.others.items():
            began, before = time.perf_counter(), callback.every_kimg
            callback.every_kimg = 1e-9
            callback.on_train_batch_end(*arguments)
            callback.every_kimg = before
            synchronise()
            self.seconds[name] = time.perf_counter() - began

    def a_step(self, batch: int) -> float:
        """Seconds a step, with each interval's share."""
        last = self.ends[-2]  # the one after it ends with saving the run
        steps = (last - self.ends[1] - sum(self.seconds.values())) / (len(self.ends) - 3)
        shares = [self.seconds[name] * batch / (1000 * kimg) for name, kimg in INTERVALS.items() if kimg]
        return (steps + sum(shares)) / (1 - self.seconds["checkpoints"] / CHECKPOINT_SECONDS)


def synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def framework_seconds(cfg: DictConfig, model: AdversarialModel, data: Any) -> float:
    """Seconds a step inside ``trainer.fit`` with the callbacks in place."""
    model.state.images_seen = model.state.images_before = 0
    callbacks = build_callbacks(cfg)
    times = StepTimes(callbacks)
    trainer = build_trainer(cfg, {**callbacks, "times": times})
    trainer.loggers = make_loggers(cfg)
    trainer.fit(model, datamodule=data)
    return times.a_step(cfg.data.batch_size)


def bare_seconds(cfg: DictConfig, model: AdversarialModel, data: Any) -> float:
    """Seconds a step of the loop that one would write by hand."""
    place = device()
    model.to(place).train()
    precision = choose_precision(cfg.precision, cfg.trainer.accelerator)
    optimizer_g, optimizer_d = model.configure_optimizers()
    batches = iter(data.train_dataloader())
    ends: list[float] = []
    for _ in range(STEPS):
        batch = next(batches)["image"]
        images = batch["pixels"].to(place).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)  # channels last already
        label = batch["labels"].to(place) if "labels" in batch else None
        with torch.autocast(place.type, torch.bfloat16, enabled=precision == "bf16-mixed"):
            bare_step(model, images, label, optimizer_g, optimizer_d)
        synchronise()
        ends.append(time.perf_counter())
    return (ends[-1] - ends[1]) / (STEPS - 2)


def bare_step(
    model: AdversarialModel, images: Tensor, label: Tensor | None, optimizer_g: Any, optimizer_d: Any
) -> None:
    """Discriminator, generator, moving average."""
    softplus, n = torch.nn.functional.softplus, len(images)
    latent_dim = int(model.generator.latent_dim)  # type: ignore[arg-type]
    fake = model.generator(torch.randn(n, latent_dim, device=images.device), label)
    real_scores, fake_scores = model.discriminator(images, label), model.discriminator(fake.detach(), label)
    loss = softplus(-real_scores.float()).mean() + softplus(fake_scores.float()).mean()
    optimizer_d.zero_grad()
    loss.backward()
    optimizer_d.step()
    model.discriminator.requires_grad_(False)
    optimizer_g.zero_grad()
    softplus(-model.discriminator(fake, label).float()).mean().backward()
    optimizer_g.step()
    model.discriminator.requires_grad_(True)
    with torch.no_grad():
        averages, values = list(model.painter.network.parameters()), list(model.generator.parameters())
        torch._foreach_lerp_(averages, values, 0.001)


def overhead(size: int, width: int) -> tuple[float, float]:
    """(overhead in percent, pictures a second of the framework) for square pictures of ``size``."""
    batch = 64
    with tempfile.TemporaryDirectory() as folder:
        cfg = composed(
            Path(folder),
            "model=dcgan",
            "data=wikiart" if size >= 32 else "data=fashion_mnist",
            "data.source=sample",
            f"data.image_size={size}",
            "data.resize=crop",
            f"data.batch_size={batch}",
            f"model.generator.features={width}",
            f"model.discriminator.features={width}",
            f"kimg={STEPS * batch / 1000}",
            "logger=csv",
            "evaluation=none",
            "callbacks.samples=null",
            f"callbacks.guard.every_kimg={INTERVALS['guard']}",  # not that of so short a run
        )
        parts = build_parts(cfg)
        data = parts.data
        data.prepare_data()
        data.setup("fit")
        model = build_model(cfg, data.spec, parts)
        warnings.filterwarnings("ignore", ".*(many workers|eval mode|treespec).*")
        framework, bare = [], []
        for _ in range(ROUNDS):
            bare.append(bare_seconds(cfg, model, data))
            framework.append(framework_seconds(cfg, model, data))
    return 100 * (paired_ratio(framework, bare) - 1), batch / sorted(framework)[len(framework) // 2]


def main() -> None:
    rows = []
    for size in (64, 28):
        percent, rate = overhead(size, width=64)
        rows += [(f"{size}x{size}, 64 channels, batch 64: overhead", percent, "%")]
        rows += [(f"{size}x{size}, 64 channels, batch 64: framework", rate, "img/s")]
    report("Framework overhead over a bare PyTorch loop, without sheets and evaluation", rows)


if __name__ == "__main__":
    main()
