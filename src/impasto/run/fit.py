"""Running Lightning's loop, from the start or from where a run stopped."""

import warnings
from pathlib import Path
from typing import Any

from lightning import Trainer
from omegaconf import DictConfig

from impasto.data.base import PackedDataModule
from impasto.errors import UserError
from impasto.models.base import AdversarialModel
from impasto.run.loggers import finish_loggers
from impasto.run.resume import last_checkpoint, read_checkpoint

# Lightning advises on things that are decided here: one loader in this process, no validation, images as the clock.
NOT_OURS = (
    ".*does not have many workers.*",
    ".*validation_step.*",
    ".*checkpoint directory.*exists.*",
    ".*mid-epoch.*",
    ".*in eval mode at the start.*",
    ".*`training_step` returned `None`.*",
    ".*isinstance.*treespec.*LeafSpec.*",
)


def fit(cfg: DictConfig, trainer: Trainer, model: AdversarialModel, data: PackedDataModule) -> None:
    """Train, from the run's last checkpoint where it is resumed.

    Raises:
        UserError: the checkpoint does not fit the model.
    """
    checkpoint: Path | None = None
    if cfg.resume is not None:
        checkpoint = last_checkpoint(cfg.resume)
        data.start_batch = read_checkpoint(checkpoint)["impasto"]["batches_drawn"]
    if cfg.compile:
        model.generator.compile()
        model.discriminator.compile()
    try:
        with warnings.catch_warnings():
            for pattern in NOT_OURS:
                warnings.filterwarnings("ignore", pattern)
            trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except RuntimeError as problem:
        if checkpoint is not None and "loading state_dict" in str(problem):
            raise UserError(
                f"{checkpoint} does not fit the model of this configuration; resume with the same."
            ) from None
        raise
    finally:
        finish_loggers(trainer.loggers)


def objective(cfg: DictConfig, summary: dict[str, Any]) -> float | None:
    """The figure that a sweep ranks and optimises: the best value of ``optimized_metric`` or of the main metric.

    Nothing where there is none: the run was interrupted, or its main metric is not a number.

    Raises:
        UserError: the run did not measure the ``optimized_metric`` that was asked for.
    """
    name = cfg.optimized_metric or summary["main_metric"]
    if name in summary["metrics"]:
        return float(summary["metrics"][name]["best"])
    if cfg.optimized_metric is None or summary["status"] == "interrupted":
        return None
    known = ", ".join(summary["metrics"]) or "none"
    raise UserError(f"optimized_metric={name} was not measured in this run; measured: {known}.")
