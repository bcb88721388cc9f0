"""Sheets of pictures during training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from lightning import Callback, Trainer

from impasto.base.files import dispensable
from impasto.base.ranges import Count, Interval, Positive
from impasto.base.sheets import save_sheet
from impasto.callbacks.clock import Clock, due
from impasto.callbacks.log import log_image
from impasto.models.base import AdversarialModel, Batch
from impasto.painters.painter import Painter


class SampleSheets(Callback):
    """Writes ``samples/<images seen>.png`` from the same latent vectors (or photographs) every time.

    Most changes happen early, so there are also sheets at 1/16, 1/8, 1/4 and 1/2 of the first interval.

    Args:
        folder: where the sheets go.
        every_kimg: interval in thousands of pictures; None leaves these sheets out, but not the last one.
        count: pictures on a sheet; None leaves it to the model.
        columns: pictures in a row; None leaves it to the model.
        first_seconds: seconds of training before the first of further sheets by the clock; None disables them.
        every_seconds: interval between those.
        masks: of a generator made of several, write also a sheet ``<images seen>_masks.png`` of which is seen where.
    """

    def __init__(
        self,
        folder: str | Path,
        every_kimg: Interval | None = 10.0,
        count: Count | None = None,
        columns: Count | None = None,
        first_seconds: Positive | None = None,
        every_seconds: Positive | None = None,
        masks: bool = True,
    ) -> None:
        self.masks = masks
        self.folder, self.every_kimg = Path(folder), every_kimg
        self.count, self.columns = count, columns
        self.clock = None if first_seconds is None else Clock(first_seconds, every_seconds)

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Start the clock."""
        if self.clock is not None:
            self.clock.start(pl_module)

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Paint when it is time."""
        if self.is_due(pl_module):
            self.paint(trainer, pl_module)

    def is_due(self, model: AdversarialModel) -> bool:
        """Whether the last step crossed a multiple of the interval, or one of the early marks."""
        marks = [1000 * (self.every_kimg or 0.0) / 2**k for k in range(1, 5)]
        early = any(model.state.images_before < mark <= model.state.images_seen for mark in marks)
        by_clock = self.clock is not None and self.clock.due(model)
        return early or by_clock or due(model, self.every_kimg)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """The last sheet, and a walk through latent space if the model has one."""
        self.paint(trainer, pl_module)
        if trainer.is_global_zero and (strip := pl_module.interpolation()) is not None:
            path = self.folder / "interpolation.png"
            with dispensable("samples"):
                save_sheet(*strip, path)
                log_image(trainer.loggers, "samples/interpolation", path, pl_module.images_seen)

    def paint(self, trainer: Trainer, model: AdversarialModel) -> None:
        """Write one sheet."""
        model.settle()
        if not trainer.is_global_zero:
            return
        self.write(trainer, model, "samples", f"{model.images_seen:09d}.png")
        if self.masks and has_masks(model):
            with showing_masks(model):
                self.write(trainer, model, "samples/masks", f"{model.images_seen:09d}_masks.png")

    def write(self, trainer: Trainer, model: AdversarialModel, key: str, name: str) -> None:
        """Write the model's preview under a name, and log it under a key."""
        with torch.random.fork_rng(devices=[]):
            images, columns = model.preview(preview_batch(trainer, model), self.count, self.columns)
        path = self.folder / name
        with dispensable("samples"):
            save_sheet(images, columns, path)
            log_image(trainer.loggers, key, path, model.images_seen)


def has_masks(model: AdversarialModel) -> bool:
    """Whether all painters of a model paint by masks."""
    return all(hasattr(painter.network, "masks") for painter in model.painters.values())


@contextmanager
def showing_masks(model: AdversarialModel) -> Iterator[None]:
    """Within the block, the painters of a model paint their masks."""
    own = dict(model.painters.items())
    try:
        for name, painter in own.items():
            model.painters[name] = cast(Painter, painter).showing_masks()
        yield
    finally:
        model.painters.update(own)


def preview_batch(trainer: Trainer, model: AdversarialModel) -> Batch | None:
    """The pictures that the data module sets aside for previews, on the model's device; None if it has none."""
    preview: Callable[[], Batch | None] = getattr(getattr(trainer, "datamodule"), "preview_batch", lambda: None)  # noqa: B009
    batch = preview()
    return {name: values.to(model.device) for name, values in batch.items()} if batch is not None else None
