"""One trial of a sweep: skipped if it is done, resumed, or run; a crash is recorded and the sweep goes on.

Imports neither torch nor lightning: a trial that is done already costs nothing.
"""

import gc
import logging
import math
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from impasto.base.errors import UserError
from impasto.base.files import locked, read_json, write_json
from impasto.run.records.run_folder import LOCK, claim, is_first_process

log = logging.getLogger("impasto")

RECORD: Final = "trial.json"
"""In a trial's folder once it has ended."""

Task = Callable[[DictConfig], float | None]


def run_trial(cfg: DictConfig, task: Task) -> float | None:
    """Call a task; inside ``--multirun`` only if its value is not known yet.

    A trial's folder is named after its configuration (:func:`.trial_dir`). One that has ended well is
    not run again; one that was interrupted goes on from its last checkpoint; one that crashed is tried again when the
    sweep is started again.

    Args:
        cfg: the trial's configuration, with ``resume``, ``optimized_metric``, ``mode`` and ``trainer``.
        task: trains and returns the figure to optimise.

    Returns:
        The figure. A crashed trial, and one that measures nothing, return nan, or for Optuna, which would stop at nan,
        the worst possible value.
    """
    if not in_sweep():
        claim(Path(cfg.resume or cfg.output_dir), cfg.resume)
        return task(cfg)
    folder = Path(HydraConfig.get().runtime.output_dir)
    with trial_lock(folder):
        record = read_json(folder / RECORD)
        if record.get("status") == "complete":
            log.info("Done before: %s", folder.name)
        else:
            record = attempt(cfg, task, folder)
            write_json(folder / RECORD, record)
    return worst(cfg) if record["value"] is None else float(record["value"])


def attempt(cfg: DictConfig, task: Task, folder: Path) -> dict[str, Any]:
    """Run a trial to its end and say how it ended.

    Raises:
        KeyboardInterrupt: the run was told to stop, and so is the sweep; it can be started again.
    """
    started = time.monotonic()
    record: dict[str, Any] = {"status": "complete", "value": None, "overrides": overrides(), "mode": cfg.mode}
    try:
        refuse_unsweepable(cfg)
        refuse_search_without_figure(cfg)
        if (folder / "checkpoints" / "last.ckpt").is_file():
            log.info("Going on with %s", folder.name)
            cfg.resume = str(folder)
        value = task(cfg)
        summary = read_json(folder / "summary.json")
        if summary.get("status") == "interrupted":
            raise KeyboardInterrupt
        record["metric"] = cfg.get("optimized_metric") or summary.get("main_metric") or "value"
        record["mode"] = cfg.mode or own_mode(summary, record["metric"])
        if measures(cfg) or value is not None:
            if value is None or not math.isfinite(value):
                raise UserError(f"The trial ended without a figure to rank it by ({record['metric']} is {value}).")
            record["value"] = float(value)
    except Exception as problem:
        message = str(problem) if isinstance(problem, UserError) else f"{type(problem).__name__}: {problem}"
        record |= {"status": "failed", "error": " ".join(message.split())}
        (folder / "error.log").write_text(traceback.format_exc())
        log.error("Trial failed: %s (%s)", record["error"], folder / "error.log")
    finally:
        clean_up()
    return record | {"seconds": round(time.monotonic() - started, 1)}


def own_mode(summary: dict[str, Any], metric: str) -> str:
    """Which way a metric is better, by the run's summary."""
    return "max" if summary.get("metrics", {}).get(metric, {}).get("higher_is_better") else "min"


def in_sweep() -> bool:
    """Whether this is a job of ``--multirun``."""
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def overrides() -> dict[str, str]:
    """The overrides of this trial, by key."""
    pairs = (override.partition("=") for override in HydraConfig.get().overrides.task)
    return {key.lstrip("+~"): value for key, _, value in pairs if key.lstrip("+~") != "sweeps"}


def measures(cfg: DictConfig) -> bool:
    """Whether a figure can be expected: not with ``evaluation=none``, nor without a callback that measures."""
    if "evaluation" not in cfg:
        return True  # a task that is not training
    callbacks = (cfg.get("callbacks") or {}).values()
    return "_target_" in (cfg.evaluation or {}) and any("evaluator" in (node or {}) for node in callbacks)


def searches() -> bool:
    """Whether the sweeper uses the figures, as Optuna does."""
    return "optuna" in str(HydraConfig.get().sweeper.get("_target_"))


def refuse_search_without_figure(cfg: DictConfig) -> None:
    """Refuse a search for the best figure if no figure is measured.

    Raises:
        UserError: there will be none.
    """
    if searches() and not measures(cfg):
        raise UserError("hydra/sweeper=optuna searches for the best figure, and evaluation=none measures none.")


def worst(cfg: DictConfig) -> float:
    """The value of a trial without a figure, for the sweeper."""
    if not searches():
        return math.nan
    return -math.inf if cfg.mode == "max" else math.inf


def refuse_unsweepable(cfg: DictConfig) -> None:
    """Refuse what cannot work in a trial.

    Raises:
        UserError: ``resume=``; or a trainer that would start this script again for its other processes, and the whole
            sweep with it.
    """
    if cfg.get("resume") is not None:
        raise UserError("resume= goes on with one run; start the sweep again under its name to go on with it.")
    trainer = cfg.get("trainer") or {}
    devices, strategy = trainer.get("devices", 1), str(trainer.get("strategy", "auto"))
    several = devices not in (1, "1", "auto") and not (OmegaConf.is_list(devices) and len(devices) == 1)
    several = several or int(trainer.get("num_nodes", 1)) > 1
    several = several or any(kind in strategy for kind in ("ddp", "fsdp", "deepspeed"))
    launched = "TORCHELASTIC_RUN_ID" in os.environ or int(os.environ.get("SLURM_NTASKS", 1)) > 1
    if several and not launched:
        raise UserError(
            f"A trainer of several processes (devices={devices}, strategy={strategy}) inside --multirun would start "
            "the whole sweep again in each of them; give each trial one device (trainer=gpu, with hydra/launcher=ray "
            "for several GPUs), or run its trials one by one."
        )


def trial_lock(folder: Path) -> AbstractContextManager[Any]:
    """Held by the one process that runs a trial; the same trial started twice waits, and then finds it done."""
    if not is_first_process():
        return nullcontext()  # the other processes of a trial follow the first
    return locked(folder / LOCK, f"Another process is running the trial {folder.name}: this one waits for it.")


def clean_up() -> None:
    """Leave nothing behind for the next trial in this process: no open W&B run, no memory of a GPU."""
    if (wandb := sys.modules.get("wandb")) is not None and getattr(wandb, "run", None) is not None:
        wandb.finish(exit_code=1)
    gc.collect()
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
