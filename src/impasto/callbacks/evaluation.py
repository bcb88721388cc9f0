"""Measures the generator's moving average while it learns, and tells what chooses checkpoints."""

import logging
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

from lightning import Callback, Trainer
from torch import Tensor

from impasto.base.files import dispensable
from impasto.base.notices import notice
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Interval
from impasto.base.sheets import save_sheet
from impasto.callbacks.checkpoints import Checkpoints
from impasto.callbacks.clock import due
from impasto.callbacks.find import find_callback
from impasto.callbacks.images import log_image
from impasto.callbacks.signals import BrokenOff
from impasto.models.base import AdversarialModel, Batch
from impasto.models.state import random_states, set_random_states

log = logging.getLogger("impasto")


class ModelEvaluator(Protocol):
    """What the callback asks of ``evaluation``.

    Attributes:
        comparability: by figure, what makes it comparable.
        main_metric: the figure to choose checkpoints by.
    """

    comparability: dict[str, dict[str, Any]]
    main_metric: str | None

    def of_model(self, model: Any, data: Any) -> dict[str, float]:
        """Figures by name; every process calls it."""
        ...

    def sheet_of_model(self, model: Any, data: Any) -> tuple[Tensor, int] | None:
        """Pictures in [-1, 1] that go with the last figures, and how many in a row."""
        ...


class Evaluation(Callback):
    """Measures at regular counts of pictures and at the end; training draws the same random numbers as without.

    Every step that is measured is saved before, for measuring takes long, and much can happen. A run that is told to
    stop goes without, or breaks off what it is measuring: a resumed run measures at its own end. Nor is anything
    measured with weights that are not finite.

    Leaves the figures, with ``images_seen``, in ``model.latest_metrics``, what is known of them in
    ``model.comparability`` and the name of the first choice among them in ``model.main_metric``, where checkpoints look
    for them.

    Args:
        evaluator: measures; nothing is measured without one.
        every_kimg: interval in thousands of pictures; only at the end where null.
        folder: of the sheet of nearest real pictures, written at the end; none where null.

    Attributes:
        history: the figures of every time, with ``images_seen``.
        comparability: what makes the latest comparable.
        seconds: wall-clock spent measuring.
    """

    def __init__(
        self,
        evaluator: ModelEvaluator | None = None,
        every_kimg: Interval | None = 50.0,
        folder: str | Path | None = None,
    ) -> None:
        # evaluation=none has no class, though an experiment may have left numbers there for the one it chose
        self.evaluator = evaluator if hasattr(evaluator, "of_model") else None
        self.every_kimg = every_kimg
        self.folder = Path(folder) if folder is not None else None
        self.history: list[dict[str, float]] = []
        self.comparability: dict[str, dict[str, Any]] = {}
        self.main_metric: str | None = None
        self.seconds = 0.0

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """What the evaluator says of the other parts, if it has anything to say."""
        if callable(check_with := getattr(self.evaluator, "check_with", None)):
            yield from check_with(parts)

    def state_dict(self) -> dict[str, Any]:
        """The history outlives the process."""
        return {"history": self.history, "comparability": self.comparability, "main_metric": self.main_metric}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.history, self.comparability = state_dict["history"], state_dict["comparability"]
        self.main_metric = state_dict.get("main_metric")

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """A resumed run knows what it measured last, also if it ends before it measures again."""
        if self.history:
            pl_module.main_metric, pl_module.latest_metrics = self.main_metric, dict(self.history[-1])
            pl_module.comparability = self.comparability

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Measure when it is time; after the last step only once it is saved."""
        if self.evaluator is not None and not trainer.should_stop and due(pl_module, self.every_kimg):
            if (checkpoints := find_callback(trainer, Checkpoints)) is not None:
                checkpoints.save(trainer, pl_module, "last.ckpt")
            self.measure(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Measure what training ended with, and show what the generator may have learnt by heart."""
        if self.evaluator is None or pl_module.interrupted:  # a queue that sent the signal will not wait for long
            return
        if not self.history or self.history[-1]["images_seen"] != pl_module.images_seen:
            self.measure(trainer, pl_module)
        data = getattr(trainer, "datamodule")  # noqa: B009
        measured = bool(self.history) and self.history[-1]["images_seen"] == pl_module.images_seen
        if self.folder is None or not trainer.is_global_zero or not measured:
            return
        if (sheet := self.evaluator.sheet_of_model(pl_module, data)) is not None:
            path = self.folder / "neighbours.png"
            with dispensable("samples"):
                save_sheet(*sheet, path)
                log_image(trainer.loggers, "samples/neighbours", path, pl_module.images_seen)

    def measure(self, trainer: Trainer, model: AdversarialModel) -> None:
        """Measure, and let loggers and checkpoints know."""
        if (figures := self._figures(trainer, model)) is None:
            return
        assert self.evaluator is not None
        self.comparability = model.comparability = self.evaluator.comparability
        model.main_metric = self.main_metric = self.evaluator.main_metric
        model.latest_metrics = {**figures, "images_seen": float(model.images_seen)}
        self.history.append(dict(model.latest_metrics))
        for logger in trainer.loggers:
            values = {f"eval/{name}": value for name, value in figures.items()}
            logger.log_metrics({**values, "kimg": model.kimg}, step=model.images_seen)
        if trainer.is_global_zero:
            log.info("At %.1f kimg: %s", model.kimg, in_short(figures))

    def _figures(self, trainer: Trainer, model: AdversarialModel) -> dict[str, float] | None:
        assert self.evaluator is not None
        model.settle()
        if not model.is_finite():
            notice("evaluation.finite", f"Nothing is measured at {model.kimg:.1f} kimg: the weights are not finite.")
            return None
        checkpoints, states, began = find_callback(trainer, Checkpoints), random_states(), time.monotonic()
        try:
            with checkpoints.may_break_off() if checkpoints is not None else nullcontext():
                return self.evaluator.of_model(model, getattr(trainer, "datamodule"))  # noqa: B009
        except BrokenOff:
            model.interrupted = True
            return None
        finally:
            set_random_states(states)
            self.seconds += time.monotonic() - began


SHOWN = ("fid", "fd", "kid", "precision", "recall", "structure")
"""Beginnings of the names of the figures that are worth a line while training goes on; the rest is in metrics.csv."""


def in_short(figures: dict[str, float]) -> str:
    """The main figures in one line."""
    shown = [
        f"{name} {value:.4g}"
        for name, value in figures.items()
        if name.split("_")[0] in SHOWN or name == "class_accuracy"
    ]
    return ", ".join(shown) or "nothing could be measured"
