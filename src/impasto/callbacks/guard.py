"""Notices a run that has gone wrong, takes it back to where it was well, and lets it go on more carefully."""

import logging
import math
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lightning import Callback, Trainer

from impasto.callbacks.clock import due
from impasto.models.base import AdversarialModel, Batch

log = logging.getLogger("impasto")


@dataclass
class _Snapshot:
    weights: dict[str, Any]
    optimizers: list[dict[str, Any]]
    images_seen: int
    d_updates: int
    highest: float


class Guard(Callback):
    """Checks the run every ``every_kimg``: losses and weights are finite, and the generator has not collapsed.

    Weights are looked at once more when training ends: where they are not finite, the run ends with the last that were.

    Diversity is the mean over pixels of the standard deviation over a batch, generated over real. It has collapsed if
    it falls below ``collapse`` times the highest it has been, or is still below a tenth of ``collapse`` after
    ``grace_kimg``.

    Args:
        every_kimg: interval; evaluate no more often than this.
        collapse: share of the highest diversity so far.
        grace_kimg: time that a generator is given to become diverse at all.
        lower_lr: factor on both learning rates after each roll-back.
        max_rollbacks: after so many the run stops.
    """

    def __init__(
        self,
        every_kimg: float = 10.0,
        collapse: float = 0.3,
        grace_kimg: float = 50.0,
        lower_lr: float = 0.5,
        max_rollbacks: int = 3,
    ) -> None:
        self.every_kimg, self.collapse, self.grace_kimg = every_kimg, collapse, grace_kimg
        self.lower_lr, self.max_rollbacks = lower_lr, max_rollbacks
        self.highest = 0.0
        self.verdict = ""
        self._good: _Snapshot | None = None

    def state_dict(self) -> dict[str, Any]:
        """The highest diversity outlives the process."""
        return {"highest": self.highest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.highest = state_dict["highest"]

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """The state that training starts from is good."""
        self._good = _take(trainer, pl_module, self.highest)

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Check, and keep the state or go back."""
        if not due(pl_module, self.every_kimg):
            return
        cause = self.diagnose(pl_module)
        if cause is None:
            self._good = _take(trainer, pl_module, self.highest)
        else:
            self.go_back(trainer, pl_module, cause)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Leave nothing to measure and to save that has gone wrong since the last look."""
        if not self.verdict and not pl_module.is_finite():
            self.go_back(trainer, pl_module, "weights are not finite")
            self.verdict = self.verdict or (
                f"{pl_module.state.rollbacks[-1]} at the end; the model of {pl_module.kimg:.1f} kimg is kept"
            )

    def diagnose(self, model: AdversarialModel) -> str | None:
        """What is wrong, or nothing."""
        recent = {**model.latest_losses, **model.tracker.peek()}
        for name, value in recent.items():
            if not math.isfinite(value):
                return f"{name} is not finite"
        if not model.is_finite():
            return "weights are not finite"
        diversity = recent.get("diversity")
        if diversity is None:
            return None
        self.highest = max(self.highest, diversity)
        late = model.kimg > self.grace_kimg and diversity < 0.1 * self.collapse
        if diversity < self.collapse * self.highest or late:
            return (
                f"the generator's diversity fell to {diversity:.3f} of the real pictures' (highest {self.highest:.3f})"
            )
        return None

    def go_back(self, trainer: Trainer, model: AdversarialModel, cause: str) -> None:
        """Restore the last good state with lower learning rates, or stop."""
        state = model.state
        sentence = f"At {model.kimg:.1f} kimg {cause}"
        assert self._good is not None
        self._restore(trainer, model, self._good)
        state.rollbacks.append(sentence)
        if len(state.rollbacks) > self.max_rollbacks:
            self.verdict = f"{sentence}; stopped after {self.max_rollbacks} roll-backs."
            log.error("%s The model before it is kept; lower the learning rates or raise the penalty.", self.verdict)
            trainer.should_stop = True
            return
        state.attempt += 1
        state.lr_factor *= self.lower_lr
        log.warning("%s: back to %.1f kimg, learning rates times %g.", sentence, model.kimg, self.lower_lr)

    def _restore(self, trainer: Trainer, model: AdversarialModel, good: _Snapshot) -> None:
        model.load_state_dict(good.weights)
        for optimizer, values in zip(trainer.optimizers, good.optimizers, strict=True):
            optimizer.load_state_dict(deepcopy(values))
        model.state.images_seen = model.state.images_before = good.images_seen
        model.state.d_updates = good.d_updates
        model.tracker.drain()
        model.latest_losses = {}
        self.highest = good.highest  # so that the same collapse is noticed again


def _take(trainer: Trainer, model: AdversarialModel, highest: float) -> _Snapshot:
    return _Snapshot(
        weights={name: value.detach().clone() for name, value in model.state_dict().items()},
        optimizers=[deepcopy(optimizer.state_dict()) for optimizer in trainer.optimizers],
        images_seen=model.state.images_seen,
        d_updates=model.state.d_updates,
        highest=highest,
    )
