"""Values that change while a run goes on, as functions of thousands of images shown to the discriminator (kimg).

Wherever a model's setting says it may be scheduled, config gives either a number or one of these objects.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from impasto.base.errors import UserError

Schedule = Callable[[float], float]
"""kimg -> value."""


def value_at(setting: float | Schedule, kimg: float) -> float:
    """The value of a number or a schedule at ``kimg``."""
    return setting(kimg) if callable(setting) else float(setting)


class _Checked:
    """Refuses values that are not numbers when a schedule is made, not in the middle of a run."""

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            UserError: one is not a number, or a length of time is negative.
        """
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
                raise UserError(f"{type(self).__name__}: {field.name}={value} is not a number.")
            if value < 0 and "kimg" in field.name:
                raise UserError(f"{type(self).__name__}: {field.name}={value} is negative; give 0 or more.")


@dataclass(frozen=True)
class Constant(_Checked):
    """The same value throughout, after a linear warm-up from zero over ``warmup_kimg``."""

    value: float = 1.0
    warmup_kimg: float = 0.0

    def __call__(self, kimg: float) -> float:
        """The value at ``kimg``."""
        return self.value * _warm_up(kimg, self.warmup_kimg)


@dataclass(frozen=True)
class LinearDecay(_Checked):
    """``start`` until ``hold_kimg``, then in a straight line to ``end`` at ``kimg``.

    CycleGAN holds the learning rate for the first half of training and lets it fall to zero over the second.
    """

    kimg: float
    start: float = 1.0
    end: float = 0.0
    hold_kimg: float = 0.0
    warmup_kimg: float = 0.0
    hold_share: float = 0.0
    """``hold_kimg`` as a share of ``kimg``; the longer of the two counts."""

    def __call__(self, kimg: float) -> float:
        """The value at ``kimg``."""
        hold = max(self.hold_kimg, self.hold_share * self.kimg)
        length = max(self.kimg - hold, 1e-9)
        progress = min(max((kimg - hold) / length, 0.0), 1.0)
        return (self.start + (self.end - self.start) * progress) * _warm_up(kimg, self.warmup_kimg)


@dataclass(frozen=True)
class Cosine(_Checked):
    """Half a cosine from ``start`` to ``end`` over ``kimg``, constant after (all of R3GAN's: Huang et al. 2024)."""

    kimg: float
    start: float = 1.0
    end: float = 0.0
    hold_kimg: float = 0.0
    warmup_kimg: float = 0.0

    def __call__(self, kimg: float) -> float:
        """The value at ``kimg``."""
        length = max(self.kimg - self.hold_kimg, 1e-9)
        progress = min(max((kimg - self.hold_kimg) / length, 0.0), 1.0)
        value = self.end + (self.start - self.end) * 0.5 * (1 + math.cos(math.pi * progress))
        return value * _warm_up(kimg, self.warmup_kimg)


@dataclass(frozen=True)
class InverseTime(_Checked):
    """``start / (1 + kimg / half_kimg)``: half at ``half_kimg``, a third at twice it (torch7's decay)."""

    half_kimg: float
    start: float = 1.0

    def __call__(self, kimg: float) -> float:
        """The value at ``kimg``."""
        return self.start / (1 + kimg / max(self.half_kimg, 1e-9))


def _warm_up(kimg: float, warmup_kimg: float) -> float:
    return min(kimg / warmup_kimg, 1.0) if warmup_kimg > 0 else 1.0
