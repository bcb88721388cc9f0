"""A progress bar that counts pictures, with a rate and the time that is left."""

import logging
import sys
import time

from lightning import Callback, Trainer
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from impasto.models.base import AdversarialModel, Batch

log = logging.getLogger("impasto")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Pictures per second over the last moments."""
        return Text(f"{task.fields.get('rate', 0.0):.0f} img/s")


class TrainingProgress(Callback):
    """A bar on a terminal; elsewhere a line every ``seconds``.

    Args:
        kimg: where the run ends.
        seconds: between two lines where there is no terminal.
    """

    def __init__(self, kimg: float, seconds: float = 30.0) -> None:
        self.kimg, self.seconds = kimg, seconds
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
        if trainer.is_global_zero and sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), _Rate(), TimeElapsedColumn())
            self._bar = Progress(*columns, TextColumn("eta"), TimeRemainingColumn(), refresh_per_second=2)
            self._bar.add_task("kimg", total=self.kimg, completed=int(pl_module.kimg))
            self._bar.start()

    def on_train_batch_start(self, *_: object) -> None:
        """Note when the step began."""
        self._step_began = time.monotonic()

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Move the bar, or say a line now and then."""
        now = time.monotonic()
        step = (pl_module.state.images_seen - pl_module.state.images_before, now - self._step_began)
        self.images, self.busy = self.images + step[0], self.busy + step[1]
        self._window = [*self._window[-19:], step]
        rate = sum(n for n, _ in self._window) / max(sum(t for _, t in self._window), 1e-9)
        if self._bar is not None:
            text = f"{pl_module.kimg:.1f}/{self.kimg:g} kimg"
            self._bar.update(self._bar.task_ids[0], completed=pl_module.kimg, description=text, rate=rate)
        elif trainer.is_global_zero and now - self._said >= self.seconds:
            self._said = now
            left = (self.kimg - pl_module.kimg) * 1000 / max(rate, 1e-9)
            log.info("%.1f/%g kimg, %.0f img/s, %s left", pl_module.kimg, self.kimg, rate, _clock(left))

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Take the bar away."""
        self._close()
        if trainer.is_global_zero:
            taken = time.monotonic() - self._began
            log.info("%.1f kimg seen, %.0f img/s, %s", pl_module.kimg, self.images_per_second, _clock(taken))

    def on_exception(self, *_: object) -> None:
        """Leave the terminal as it was."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
