"""Running Lightning's loop, from the start or from where a run stopped."""

import math
import shutil
import warnings
from pathlib import Path
from typing import Any

from lightning import Trainer
from omegaconf import DictConfig

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.fingerprints import write_fingerprints
from impasto.data.module import ImageDataModule
from impasto.data.packing.build import BadPicturesError
from impasto.data.packing.packed import BAD_LIST, write_bad_images
from impasto.data.parts import LABELLED
from impasto.models.base import AdversarialModel
from impasto.models.optimisation import PrivateStep
from impasto.run.records.loggers import finish_loggers, make_loggers
from impasto.run.records.resume import last_checkpoint, read_counts

# Lightning warns of what is done on purpose: one loader in this process, no validation, images as the clock.
LIGHTNING_ADVICE = (
    ".*does not have many workers.*",
    ".*validation_step.*",
    ".*checkpoint directory.*exists.*",
    ".*mid-epoch.*",
    ".*in eval mode at the start.*",
    ".*`training_step` returned `None`.*",
    ".*isinstance.*treespec.*LeafSpec.*",
)


def prepare(data: ImageDataModule, run_dir: Path) -> None:
    """Pack the pictures, and list in the run's folder those that cannot be used.

    Raises:
        UserError: there are no pictures, or too many of them cannot be used.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    try:
        data.prepare_data()
    except BadPicturesError as problem:
        shutil.copyfile(problem.listed, run_dir / BAD_LIST)
        raise
    data.setup("fit")
    write_bad_images(getattr(data, "packs", ()), run_dir)  # a data module of one's own may pack nothing
    if callable(write_bad := getattr(data, "write_bad", None)):
        write_bad(run_dir)
    if distributed.rank() == 0 and (trained_on := getattr(data, "trained_on", None)):
        write_fingerprints(trained_on, run_dir)


def fit(cfg: DictConfig, trainer: Trainer, model: AdversarialModel, data: ImageDataModule) -> None:
    """Train, from the run's last checkpoint if it is resumed.

    Raises:
        UserError: the checkpoint does not fit the model, or lacks something.
    """
    checkpoint: Path | None = None
    counts: dict[str, Any] = {}
    if cfg.resume is not None:
        checkpoint = last_checkpoint(cfg.resume)
        counts = read_counts(checkpoint, type(data).__qualname__ if data.state_dict() else None)
        data.start_batch = counts["batches_drawn"]
        notice_if_finished(counts["images_seen"], cfg.kimg)
    if model.privacy is not None:
        begin_privately(cfg, model.privacy, data, counts.get("privacy"))
        model.privacy.watch(model.discriminator)
    if cfg.compile:
        for network in model.networks.values():
            network.compile()
    trainer.loggers = make_loggers(cfg)
    try:
        with warnings.catch_warnings():
            for pattern in LIGHTNING_ADVICE:
                warnings.filterwarnings("ignore", pattern)
            trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except (RuntimeError, ValueError) as problem:
        unfit = any(words in str(problem) for words in ("loading state_dict", "loaded state dict"))
        if checkpoint is not None and unfit:
            raise UserError(
                f"{checkpoint} does not fit the model of this configuration; resume with the same."
            ) from None
        raise
    finally:
        finish_loggers(trainer.loggers)


def begin_privately(
    cfg: DictConfig, privacy: PrivateStep, data: ImageDataModule, before: dict[str, Any] | None
) -> None:
    """Plan the noise of a run for its length, and let the data be drawn as the account of it assumes.

    Raises:
        UserError: the budget does not allow it.
    """
    steps = math.ceil(cfg.kimg * 1000 / data.batch_size)
    privacy.begin(len(data.train[LABELLED]), data.batch_size, steps, before)
    data.secret = privacy.secret


def notice_if_finished(images_seen: int, kimg: float) -> None:
    """Notice that a resumed run has reached its length already."""
    if images_seen >= kimg * 1000:
        notice(
            "resume.done",
            f"This run has already seen its {images_seen:,} pictures: only missing measurements are made; give a "
            "larger kimg= to train on.",
        )


def objective(cfg: DictConfig, summary: dict[str, Any]) -> float | None:
    """The figure that a sweep ranks and optimises: the best value of ``optimized_metric`` or of the main metric.

    None if there is no such value: the run was interrupted or diverged, or its main metric is not a number.

    Raises:
        UserError: the run did not measure the ``optimized_metric`` that was asked for.
    """
    name = cfg.optimized_metric or summary["main_metric"]
    if name in summary["metrics"]:
        return float(summary["metrics"][name]["best"])
    if cfg.optimized_metric is None or summary["status"] in ("interrupted", "diverged"):
        return None
    known = ", ".join(summary["metrics"]) or "none"
    raise UserError(f"optimized_metric={name} was not measured in this run; measured: {known}.")
