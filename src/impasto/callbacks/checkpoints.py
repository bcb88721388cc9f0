"""Checkpoints that survive what happens to long runs: kills, signals, full disks."""

import logging
import math
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from lightning import Callback, Trainer

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.ranges import Interval
from impasto.callbacks.clock import due
from impasto.models.base import AdversarialModel, Batch

log = logging.getLogger("impasto")

SIGNALS = (signal.SIGTERM, signal.SIGINT)
MODES: Final = ("min", "max")


class BrokenOff(KeyboardInterrupt):
    """A first signal in the middle of what can be broken off."""


class Checkpoints(Callback):
    """Keeps ``last.ckpt`` and ``best.ckpt``, each written beside its place and then moved there in one step.

    A first SIGTERM or SIGINT ends the run after the step it is in, with a checkpoint, and breaks off what is being
    measured (in one process; several have to agree); a second one ends it at once.

    Args:
        folder: where they go.
        record: the run's configuration as plain values, kept inside every checkpoint.
        every_kimg: interval in thousands of pictures.
        every_minutes: and in wall-clock.
        monitor: metric that decides which is best; the evaluation's own first choice where null.
        mode: ``min`` or ``max``; what the metric itself says where null.

    Raises:
        UserError: a mode that there is not.
    """

    def __init__(
        self,
        folder: str | Path,
        record: dict[str, Any],
        every_kimg: Interval | None = None,
        every_minutes: Interval | None = 10.0,
        monitor: str | None = None,
        mode: str | None = None,
    ) -> None:
        if mode is not None and mode not in MODES:
            raise UserError(f"mode={mode} is neither min nor max; null takes the metric's own.")
        self.folder, self.record = Path(folder), record
        self.every_kimg, self.every_minutes = every_kimg, every_minutes
        self.monitor, self.mode = monitor, mode
        self.best: dict[str, Any] = {}
        self.interrupted = self._heard = ""
        self._saved_at = 0.0
        self._judged: dict[str, float] = {}
        self._breakable = False
        self._handlers: dict[int, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        """What is best so far outlives the process."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.best = state_dict["best"]

    def on_save_checkpoint(self, trainer: Trainer, pl_module: AdversarialModel, checkpoint: dict[str, Any]) -> None:  # type: ignore[override]
        """A checkpoint alone is enough to rebuild its model."""
        checkpoint.setdefault("impasto", {})["config"] = self.record

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Listen for signals, in place of Lightning, which would end the run without its last words."""
        self.interrupted = self._heard = ""
        pl_module.interrupted, self._saved_at = False, time.monotonic()
        try:
            self._handlers = {number: signal.signal(number, self._note) for number in SIGNALS}
        except ValueError:  # not the main thread: whoever owns it has to handle signals
            self._handlers = {}

    def teardown(self, *_: object, **__: object) -> None:
        """Give the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._heard:
            raise KeyboardInterrupt
        self.interrupted = self._heard = signal.Signals(number).name
        log.warning("%s: saving after this step; once more ends at once.", self.interrupted)
        if self._breakable:
            raise BrokenOff

    @contextmanager
    def may_break_off(self) -> Iterator[None]:
        """Where a signal raises :class:`BrokenOff`, instead of waiting until the step is over."""
        self._breakable = distributed.world_size() == 1
        try:
            yield
        finally:
            self._breakable = False

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Save the best, then the last, when it is time and after the last step, before that is measured."""
        self.save_best(trainer, pl_module)
        late = self.every_minutes is not None and time.monotonic() - self._saved_at > self.every_minutes * 60
        told = bool(self.interrupted)
        if distributed.world_size() > 1:
            # Saving and stopping are collective: every process must agree, and asking is not free.
            asks = batch_idx % 16 == 0 or trainer.should_stop
            late, told = (asks and distributed.any_process(flag, pl_module.device) for flag in (late, told))
        if told:
            self.interrupted = self.interrupted or "a signal to another process"
            pl_module.interrupted = trainer.should_stop = True
        if late or trainer.should_stop or due(pl_module, self.every_kimg):
            self.save(trainer, pl_module, "last.ckpt")

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Save what came of the last measurement; here a full disk is an error."""
        self.save_best(trainer, pl_module)
        if not self.save(trainer, pl_module, "last.ckpt") and pl_module.is_finite():
            raise UserError(f"The last checkpoint could not be written to {self.folder}; free some space and resume.")

    def save_best(self, trainer: Trainer, model: AdversarialModel) -> None:
        """Save where the latest evaluation is the best so far; what could not be saved is not the best."""
        if self._judged is model.latest_metrics:
            return
        self._judged, before = model.latest_metrics, self.best
        if (improved := self._improved(model)) is not None:
            self.best = improved  # which the checkpoint itself holds, too
            if distributed.any_process(not self.save(trainer, model, "best.ckpt"), model.device):
                self.best = before

    def _improved(self, model: AdversarialModel) -> dict[str, Any] | None:
        """The record of the latest evaluation where it is the best so far."""
        name = self.monitor or model.main_metric
        if self.monitor and model.latest_metrics and self.monitor not in model.latest_metrics:
            measured = ", ".join(sorted(model.latest_metrics.keys() - {"images_seen"})) or "nothing"
            notice(
                "optimized_metric", f"optimized_metric={name} is not among what is measured ({measured}): no best.ckpt."
            )
        value = model.latest_metrics.get(name, math.nan) if name else math.nan
        if name is None or math.isnan(value) or model.latest_metrics["images_seen"] == self.best.get("seen"):
            return None
        high = higher_is_better(name, model.comparability, self.mode)
        better = not self.best or (value > self.best["value"] if high else value < self.best["value"])
        if not better:
            return None
        seen = model.latest_metrics.get("images_seen")
        return {"metric": name, "value": value, "seen": seen, "images_seen": model.images_seen}

    def save(self, trainer: Trainer, model: AdversarialModel, name: str) -> bool:
        """Write a checkpoint, if that can be; a disk that is full costs this one, not the run nor the one before it."""
        if not model.is_finite():
            log.warning("%s not written: the weights are not finite.", name)
            return False
        model.settle()
        self.folder.mkdir(parents=True, exist_ok=True)
        target, temporary = self.folder / name, self.folder / f".{name}.partial"
        if name == "last.ckpt":
            self._saved_at = time.monotonic()
        try:
            trainer.save_checkpoint(temporary, weights_only=False)
            if trainer.is_global_zero:
                _flush(temporary)
                temporary.replace(target)
        except OSError as problem:
            temporary.unlink(missing_ok=True)
            log.error("%s could not be written (%s); the run goes on with the one before.", target, problem.strerror)
            return False
        return True


def checkpoints_of(trainer: Trainer) -> Checkpoints | None:
    """The callback that keeps a trainer's checkpoints, where it has one."""
    found = (callback for callback in getattr(trainer, "callbacks", ()) if isinstance(callback, Checkpoints))
    return next(found, None)


def higher_is_better(name: str, comparability: Mapping[str, Mapping[str, Any]], mode: str | None) -> bool:
    """Which way a figure is better: as ``mode`` says; where it is null, as the figure's record does, or lower.

    A mode against the record is followed, because the figure may serve as a control, but not in silence.

    Args:
        name: of the figure.
        comparability: records of figures by name.
        mode: ``min``, ``max`` or null.
    """
    recorded = comparability.get(name, {}).get("higher_is_better")
    if mode is None:
        return bool(recorded)
    if recorded is not None and recorded != (mode == "max"):
        better = "higher" if recorded else "lower"
        notice(
            "mode", f"{name} is better when it is {better}, but mode={mode} is followed; mode=null goes by the metric."
        )
    return mode == "max"


def _flush(path: Path) -> None:
    """Make sure that the bytes are on the disk before the old file goes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
