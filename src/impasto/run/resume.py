"""Going on with a run where it stopped."""

from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from impasto.errors import UserError

ESSENTIAL = ("loss", "penalty", "augment", "data", "model", "experiment")
"""Groups without which it would be another run; where it runs and what it tells may change."""


def with_resumed_config(cfg: DictConfig) -> DictConfig:
    """The run's own configuration, with the values given now on top; ``cfg`` itself for a fresh run.

    Raises:
        UserError: no run there, or an override that would make it another run.
    """
    if cfg.resume is None or not HydraConfig.initialized() or HydraConfig.get().mode == RunMode.MULTIRUN:
        return cfg  # a trial of a sweep goes on with the very configuration that it was started with
    record = Path(cfg.resume) / ".hydra" / "config.yaml"
    if not record.is_file():
        raise UserError(f"resume={cfg.resume} is not the folder of a run: {record} is missing.")
    saved = OmegaConf.load(record)
    assert isinstance(saved, DictConfig)
    hydra = HydraConfig.get()
    before = OmegaConf.load(record.with_name("hydra.yaml")).hydra.runtime.choices
    for override in hydra.overrides.task:
        key = override.lstrip("+~").split("=", 1)[0].split("@")[0]
        if key == "resume" or (key in ESSENTIAL and hydra.runtime.choices[key] == before.get(key)):
            continue
        if key in ESSENTIAL:
            raise UserError(f"{override}: this run has {key}={before.get(key)}, and a resumed run keeps its parts.")
        OmegaConf.update(saved, key, OmegaConf.select(cfg, key), merge=False, force_add=True)
    saved.resume = cfg.resume
    saved.output_dir = str(Path(cfg.resume))
    saved.name = Path(cfg.resume).resolve().name
    return saved


def last_checkpoint(run_dir: str | Path) -> Path:
    """The checkpoint to go on from.

    Raises:
        UserError: there is none.
    """
    path = Path(run_dir) / "checkpoints" / "last.ckpt"
    if not path.is_file():
        raise UserError(f"{path} is missing: the run stopped before its first checkpoint; start it anew.")
    return path


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint without running anything that may be hidden in it.

    Raises:
        UserError: not a checkpoint, cut short, or holding objects other than tensors and plain values.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.") from None
    except Exception as problem:
        hidden = "Unsupported" in str(problem) or "Weights only" in str(problem)
        reason = "holds objects that are not weights and was not opened" if hidden else "is damaged or cut short"
        raise UserError(f"{path} {reason}; use a checkpoint that train.py wrote.") from None
    if not isinstance(content, dict) or "impasto" not in content:
        raise UserError(f"{path} is not a checkpoint of this project; use one that train.py wrote.")
    return content
