"""Training of ``experiment=restore`` against a plain PyTorch loop, in turns within one run, on random pictures.

``make bench ARGS=restoration`` measures every case, ``ARGS=restoration:denoise/96/8`` that task, size and batch, and
``ARGS=restoration:denoise/96/8/32-true`` with that precision instead of the one that ``precision=auto`` chooses. The
plain loop is float32, as published ones are, but with ``bf16-mixed``, where it is cast likewise.
"""

import tempfile
import warnings
from pathlib import Path
from statistics import median

import torch
from torch.utils.data import DataLoader

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.run.build import build_model, build_parts, build_trainer
from tests.benchmarks.common import composed, device, paired_ratio, report
from tests.benchmarks.reference_restoration import NAFNet, RestorationLoop
from tests.benchmarks.translation import InTurns, random_pictures

CASES = (("denoise", 96, 8), ("denoise", 256, 4), ("super_resolution", 96, 8))
ROUNDS = 20


def compare(task: str, size: int, batch: int, precision: str = "auto") -> tuple[float, float, float]:
    """(pictures a second of ours, of the reference, ratio)."""
    scale = 2 if task == "super_resolution" else 1
    with tempfile.TemporaryDirectory() as folder:
        chosen = ("experiment=restore", f"data.task={task}", f"data.image_size={size}", f"data.batch_size={batch}")
        cfg = composed(Path(folder), *chosen, "evaluation=none", "logger=csv", f"precision={precision}")
        torch.manual_seed(0)
        batches = [
            {"content": random_pictures(batch, size // scale), "target": random_pictures(batch, size)}
            for _ in range(ROUNDS + 1)
        ]
        content, target = ImageSpec(3, size // scale, size // scale, task=task), ImageSpec(3, size, size)
        model = build_model(cfg, {"content": content, "target": target}, build_parts(cfg))
        shape = {name: cfg.model.generator[name] for name in ("features", "encoder", "middle", "decoder", "shrink")}
        reference = NAFNet(**shape, scale=scale)
        ours, theirs = (sum(p.numel() for p in network.parameters()) for network in (model.generator, reference))
        assert abs(ours / theirs - 1) < 0.02, f"{ours} parameters, and the reference has {theirs}"
        plain = RestorationLoop(reference.to(device()), cfg.model.clip_grad, bf16=precision == "bf16-mixed")
        turns = InTurns(plain, batches)
        trainer = build_trainer(cfg, {"turns": turns})
        trainer.fit_loop.max_epochs = 1
        warnings.filterwarnings("ignore", ".*(many workers|eval mode|treespec|train_dataloader).*")
        trainer.fit(model, DataLoader(batches, batch_size=None))  # type: ignore[arg-type]
    return batch / median(turns.ours), batch / median(turns.theirs), paired_ratio(turns.theirs, turns.ours)


def main(case: str = "") -> None:
    wanted, precision = case.rsplit("/", 1) if case.count("/") == 3 else (case, "auto")
    cases = [c for c in CASES if not wanted or "/".join(map(str, c)) == wanted]
    if not cases:
        raise UserError(f"no case {wanted}; there are {', '.join('/'.join(map(str, c)) for c in CASES)}")
    rows = []
    for task, size, batch in cases:
        ours, theirs, ratio = compare(task, size, batch, precision)
        name = f"{task}, {size}x{size}, batch {batch}"
        rows += [(f"{name}: ours", ours, "img/s"), (f"{name}: reference", theirs, "img/s"), (f"{name}", ratio, "times")]
    report(f"Training of restoration against a plain loop{f', {case}' if case else ''}", rows)


if __name__ == "__main__":
    main()
