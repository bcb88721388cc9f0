"""What loggers are given: means of losses at regular counts of pictures, and sheets."""

from collections.abc import Iterable
from pathlib import Path

from lightning import Callback, Trainer
from lightning.pytorch.loggers import Logger, TensorBoardLogger

from impasto.base.ranges import Count, Interval
from impasto.callbacks.clock import due
from impasto.models.base import AdversarialModel, Batch


class LogLosses(Callback):
    """Hands the means of losses, scores and penalties to every logger; the x axis is the number of pictures.

    Args:
        every_kimg: interval in thousands of pictures.
        every_updates: another interval, in updates of the discriminator; None disables it.
    """

    def __init__(self, every_kimg: Interval | None = 1.0, every_updates: Count | None = None) -> None:
        self.every_kimg, self.every_updates = every_kimg, every_updates

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Drain the tracker when it is time."""
        by_updates = self.every_updates is not None and pl_module.state.d_updates % self.every_updates == 0
        if by_updates or due(pl_module, self.every_kimg):
            self.write(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Log what is left."""
        self.write(trainer, pl_module)

    def write(self, trainer: Trainer, model: AdversarialModel) -> None:
        """Hand over the means since the last time."""
        means = model.tracker.drain()
        if not means:
            return
        if (diversity := model.diversity.ratio()) is not None:
            means["diversity"] = diversity
        model.latest_losses = means
        values = {**{f"train/{name}": value for name, value in means.items()}, "kimg": model.kimg}
        for side, optimizer in model.optimizers_by_side().items():
            values[f"train/lr_{side}"] = optimizer.param_groups[0]["lr"]
        for name, adversary in model.adversaries.items():
            if (p := getattr(adversary.augment, "p", None)) is not None:
                values["train/augment_p" if name == "discriminator" else f"train/{name}_augment_p"] = float(p)
        for logger in trainer.loggers:
            logger.log_metrics(values, step=model.images_seen)


def log_image(loggers: Iterable[Logger], key: str, path: Path, step: int) -> None:
    """Show a picture in every logger that can show one.

    Args:
        loggers: the trainer's.
        key: name of the picture.
        path: a PNG file.
        step: pictures shown to the discriminator so far.
    """
    for logger in loggers:
        if (log_picture := getattr(logger, "log_picture", None)) is not None:
            log_picture(key, path, step)
        elif isinstance(logger, TensorBoardLogger):
            import numpy as np
            from PIL import Image

            with Image.open(path) as picture:
                logger.experiment.add_image(key, np.asarray(picture.convert("RGB")), step, dataformats="HWC")
