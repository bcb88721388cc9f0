"""A progress bar that counts pictures, with a rate and the time left."""

import logging
import sys
import time

from lightning import Callback, Trainer
from rich.progress import Progress

from impasto.base.progress import clock_text, progress_bar, rate_text
from impasto.models.base import AdversarialModel, Batch

log = logging.getLogger("impasto")


class TrainingProgress(Callback):
    """A bar on a terminal; elsewhere a line every ``seconds``.

    Args:
        kimg: where the run ends.
        minutes: of training after which it ends, if that is sooner; None disables it.
        seconds: between two lines without a terminal.
    """

    def __init__(self, kimg: float, minutes: float | None = None, seconds: float = 30.0) -> None:
        self.kimg, self.minutes, self.seconds = kimg, minutes, seconds
        self.images, self.busy = 0, 0.0
        self._bar: Progress | None = None
        self._step_began = self._said = self._began = 0.0
        self._window: list[tuple[int, float]] = []

    @property
    def images_per_second(self) -> float:
        """Pictures per second of training alone, without evaluation and samples."""
        return self.images / self.busy if self.busy else 0.0

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Show the bar."""
        self._began = self._said = time.monotonic()
        if trainer.is_global_zero and pl_module.images_seen:
            log.info("Going on at %.1f of %g kimg", pl_module.kimg, self.kimg)
        if trainer.is_global_zero and sys.stderr.isatty():
            self._bar = progress_bar()
            self._bar.add_task(
                "training", total=self.kimg, completed=int(pl_module.kimg), rate=None, left=None, count=""
            )
            self._bar.start()

    def on_train_batch_start(self, *_: object) -> None:
        """Note when the step began."""
        self._step_began = time.monotonic()

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Move the bar, or log a line every ``seconds``."""
        now = time.monotonic()
        step = (pl_module.state.images_seen - pl_module.state.images_before, now - self._step_began)
        self.images, self.busy = self.images + step[0], self.busy + step[1]
        self._window = [*self._window[-19:], step]
        rate = sum(n for n, _ in self._window) / max(sum(t for _, t in self._window), 1e-9)
        text, left = f"{pl_module.kimg:.1f}/{self.kimg:g} kimg", self.seconds_left(pl_module, rate)
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, completed=pl_module.kimg, count=text, rate=rate, left=left)
        elif trainer.is_global_zero and now - self._said >= self.seconds:
            self._said = now
            log.info("%s, %s img/s, %s left", text, rate_text(rate), clock_text(left))

    def seconds_left(self, model: AdversarialModel, rate: float) -> float:
        """Seconds until the run ends by its pictures or by its minutes, at a rate in pictures a second."""
        by_pictures = max(self.kimg - model.kimg, 0) * 1000 / max(rate, 1e-9)
        return (
            by_pictures if self.minutes is None else min(by_pictures, max(self.minutes * 60 - model.state.seconds, 0))
        )

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Take the bar away."""
        self._close()
        if trainer.is_global_zero:
            taken = time.monotonic() - self._began
            log.info(
                "%.1f kimg seen, %s img/s, %s", pl_module.kimg, rate_text(self.images_per_second), clock_text(taken)
            )

    def on_exception(self, *_: object) -> None:
        """Leave the terminal as it was."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
