"""bfloat16 against float32 on a 64-channel convolutional GAN at 64x64, in turns within one run."""

import tempfile
import time
from pathlib import Path

import torch

from impasto.run.build import build_model, build_parts
from tests.benchmarks.common import composed, device, paired_ratio, report
from tests.benchmarks.overhead import bare_step, synchronise

STEPS, ROUNDS, BATCH = 8, 5, 64


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        cfg = composed(Path(folder), "model=dcgan", "data.source=sample", "data.image_size=64", "evaluation=none")
        parts = build_parts(cfg)
        data = parts.data
        data.prepare_data()
        data.setup("fit")
        model = build_model(cfg, data.spec, parts).to(device()).train()
    optimizer_g, optimizer_d = model.configure_optimizers()
    images = torch.rand(BATCH, 3, 64, 64, device=device()).mul(2).sub(1).to(memory_format=torch.channels_last)
    label = torch.arange(BATCH, device=device()) % max(data.spec["image"].num_classes, 1)

    def seconds(reduced: bool) -> float:
        with torch.autocast(device().type, torch.bfloat16, enabled=reduced):
            bare_step(model, images, label, optimizer_g, optimizer_d)
            synchronise()
            began = time.perf_counter()
            for _ in range(STEPS):
                bare_step(model, images, label, optimizer_g, optimizer_d)
            synchronise()
        return (time.perf_counter() - began) / STEPS

    full, reduced = [], []
    for _ in range(ROUNDS):
        full.append(seconds(False))
        reduced.append(seconds(True))
    rows = [
        ("float32", BATCH / sorted(full)[ROUNDS // 2], "img/s"),
        ("bfloat16", BATCH / sorted(reduced)[ROUNDS // 2], "img/s"),
        ("bfloat16 over float32", paired_ratio(full, reduced), "times"),
    ]
    report("bf16 against fp32, 64-channel convolutional GAN at 64x64, batch 64", rows)


if __name__ == "__main__":
    main()
