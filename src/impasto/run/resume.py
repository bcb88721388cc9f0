"""Going on with a run where it stopped."""

from pathlib import Path
from typing import Any, Final

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from impasto.errors import UserError
from impasto.run.notices import notice

ESSENTIAL: Final = ("loss", "penalty", "augment", "data", "model", "experiment", "debug")
"""Groups without which it would be another run."""

MAY_CHANGE: Final = (
    *("kimg", "minutes", "trainer", "logger", "callbacks", "evaluation", "precision", "compile"),
    *("optimized_metric", "mode", "data.num_workers", "data.cache_dir"),
    *("data.root", "data.source", "data.content", "data.style"),
)
"""How long and where a run goes on, what it tells, and where its pictures have gone, which are compared."""


def with_resumed_config(cfg: DictConfig) -> DictConfig:
    """The run's own configuration, with the values given now on top; ``cfg`` itself for a fresh run.

    Raises:
        UserError: no run there, or an override that would make it another run, or would be passed over.
    """
    if cfg.resume is None or not HydraConfig.initialized() or HydraConfig.get().mode == RunMode.MULTIRUN:
        return cfg  # a trial of a sweep goes on with the very configuration that it was started with
    record = Path(cfg.resume) / ".hydra" / "config.yaml"
    if not record.is_file():
        raise UserError(f"resume={cfg.resume} is not the folder of a run: {record} is missing.")
    saved = OmegaConf.load(record)
    assert isinstance(saved, DictConfig)
    first_schedules = schedules(saved)
    hydra = HydraConfig.get()
    before = OmegaConf.load(record.with_name("hydra.yaml")).hydra
    for override in hydra.overrides.task:
        key = override.lstrip("+~").split("=", 1)[0].split("@")[0]
        if key == "resume" or (key in ESSENTIAL and hydra.runtime.choices[key] == before.runtime.choices.get(key)):
            continue
        if key in ESSENTIAL:
            had = before.runtime.choices.get(key) or "none"
            raise UserError(f"{override}: this run has {key}={had}, and a resumed run keeps its parts.")
        if any(f"{key}.".startswith(f"{allowed}.") for allowed in MAY_CHANGE):
            OmegaConf.update(saved, key, OmegaConf.select(cfg, key), merge=False, force_add=True)
        elif override not in before.overrides.task and OmegaConf.select(cfg, key) != OmegaConf.select(saved, key):
            raise UserError(
                f"{override}: a resumed run stays as it was begun; what may change is {', '.join(MAY_CHANGE)}. "
                "Start a new run for anything else."
            )
    say_what_is_stretched(first_schedules, schedules(saved))
    saved.resume = cfg.resume
    saved.output_dir = str(Path(cfg.resume))
    saved.name = Path(cfg.resume).resolve().name
    return saved


def schedules(cfg: DictConfig) -> dict[str, Any]:
    """By setting, the lengths of the schedules in a configuration, in thousands of pictures."""
    found: dict[str, Any] = {}

    def look(node: Any, path: str) -> None:
        if isinstance(node, dict):
            if "kimg" in node:
                found[f"{path}.kimg"] = node["kimg"]
            for key, value in node.items():
                look(value, f"{path}.{key}")

    for group in ("model", "penalty", "augment"):
        if OmegaConf.is_config(cfg.get(group)):
            look(OmegaConf.to_container(cfg[group], resolve=True), group)
    return found


def say_what_is_stretched(first: dict[str, Any], now: dict[str, Any]) -> None:
    """A notice of schedules that follow a length which has changed."""
    if changed := [key for key, kimg in now.items() if first.get(key) != kimg]:
        notice(
            "resume",
            f"The schedules that follow kimg ({', '.join(changed)}) are those of the new length from here on: this is "
            "not the run that one of this length would have been from the start.",
        )


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
