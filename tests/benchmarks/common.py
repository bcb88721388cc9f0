"""What the benchmarks share: a composed run, and a table of results."""

import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from impasto.base.environment import device_name
from impasto.run.command_line.entry import register_resolvers

ROOT = Path(__file__).parents[2]


def composed(output_dir: Path, *overrides: str) -> DictConfig:
    """The configuration that ``train.py`` would be given."""
    register_resolvers()
    fixed = [f"output_dir={output_dir}", "name=bench"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", [*fixed, *overrides])


def device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def report(title: str, rows: Sequence[tuple[str, float, str]]) -> None:
    """Print a table and add it to ``outputs/bench.json``."""
    machine = f"{device_name(device())}, torch {version('torch')}, Python {platform.python_version()}"
    print(f"\n{title} ({machine})")
    for name, value, unit in rows:
        print(f"  {name:<58}{value:>10.3f} {unit}")
    path = ROOT / "outputs" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    known: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    known[title] = {"machine": machine, "rows": {name: [value, unit] for name, value, unit in rows}}
    path.write_text(json.dumps(known, indent=2) + "\n")


def paired_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Median of the ratios of neighbours: a machine that slows down slows both."""
    return median(x / y for x, y in zip(a, b, strict=True))
