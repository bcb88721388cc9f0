"""Notices divergence and collapse, restores the last good state, and goes on with lower learning rates."""

import logging
import math
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypedDict, cast

from lightning import Callback, Trainer

from impasto.base.ranges import CountOrZero, Interval, NotNegative, Positive, Strength
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


class Factors(TypedDict, total=False):
    """Factors on learning rates and on the weights of penalties after each roll-back."""

    lr_g: Positive
    lr_d: Positive
    penalty: NotNegative


class Guard(Callback):
    """Checks the run at intervals: losses and weights are finite, and the generator has not collapsed.

    Weights are checked again when training ends: if they are not finite, the run ends with the last finite ones.

    Diversity is that of :class:`~impasto.models.diversity.Diversity`. The generator has collapsed if diversity
    falls below ``collapse`` times its highest value, or is still below a tenth of ``collapse`` after ``grace_kimg``.

    Args:
        every_kimg: interval; None takes 10 kimg, or less with more frequent evaluations or a run of less than 200.
        kimg: length of the run.
        evaluation_every_kimg: interval of the evaluation, if any.
        collapse: share of the highest diversity so far, which counts up to that of real pictures.
        grace_kimg: time that a generator has to become diverse.
        factors: on learning rates (``lr_g``, ``lr_d``) and penalties' weights (``penalty``) after each roll-back.
        max_rollbacks: number of roll-backs after which the run stops.
    """

    def __init__(
        self,
        every_kimg: Interval | None = None,
        kimg: float = math.inf,
        evaluation_every_kimg: float | None = None,
        collapse: Strength = 0.3,
        grace_kimg: NotNegative = 50.0,
        factors: Factors | None = None,
        max_rollbacks: CountOrZero = 3,
    ) -> None:
        self.every_kimg = every_kimg or min(10.0, kimg / 20, evaluation_every_kimg or math.inf)
        self.collapse, self.grace_kimg = collapse, grace_kimg
        self.factors, self.max_rollbacks = cast(dict[str, float], factors or {}), max_rollbacks
        self.highest = 0.0
        self.verdict = ""
        self._good: _Snapshot | None = None

    def state_dict(self) -> dict[str, Any]:
        """The highest diversity, for resuming."""
        return {"highest": self.highest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.highest = state_dict["highest"]

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Keep the state that training starts from, which is good."""
        self._good = _take(trainer, pl_module, self.highest)

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Check, then keep the state or restore the last good one."""
        if not due(pl_module, self.every_kimg):
            return
        cause = self.diagnose(pl_module)
        if cause is None:
            self._good = _take(trainer, pl_module, self.highest)
        else:
            self.go_back(trainer, pl_module, cause)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Restore the last finite weights if those at the end are not finite."""
        if self.verdict or pl_module.is_finite():
            return
        found = self._back(trainer, pl_module, "weights are not finite")
        self.verdict = f"{found} at the end; the model of {pl_module.kimg:.1f} kimg is kept"
        log.error("%s.", self.verdict)

    def diagnose(self, model: AdversarialModel) -> str | None:
        """What is wrong; None if nothing is. A collective call."""
        for name, value in {**model.latest_losses, **model.tracker.peek()}.items():
            if not math.isfinite(value):
                return f"{name} is not finite"
        if not model.is_finite():
            return "weights are not finite"
        diversity = model.diversity.ratio()
        if diversity is None:
            return None
        self.highest = max(self.highest, min(diversity, 1.0))
        late = model.kimg > self.grace_kimg and diversity < 0.1 * self.collapse
        if diversity < self.collapse * self.highest or late:
            return (
                f"the generator's diversity fell to {diversity:.3f} of the real pictures' (highest {self.highest:.3f})"
            )
        return None

    def go_back(self, trainer: Trainer, model: AdversarialModel, cause: str) -> None:
        """Restore the last good state and go on with ``factors`` applied, or stop."""
        found = self._back(trainer, model, cause)
        if len(model.state.rollbacks) > self.max_rollbacks:
            self.verdict = f"{found}; stopped after {self.max_rollbacks} roll-backs."
            log.error("%s The model before it is kept; lower the learning rates or raise the penalty.", self.verdict)
            trainer.should_stop = True
            return
        changed = ", ".join(f"{name} times {factor:g}" for name, factor in self.factors.items() if factor != 1)
        log.warning("%s: back to %.1f kimg%s.", found, model.kimg, f", {changed}" if changed else "")

    def _back(self, trainer: Trainer, model: AdversarialModel, cause: str) -> str:
        found = f"At {model.kimg:.1f} kimg {cause}"
        assert self._good is not None
        self._restore(trainer, model, self._good)
        state = model.state
        state.rollbacks.append(found)
        state.attempt += 1
        for name, factor in self.factors.items():
            state.factors[name] *= factor
        return found

    def _restore(self, trainer: Trainer, model: AdversarialModel, good: _Snapshot) -> None:
        model.load_state_dict(good.weights)
        for optimizer, values in zip(trainer.optimizers, good.optimizers, strict=True):
            optimizer.load_state_dict(deepcopy(values))
        model.state.images_seen = model.state.images_before = good.images_seen
        model.state.d_updates = good.d_updates
        model.tracker.drain()
        model.diversity.clear()
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
