"""When things are due, by the number of pictures shown to the discriminator."""

import logging
import math
import time
from collections.abc import Iterator

from lightning import Callback, Trainer

from impasto.base import distributed
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Positive
from impasto.models.base import AdversarialModel, Batch

log = logging.getLogger("impasto")


def due(model: AdversarialModel, every_kimg: float | None) -> bool:
    """Whether the last step crossed a multiple of ``every_kimg``; without state, so that a resumed run agrees."""
    if not every_kimg:
        return False
    every = every_kimg * 1000
    return model.state.images_before // every != model.state.images_seen // every


class Clock:
    """When things are due by seconds of training, those before a run was resumed included.

    Args:
        first_seconds: until the first time.
        every_seconds: from then on; None for no other time.
    """

    def __init__(self, first_seconds: float, every_seconds: float | None) -> None:
        self.first, self.every = first_seconds, every_seconds
        self._rung = 0

    def times(self, seconds: float) -> int:
        """How often it was due by then."""
        if seconds < self.first:
            return 0
        return 1 + (int((seconds - self.first) // self.every) if self.every else 0)

    def start(self, model: AdversarialModel) -> None:
        """Leave out what was due before a run was resumed."""
        self._rung = self.times(model.state.seconds)

    def due(self, model: AdversarialModel) -> bool:
        """Whether a time has passed since it was last asked."""
        before, self._rung = self._rung, max(self._rung, self.times(model.state.seconds))
        return self._rung > before


def how_short(minutes: float, kimg: float, planned: float) -> str:
    """A clause that says by how much ``minutes`` cut a run short."""
    missing = 100 * (1 - kimg / planned)
    share = f"{missing:.0f}%" if missing >= 1 else "less than 1%"
    return f"cut short by minutes={minutes:g} at {kimg:.4g} of {planned:g} kimg, {share} short"


class StopAt(Callback):
    """Ends training after a number of pictures or of minutes, whichever comes first.

    Args:
        kimg: thousands of pictures shown to the discriminator, in all processes.
        minutes: wall-clock, including the earlier part of a resumed run; None disables it.

    Attributes:
        cut_short: a clause about a run that ended by its minutes; None for one that saw all its pictures.
    """

    cut_short: str | None = None

    def __init__(self, kimg: Positive, minutes: Positive | None = None) -> None:
        self.kimg, self.minutes = kimg, minutes
        self._started = 0.0

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Doubt a run that ends before the generator's first update."""
        updates = math.ceil(self.kimg * 1000 / (getattr(parts.data, "batch_size", None) or 1))
        if (n_critic := getattr(parts.model, "n_critic", 1)) > updates:
            yield Doubt(
                "model.n_critic",
                f"model.n_critic={n_critic}, but kimg={self.kimg} is over after {updates} updates of the "
                "discriminator: the generator will not be trained; make kimg larger.",
            )

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """A run that is resumed at its end has nothing left to do."""
        self._started = time.monotonic() - pl_module.state.seconds
        if pl_module.kimg >= self.kimg:
            trainer.should_stop = True

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Stop once the clock has run out."""
        pl_module.state.seconds = time.monotonic() - self._started
        done = pl_module.kimg >= self.kimg
        if self.minutes is not None:
            late = pl_module.state.seconds >= self.minutes * 60
            # Every process must come to the same answer, which takes a collective call.
            ask = batch_idx % 16 == 0 or distributed.world_size() == 1
            late = ask and distributed.any_process(late, pl_module.device)
            if late and not done:
                self.cut_short = how_short(self.minutes, pl_module.kimg, self.kimg)
                if trainer.is_global_zero:
                    log.info("%s", self.cut_short)
            done = done or late
        if done:
            trainer.should_stop = True
