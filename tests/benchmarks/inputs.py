"""The input pipeline: time spent waiting for data, and memory over the number of pictures."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from impasto.data.packing.packed import open_packed
from impasto.run.build import build_model, build_parts
from impasto.run.precision import choose_precision
from tests.benchmarks.common import composed, device, report
from tests.benchmarks.overhead import bare_step, synchronise
from tests.data.test_packing_faults import sparse

STEPS, BATCH, PICTURES = 20, 64, 200_000

MEMORY = """
import os, sys
from pathlib import Path
import numpy as np
from impasto.data.packing.packed import open_packed
from impasto.data.sampler import BatchSampler
packed = open_packed(Path(sys.argv[1]))
batches = iter(BatchSampler(len(packed), 64))
for _ in range(400):
    packed.batch(next(batches).pictures)
pages = int(open('/proc/self/statm').read().split()[1])
print(pages * os.sysconf('SC_PAGE_SIZE') / 2**20)
"""


def waiting_share() -> float:
    """Share of a step spent waiting for the batch, in a run's own precision, out of more pictures than caches hold."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = composed(Path(folder), "model=dcgan", "data.source=sample", f"data.batch_size={BATCH}", "evaluation=none")
        parts = build_parts(cfg)
        data = parts.data
        data.prepare_data()
        data.setup("fit")
        packed = open_packed(sparse(Path(folder) / "packed", PICTURES))
        data._packed = {"image": replace(data._packed["image"], train=packed)}
        model = build_model(cfg, data.spec, parts).to(device()).train()
        optimizer_g, optimizer_d = model.configure_optimizers()
        reduced = choose_precision(cfg.precision, cfg.trainer.accelerator) == "bf16-mixed"
        batches = iter(data.train_dataloader())
        waited = total = 0.0
        for step in range(STEPS):
            began = time.perf_counter()
            batch = data.on_after_batch_transfer(data.transfer_batch_to_device(next(batches), device(), 0), 0)
            fetched = time.perf_counter()
            with torch.autocast(device().type, torch.bfloat16, enabled=reduced):
                bare_step(model, batch["image"].to(device()), batch.get("label"), optimizer_g, optimizer_d)
            synchronise()
            if step:  # the first step compiles and allocates
                waited += fetched - began
                total += time.perf_counter() - began
    return waited / total


def resident_megabytes(count: int) -> float:
    """Resident memory of a process that reads 25,600 pictures at random out of ``count``."""
    with tempfile.TemporaryDirectory() as folder:
        packed = sparse(Path(folder) / "packed", count)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(packed)], capture_output=True, text=True, check=True, env=environment
        )
    return float(done.stdout)


def main() -> None:
    few, many = resident_megabytes(1_000), resident_megabytes(1_000_000)
    rows = [
        (f"waiting for data, share of step, {PICTURES:,} pictures of 64x64", 100 * waiting_share(), "%"),
        ("resident memory, 1,000 packed pictures", few, "MB"),
        ("resident memory, 1,000,000 packed pictures", many, "MB"),
        ("growth", many - few, "MB"),
    ]
    report("Input pipeline", rows)


if __name__ == "__main__":
    main()
