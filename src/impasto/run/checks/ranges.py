"""Numbers of a configuration that make no sense."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from omegaconf import DictConfig, ListConfig, OmegaConf

MISSING: Final = object()


@dataclass(frozen=True)
class Range:
    """What a number may be.

    Attributes:
        holds: whether a number is in it.
        remedy: what to give instead of one that is not.
    """

    holds: Callable[[float], bool]
    remedy: str


COUNT: Final = Range(lambda n: n >= 1 and n == int(n), "a whole number, 1 or more")
NUMBER: Final = Range(lambda n: n >= 0 and n == int(n), "a whole number, 0 or more")
SEED: Final = Range(lambda n: 0 <= n < 2**63 and n == int(n), "a whole number, 0 or more and below 2^63")
POSITIVE: Final = Range(lambda n: n > 0, "a positive number")
NOT_NEGATIVE: Final = Range(lambda n: n >= 0, "0 or more")
SHARE: Final = Range(lambda n: 0 <= n < 1, "a share from 0 to below 1")
STRENGTH: Final = Range(lambda n: 0 <= n <= 1, "a number from 0 to 1")
INTERVAL: Final = Range(lambda n: n >= 0, "a positive number, or null for never")

RANGES: Final = {
    "seed": SEED,
    "kimg": POSITIVE,
    "minutes": POSITIVE,
    "model.n_critic": COUNT,
    "model.accumulate": COUNT,
    "model.lr_g": NOT_NEGATIVE,
    "model.lr_d": NOT_NEGATIVE,
    "model.optimizer_g.lr": POSITIVE,
    "model.optimizer_d.lr": POSITIVE,
    "model.clip_grad": POSITIVE,
    "model.clip_weights": POSITIVE,
    "model.ema_half_life_kimg": NOT_NEGATIVE,
    "model.ema_rampup": POSITIVE,
    "model.beta2": SHARE,
    "augment.p": STRENGTH,
    "augment.target": STRENGTH,
    "augment.speed_kimg": POSITIVE,
    "augment.interval": COUNT,
    "callbacks.guard.collapse": STRENGTH,
    "callbacks.guard.grace_kimg": NOT_NEGATIVE,
    "callbacks.guard.factors.lr_g": POSITIVE,
    "callbacks.guard.factors.lr_d": POSITIVE,
    "callbacks.guard.factors.penalty": NOT_NEGATIVE,
    "callbacks.guard.max_rollbacks": NUMBER,
    "evaluation.seed": SEED,
    "trainer.num_nodes": COUNT,
    "data.batch_size": COUNT,
    "data.num_workers": NUMBER,
    "data.limit": COUNT,
    "data.holdout": SHARE,
    "data.color_jitter": STRENGTH,
    "data.max_bad_share": STRENGTH,
}
"""By setting; where a schedule or nothing is given instead of a number, the part that takes it decides."""

EACH_PENALTY: Final = {"gamma": NOT_NEGATIVE, "weight": NOT_NEGATIVE, "every": COUNT}
"""By setting of a penalty."""

MAY_BE_NULL: Final = {
    *("minutes", "model.clip_grad", "model.clip_weights", "model.ema_rampup", "model.beta2", "augment.p"),
    *("data.limit", "data.holdout"),
}
"""Settings that stand for no limit, or for what the data has of itself; so do all intervals."""


def number_problems(cfg: DictConfig) -> list[str]:
    """One sentence for each number that makes no sense."""
    wanted = dict(RANGES)
    for name in cfg.get("penalty") or {}:
        wanted |= {f"penalty.{name}.{key}": allowed for key, allowed in EACH_PENALTY.items()}
    for name, node in (cfg.get("callbacks") or {}).items():
        if isinstance(node, DictConfig):
            wanted |= {f"callbacks.{name}.{key}": INTERVAL for key in map(str, node) if key.startswith("every_")}
    found = [problem for key, allowed in wanted.items() if (problem := problem_of(cfg, key, allowed))]
    return found or batch_problems(cfg)


def problem_of(cfg: DictConfig, key: str, allowed: Range) -> str | None:
    """What is wrong with a setting, if anything is."""
    value: Any = OmegaConf.select(cfg, key, default=MISSING)
    optional = key in MAY_BE_NULL or allowed is INTERVAL
    if value is MISSING or isinstance(value, DictConfig | ListConfig) or (value is None and optional):
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
    whole = number and (math.isfinite(value) or allowed not in (COUNT, NUMBER, SEED))
    said = "null" if value is None else value
    return None if whole and allowed.holds(value) else f"{key} is {said}; give {allowed.remedy}."


def batch_problems(cfg: DictConfig) -> list[str]:
    """A batch that cannot be dealt out among processes, and a process's part that cannot be cut further."""
    batch, parts, among = cfg.data.get("batch_size"), cfg.model.get("accumulate", 1), processes(cfg.get("trainer"))
    if batch is None:
        return []
    if batch % among:
        return [
            f"data.batch_size={batch} is the whole batch and cannot be divided evenly among {among} processes: "
            "choose a multiple."
        ]
    if parts > batch // among:
        shared = f" of {batch} among {among} processes" if among > 1 else ""
        return [f"model.accumulate={parts} cannot split a batch of {batch // among}{shared}; make it smaller."]
    return []


def batch_parts(cfg: DictConfig) -> tuple[int, int]:
    """(pictures in the smallest part of a batch that is computed at once, processes)."""
    among = processes(cfg.get("trainer"))
    each = cfg.data.get("batch_size", 1) // among
    return each // min(cfg.model.get("accumulate", 1), max(each, 1)), among


def processes(trainer: Any) -> int:
    """How many processes a trainer will have, as far as config and this machine tell."""
    devices = (trainer or {}).get("devices", 1)
    if isinstance(devices, ListConfig):
        each = len(devices)
    elif "," in str(devices):
        each = len([device for device in str(devices).split(",") if device.strip()])
    elif str(devices).isdecimal():
        each = int(devices)
    elif trainer.get("accelerator") in ("gpu", "cuda", "auto"):
        import torch

        each = torch.cuda.device_count()
    else:
        each = 1
    return max(each, 1) * max(int((trainer or {}).get("num_nodes", 1)), 1)
