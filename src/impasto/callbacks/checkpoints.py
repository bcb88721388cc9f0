"""Checkpoints that survive kills, signals and full disks."""

import logging
import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from lightning import Callback, Trainer
from lightning.fabric.plugins import TorchCheckpointIO

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.files import place_and_reason, whole_or_not
from impasto.base.notices import notice
from impasto.base.ranges import Interval
from impasto.callbacks.checkpoint_io import PlainCheckpointIO
from impasto.callbacks.clock import due
from impasto.callbacks.signals import StopSignals
from impasto.evaluation.protocols.measurement import Measurement
from impasto.models.base import AdversarialModel, Batch

log = logging.getLogger("impasto")

MODES: Final = ("min", "max")


class Checkpoints(Callback):
    """Keeps ``last.ckpt`` and ``best.ckpt``, each written to a file beside it and then replaced in one step.

    A first signal (Ctrl-C, SIGTERM, SIGHUP of a closed terminal, SIGUSR1 or SIGUSR2 of a queue) ends the run after the
    current step, with a checkpoint, and breaks off a measurement (in one process; several have to agree). A second
    Ctrl-C or SIGTERM ends it at once.

    Args:
        folder: where they go.
        record: the run's configuration as plain values, kept inside every checkpoint.
        every_kimg: interval in thousands of pictures; None disables it.
        every_minutes: interval in wall-clock; None disables it.
        first_seconds: seconds of training before the first checkpoint, if sooner than ``every_minutes``, so that a run
            can be resumed early on; None disables it.
        monitor: metric that decides which is best; None takes the evaluation's main figure.
        mode: ``min`` or ``max``; None takes the metric's own.

    Attributes:
        latest: the latest measurement, which the evaluation callback sets; None before the first.
        measured_at: pictures seen when it was taken.

    Raises:
        UserError: ``mode`` is something else.
    """

    def __init__(
        self,
        folder: str | Path,
        record: dict[str, Any],
        every_kimg: Interval | None = None,
        every_minutes: Interval | None = 10.0,
        first_seconds: Interval | None = 30.0,
        monitor: str | None = None,
        mode: str | None = None,
    ) -> None:
        if mode is not None and mode not in MODES:
            raise UserError(f"mode={mode} is neither min nor max; null takes the metric's own.")
        self.folder, self.record = Path(folder), record
        self.every_kimg, self.every_minutes, self.first_seconds = every_kimg, every_minutes, first_seconds
        self.monitor, self.mode = monitor, mode
        self.best: dict[str, Any] = {}
        self.signals = StopSignals()
        self.problem: OSError | None = None
        self._told_by_another = False
        self._saved_at, self._is_saved = time.monotonic(), False
        self.latest: Measurement | None = None
        self.measured_at = 0
        self._judged: Measurement | None = None

    @property
    def interrupted(self) -> str:
        """The signal that ended the run; empty if none did."""
        return self.signals.heard or ("a signal to another process" if self._told_by_another else "")

    def state_dict(self) -> dict[str, Any]:
        """The best so far, for resuming."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.best = state_dict["best"]

    def on_save_checkpoint(self, trainer: Trainer, pl_module: AdversarialModel, checkpoint: dict[str, Any]) -> None:  # type: ignore[override]
        """Add the configuration, so that a checkpoint alone is enough to rebuild its model."""
        checkpoint.setdefault("impasto", {})["config"] = self.record

    def setup(self, trainer: Trainer, pl_module: AdversarialModel, stage: str) -> None:  # type: ignore[override]
        """Write checkpoints beside their targets, not in the folder for temporary files."""
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:  # a user's own stays
            trainer.strategy.checkpoint_io = PlainCheckpointIO()

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Listen for signals."""
        self._told_by_another = pl_module.interrupted = False
        self._saved_at, self._is_saved = time.monotonic(), (self.folder / "last.ckpt").is_file()
        self.signals.listen()

    def teardown(self, *_: object, **__: object) -> None:
        """Restore the signals' handlers, and let a queue know that the run is saved."""
        self.signals.give_back()
        self.signals.pass_on()

    def may_break_off(self) -> AbstractContextManager[None]:
        """A block in which a signal raises :class:`.BrokenOff` at once, instead of waiting for the end of the step."""
        return self.signals.may_break_off(distributed.world_size() == 1)

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Save the best, then the last, when it is time and after the last step, which is measured afterwards."""
        self.save_best(trainer, pl_module)
        late = self._is_late()
        told = bool(self.signals.heard)
        if distributed.world_size() > 1:
            # Saving and stopping are collective: every process must agree, which takes a collective call.
            asks = batch_idx % 16 == 0 or trainer.should_stop
            late, told = (asks and distributed.any_process(flag, pl_module.device) for flag in (late, told))
        if told:
            self._told_by_another = True
            pl_module.interrupted = trainer.should_stop = True
        if late or trainer.should_stop or due(pl_module, self.every_kimg):
            self.save(trainer, pl_module, "last.ckpt")

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Save after the last measurement; here a full disk is an error."""
        self.save_best(trainer, pl_module)
        if not self.save(trainer, pl_module, "last.ckpt") and pl_module.is_finite():
            raise UserError(
                f"The last checkpoint could not be written ({self.reason()}): free some space there, or mend the "
                "path, and resume."
            )

    def _is_late(self) -> bool:
        """Whether a checkpoint is due by the clock."""
        limits = [self.every_minutes * 60] if self.every_minutes is not None else []
        if self.first_seconds is not None and not self._is_saved:
            limits.append(self.first_seconds)
        return bool(limits) and time.monotonic() - self._saved_at > min(limits)

    def reason(self) -> str:
        """The place that failed when the latest checkpoint could not be written, and why."""
        return place_and_reason(self.problem) if self.problem is not None else str(self.folder)

    def save_best(self, trainer: Trainer, model: AdversarialModel) -> None:
        """Save if the latest evaluation is the best so far; one that could not be saved is not the best."""
        if self.latest is None or self._judged is self.latest:
            return
        self._judged, before = self.latest, self.best
        if (improved := self._improved(model, self.latest)) is not None:
            self.best = improved  # which the checkpoint itself holds, too
            if distributed.any_process(not self.save(trainer, model, "best.ckpt"), model.device):
                self.best = before

    def _improved(self, model: AdversarialModel, latest: Measurement) -> dict[str, Any] | None:
        """The record of the latest measurement if it is the best so far."""
        name = self.monitor or latest.main
        if self.monitor and latest.figures and self.monitor not in latest.figures:
            measured = ", ".join(sorted(latest.figures)) or "nothing"
            notice(
                "optimized_metric", f"optimized_metric={name} is not among what is measured ({measured}): no best.ckpt."
            )
        value = latest.figures.get(name, math.nan) if name else math.nan
        if name is None or math.isnan(value) or self.measured_at == self.best.get("seen"):
            return None
        high = higher_is_better(name, latest.comparability, self.mode)
        better = not self.best or (value > self.best["value"] if high else value < self.best["value"])
        if not better:
            return None
        return {"metric": name, "value": value, "seen": self.measured_at, "images_seen": model.images_seen}

    def save(self, trainer: Trainer, model: AdversarialModel, name: str) -> bool:
        """Write a checkpoint if possible; a full disk loses this one, but neither the run nor the one before."""
        if not model.is_finite():
            log.warning("%s not written: the weights are not finite.", name)
            return False
        model.settle()
        target = self.folder / name
        if name == "last.ckpt":
            self._saved_at = time.monotonic()
        try:
            if trainer.is_global_zero:
                with whole_or_not(target, durable=True, alone=True) as temporary:
                    _write(trainer, temporary)
            else:  # takes part in the collective calls, and writes nothing
                _write(trainer, target)
        except OSError as problem:
            self.problem = problem
            log.error(
                "%s could not be written (%s); the run goes on with the one before.", name, place_and_reason(problem)
            )
            return False
        self._is_saved |= name == "last.ckpt"
        return True


def _write(trainer: Trainer, path: Path) -> None:
    trainer.save_checkpoint(path, weights_only=False)
    writer = trainer.strategy.checkpoint_io
    if isinstance(writer, PlainCheckpointIO) and writer.problem is not None:
        raise writer.problem


def higher_is_better(name: str, comparability: Mapping[str, Mapping[str, Any]], mode: str | None) -> bool:
    """Which way a figure is better: as ``mode`` says; without one, as the figure's record says; else lower.

    A mode against the record is followed, with a notice: the figure may serve as a control.

    Args:
        name: of the figure.
        comparability: records of figures by name.
        mode: ``min``, ``max`` or None.
    """
    recorded = comparability.get(name, {}).get("higher_is_better")
    if mode is None:
        return bool(recorded)
    if recorded is not None and recorded != (mode == "max"):
        better = "higher" if recorded else "lower"
        notice(
            "mode", f"{name} is better when it is {better}, but mode={mode} is followed; mode=null takes the metric's."
        )
    return mode == "max"
