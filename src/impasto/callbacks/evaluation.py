"""Measures the painter during training."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer

from impasto.base.errors import UserError
from impasto.base.files import dispensable
from impasto.base.notices import notice
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Interval
from impasto.base.sheets import save_sheet
from impasto.callbacks.checkpoints import Checkpoints
from impasto.callbacks.clock import due
from impasto.callbacks.find import find_callback
from impasto.callbacks.log import log_image
from impasto.callbacks.signals import BrokenOff
from impasto.evaluation.protocols.measurement import EvaluationProtocol, Measurement, check_fit, check_pictures
from impasto.models.base import AdversarialModel, Batch
from impasto.models.state import random_states, set_random_states

log = logging.getLogger("impasto")


class Evaluation(Callback):
    """Measures at regular counts of pictures and at the end; training draws the same random numbers as without.

    A checkpoint is saved before each measurement, which may take long. A run that is stopped by a signal is not
    measured, or breaks off the measurement: a resumed run measures at its own end. Weights that are not finite are not
    measured.

    Checkpoints get every measurement, loggers its figures.

    Args:
        evaluator: the protocol; None measures nothing.
        every_kimg: interval in thousands of pictures; None measures only at the end.
        folder: for the sheets of the last measurement; None writes none.

    Attributes:
        history: the figures of every measurement, with ``images_seen``.
        latest: the latest measurement; None before the first.
        seconds: wall-clock spent measuring.
    """

    def __init__(
        self,
        evaluator: EvaluationProtocol | None = None,
        every_kimg: Interval | None = 50.0,
        folder: str | Path | None = None,
    ) -> None:
        # evaluation=none has no class, but an experiment may have set numbers for the protocol that it chose
        self.evaluator = evaluator if hasattr(evaluator, "measure") else None
        self.every_kimg = every_kimg
        self.folder = Path(folder) if folder is not None else None
        self.history: list[dict[str, float]] = []
        self.latest: Measurement | None = None
        self.seconds = 0.0

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Refuse a protocol that is for other painters or data; and the protocol's own findings."""
        painter = getattr(parts.model, "painter", None)  # a user's own model may have none
        if self.evaluator is not None and painter is not None:
            try:
                check_fit(self.evaluator, painter.takes, getattr(parts.data, "parts", None))
                check_pictures(self.evaluator, parts.data)
            except UserError as problem:
                yield Refusal(str(problem))
        if callable(check_with := getattr(self.evaluator, "check_with", None)):
            yield from check_with(parts)

    def state_dict(self) -> dict[str, Any]:
        """The history, for resuming."""
        latest = self.latest or Measurement()
        return {"history": self.history, "comparability": dict(latest.comparability), "main_metric": latest.main}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.history = state_dict["history"]
        if self.history:
            figures = {name: value for name, value in self.history[-1].items() if name != "images_seen"}
            self.latest = Measurement(figures, state_dict["comparability"], state_dict.get("main_metric"))

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Give a resumed run its last measurement, in case it ends before it measures again."""
        if self.latest is not None:
            self._tell_checkpoints(trainer, int(self.history[-1]["images_seen"]))

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Measure when it is time; after the last step in :meth:`on_train_end`, once it is saved."""
        if self.evaluator is not None and not trainer.should_stop and due(pl_module, self.every_kimg):
            if (checkpoints := find_callback(trainer, Checkpoints)) is not None:
                checkpoints.save(trainer, pl_module, "last.ckpt")
            self.measure(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Measure the final weights, and write the sheets."""
        if self.evaluator is None or pl_module.interrupted:  # a queue that sent the signal does not wait long
            return
        if not self.history or self.history[-1]["images_seen"] != pl_module.images_seen:
            self.measure(trainer, pl_module)
        measured = bool(self.history) and self.history[-1]["images_seen"] == pl_module.images_seen
        if self.folder is not None and self.latest is not None and trainer.is_global_zero and measured:
            self._save_sheets(self.folder, self.latest, trainer, pl_module)

    def _save_sheets(self, folder: Path, latest: Measurement, trainer: Trainer, model: AdversarialModel) -> None:
        for name, make in latest.sheets.items():
            if name == "samples":  # a run has sheets of samples already
                continue
            path = folder / f"{name}.png"
            with dispensable("samples"):
                save_sheet(*make(), path)
                log_image(trainer.loggers, f"samples/{name}", path, model.images_seen)

    def measure(self, trainer: Trainer, model: AdversarialModel) -> None:
        """Measure, and pass the result to loggers and checkpoints."""
        if (found := self._measurement(trainer, model)) is None:
            return
        self.latest = found
        self.history.append({**found.figures, "images_seen": float(model.images_seen)})
        self._tell_checkpoints(trainer, model.images_seen)
        for logger in trainer.loggers:
            values = {f"eval/{name}": value for name, value in found.figures.items()}
            logger.log_metrics({**values, "kimg": model.kimg}, step=model.images_seen)
        if trainer.is_global_zero:
            log.info("At %.1f kimg: %s", model.kimg, in_short(found.figures))

    def _tell_checkpoints(self, trainer: Trainer, images_seen: int) -> None:
        if (checkpoints := find_callback(trainer, Checkpoints)) is not None and self.latest is not None:
            checkpoints.latest, checkpoints.measured_at = self.latest, images_seen

    def _measurement(self, trainer: Trainer, model: AdversarialModel) -> Measurement | None:
        assert self.evaluator is not None
        model.settle()
        if not model.is_finite():
            notice("evaluation.finite", f"Nothing is measured at {model.kimg:.1f} kimg: the weights are not finite.")
            return None
        checkpoints, states, began = find_callback(trainer, Checkpoints), random_states(), time.monotonic()
        try:
            with checkpoints.may_break_off() if checkpoints is not None else nullcontext():
                return self.evaluator.measure(model.painter, getattr(trainer, "datamodule"))  # noqa: B009
        except BrokenOff:
            model.interrupted = True
            return None
        finally:
            set_random_states(states)
            self.seconds += time.monotonic() - began


SHOWN = (
    *("psnr", "ssim", "lpips", "fid", "fd", "kid", "precision", "recall"),
    *("style", "stroke", "direction", "structure"),
)
"""Beginnings of the names of the figures in the log during training; metrics.csv has all."""


def in_short(figures: Mapping[str, float]) -> str:
    """The main figures in one line; all of them where none has a known name, as in a protocol of a user's own."""
    main = [name for name in figures if name.split("_")[0] in SHOWN or name == "class_accuracy"]
    return ", ".join(f"{name} {figures[name]:.4g}" for name in main or figures) or "nothing could be measured"
