"""Running the real training function on tiny pictures, without a process of its own."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from PIL import Image

from impasto.run.command_line.entry import register_resolvers

ROOT = Path(__file__).parents[1]
CONF = str(ROOT / "conf")


def make_pictures(folder: Path, classes: int = 2, each: int = 6, size: int = 16) -> Path:
    """A folder per class with small random pictures that differ by class."""
    numbers = np.random.default_rng(0)
    for label in range(classes):
        (folder / f"class_{label}").mkdir(parents=True)
        for i in range(each):
            pixels = numbers.integers(0, 128, (size, size, 3), dtype=np.uint8) + np.uint8(127 * (label % 2))
            Image.fromarray(pixels).save(folder / f"class_{label}" / f"{i}.png")
    return folder


def composed(output_dir: Path, *overrides: str) -> DictConfig:
    """The configuration of a run in ``output_dir``."""
    register_resolvers()
    fixed = [f"output_dir={output_dir}", "name=test", "trainer=cpu", "precision=32-true"]
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("train", [*fixed, *overrides])


def train(cfg: DictConfig) -> float | None:
    """What ``python src/train.py`` does once Hydra has composed."""
    from train import train as task

    return task(cfg)


def weights(run_dir: Path, name: str = "last") -> dict[str, Any]:
    """A checkpoint of a run."""
    return torch.load(run_dir / "checkpoints" / f"{name}.ckpt", weights_only=True)
