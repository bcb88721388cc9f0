"""Mistakes in devices, strategies and number formats."""

from typing import Final

import torch
from lightning.pytorch.accelerators import AcceleratorRegistry
from lightning.pytorch.strategies import StrategyRegistry
from omegaconf import DictConfig

PRECISIONS: Final = ("auto", "32-true", "bf16-mixed", "16-mixed")


def trainer_problems(cfg: DictConfig) -> list[str]:
    """Accelerators, strategies and numbers of devices that are unknown, or that this machine does not have."""
    trainer = cfg.get("trainer") or {}
    accelerator, strategy = trainer.get("accelerator", "auto"), trainer.get("strategy", "auto")
    known = ("auto", "gpu", *AcceleratorRegistry.available_accelerators())
    if isinstance(accelerator, str) and accelerator not in known:
        return [f"trainer.accelerator={accelerator} is not known: choose one of {', '.join(known)}."]
    if accelerator in ("gpu", "cuda", "mps") and not has_gpu(accelerator):
        return [f"trainer.accelerator={accelerator}, but no such GPU is found here: set trainer=cpu or trainer=auto."]
    if isinstance(strategy, str) and strategy not in ("auto", *StrategyRegistry.available_strategies()):
        return [f"trainer.strategy={strategy} is not known: give auto, ddp_find_unused_parameters_true or another one."]
    if (devices := trainer.get("devices", 1)) in (0, "0", "", None, []):
        return [f"trainer.devices={devices} leaves nothing to compute on: give 1 or more, or auto."]
    return []


def has_gpu(accelerator: str) -> bool:
    """Whether this machine has what Lightning would take for this name."""
    return (accelerator != "mps" and torch.cuda.is_available()) or (
        accelerator != "cuda" and torch.backends.mps.is_available()
    )


def precision_problems(cfg: DictConfig) -> list[str]:
    """Number formats that are not known, or do not fit a setting or the device."""
    if cfg.precision not in PRECISIONS:
        return [f"precision={cfg.precision} is not known: choose one of {', '.join(PRECISIONS)}."]
    problems = []
    # Lightning takes the loss scale off inside the optimiser's step, after the norm would have been measured.
    if cfg.precision == "16-mixed" and cfg.model.get("clip_grad") is not None:
        problems.append(
            "model.clip_grad cannot measure the scaled gradients of precision=16-mixed: set precision=bf16-mixed or "
            "32-true, or model.clip_grad=null."
        )
    accelerator = (cfg.get("trainer") or {}).get("accelerator", "auto")
    if cfg.precision == "16-mixed" and (accelerator == "cpu" or (accelerator == "auto" and not has_gpu("auto"))):
        problems.append("precision=16-mixed needs a GPU, and this run is on the CPU: set precision=bf16-mixed or auto.")
    return problems
