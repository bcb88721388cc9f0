"""Resuming a run: its own configuration, and the checkpoint to go on from."""

import math
from pathlib import Path
from typing import Any, Final

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.models.state import TrainingState
from impasto.painters.checkpoints import read_checkpoint
from impasto.run.command_line.presets import without_unfit_settings
from impasto.run.records.hydra_record import CONFIG, HYDRA, read_record, record_of

ESSENTIAL: Final = ("loss", "penalty", "augment", "privacy", "data", "model", "experiment", "debug")
"""Groups that a resumed run must not change."""

MAY_CHANGE: Final = (
    *("kimg", "minutes", "trainer", "logger", "callbacks", "evaluation", "precision", "compile"),
    *("optimized_metric", "mode", "data.num_workers", "data.cache_dir", "privacy.epsilon"),
    *("data.root", "data.source", "data.content", "data.style", "data.target", "data.vectors"),
)
"""Settings that a resumed run may change: its length, devices and logs, and where its pictures are."""

TO_GO_ON: Final = ("state_dict", "optimizer_states", "callbacks", "loops", "pytorch-lightning_version")
"""What a checkpoint must hold to resume training, beside the counts and the data's state."""


def with_resumed_config(cfg: DictConfig) -> DictConfig:
    """The run's own configuration, with the values given now on top; ``cfg`` for a fresh run.

    Either is without settings of presets that its parts do not have.

    Raises:
        UserError: the folder holds no run, or a damaged record; or an override would make it another run, or would be
            ignored.
    """
    if not HydraConfig.initialized():
        return cfg
    if cfg.resume is None or HydraConfig.get().mode == RunMode.MULTIRUN:
        # A trial of a sweep continues with the configuration that it was started with.
        return without_unfit_settings(cfg, HydraConfig.get())
    record = record_of(cfg.resume)
    saved = read_record(record, CONFIG)
    first_schedules = schedules(saved)
    hydra = HydraConfig.get()
    before = read_record(record.with_name("hydra.yaml"), HYDRA).hydra
    saved = without_unfit_settings(saved, before)
    for override in hydra.overrides.task:
        key = override.lstrip("+~").split("=", 1)[0].split("@")[0]
        if key == "resume" or override in before.overrides.task:
            continue
        choice = hydra.runtime.choices.get(key)  # None if several were chosen
        if key in ESSENTIAL and choice is not None and choice == before.runtime.choices.get(key):
            continue
        if key in ESSENTIAL:
            had = before.runtime.choices.get(key) or "none"
            raise UserError(f"{override}: this run has {key}={had}, and a resumed run keeps its parts.")
        if any(f"{key}.".startswith(f"{allowed}.") for allowed in MAY_CHANGE):
            OmegaConf.update(saved, key, OmegaConf.select(cfg, key), merge=False, force_add=True)
        elif OmegaConf.select(cfg, key) != OmegaConf.select(saved, key):
            raise UserError(
                f"{override}: a resumed run keeps its settings; those that may change are {', '.join(MAY_CHANGE)}. "
                "Start a new run for anything else."
            )
    notice_stretched_schedules(first_schedules, schedules(saved))
    saved.resume = cfg.resume
    saved.output_dir = str(Path(cfg.resume))
    saved.name = Path(cfg.resume).resolve().name
    return saved


def schedules(cfg: DictConfig) -> dict[str, Any]:
    """The lengths of the schedules in a configuration by setting, in thousands of pictures."""
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


def notice_stretched_schedules(first: dict[str, Any], now: dict[str, Any]) -> None:
    """Notice which schedules follow a length that has changed."""
    if changed := [key for key, kimg in now.items() if first.get(key) != kimg]:
        notice(
            "resume",
            f"The schedules that follow kimg ({', '.join(changed)}) are stretched to the new length from here on: the "
            "result differs from a run of this length from the start.",
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


def read_counts(path: Path, data: str | None) -> dict[str, Any]:
    """The counts of a checkpoint that training can go on from.

    Args:
        path: of the checkpoint.
        data: name under which it keeps the data module's state; None if that has none.

    Raises:
        UserError: a count is missing or impossible.
    """
    content = read_checkpoint(path)
    counts = content["impasto"] if isinstance(content["impasto"], dict) else {}
    wrong = [name for name in (*TO_GO_ON, data) if name is not None and name not in content]
    wrong += [name for name in TrainingState.COUNTS if not is_count(name, counts.get(name))]
    wrong += [] if isinstance(counts.get("rng"), dict) else ["rng"]
    if wrong:
        raise UserError(
            f"{path} cannot be resumed from: {', '.join(wrong)} missing or wrong; restore a copy of it, or start a new "
            "run."
        )
    return counts


def is_count(name: str, value: Any) -> bool:
    """Whether a value is possible for a count of this name."""
    fresh = getattr(TrainingState(), name)
    kind = type(fresh)
    if kind is list:
        return isinstance(value, list)
    if isinstance(fresh, dict):
        numbers = value.values() if isinstance(value, dict) and set(value) == set(fresh) else [math.nan]
        return all(isinstance(number, int | float) and 0 <= number < math.inf for number in numbers)
    return isinstance(value, int if kind is int else int | float) and 0 <= value < math.inf
