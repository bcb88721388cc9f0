"""What a degradation is: kinds of damage, the strengths that are trained on, and those that are measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

from impasto.base.errors import UserError

Degrade = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
"""Given uint8 (H, W, C), a strength and a source of random numbers, returns the damaged picture: uint8 (h, w, c)."""


@dataclass(frozen=True)
class Damage:
    """How one picture is damaged.

    Attributes:
        kind: of the degradation's, such as ``gaussian`` noise.
        strength: in the unit of the degradation.
    """

    kind: str
    strength: float


class Degradation:
    """A task of restoration: what is done to clean pictures, which a model learns to undo.

    Args:
        kinds: of :attr:`known`; each picture gets one of them, all equally often.
        strength: [least, most]; each picture gets one between them, evenly distributed.
        measured_at: the strengths that are measured, in the order of a curve over them.

    Raises:
        UserError: there is no such kind, or a strength is out of range.
    """

    known: ClassVar[Mapping[str, Degrade]] = {}
    """The kinds by name."""
    unit: ClassVar[str] = ""
    """What a strength says."""
    limits: ClassVar[tuple[float, float]] = (0.0, 1.0)
    """The least and the greatest strength."""

    def __init__(self, *, kinds: Sequence[str], strength: Sequence[float], measured_at: Sequence[float]) -> None:
        self.kinds = tuple(kinds)
        self.measured_at = tuple(float(value) for value in measured_at)
        name = type(self).__name__
        if not kinds or not set(kinds) <= self.known.keys():
            raise UserError(f"{name}: kinds={list(kinds)} are not known: choose from {', '.join(self.known)}.")
        low, high = self.limits
        if len(strength) != 2 or not low <= strength[0] <= strength[1] <= high:
            raise UserError(
                f"{name}: strength={list(strength)} is not a range: give [least,most] from {low:g} to {high:g}, in "
                f"{self.unit}."
            )
        if not measured_at or not all(low <= value <= high for value in measured_at):
            raise UserError(
                f"{name}: measured_at={list(measured_at)} does not fit: give strengths from {low:g} to {high:g}, in "
                f"{self.unit}."
            )
        self.strength = float(strength[0]), float(strength[1])

    @property
    def scale(self) -> int:
        """How many times smaller a damaged picture is than the clean one, in height and in width."""
        return 1

    def channels(self, clean: int) -> int:
        """Channels of the damaged version of a picture with ``clean`` channels."""
        return clean

    def harms(self, pixels: np.ndarray) -> bool:
        """Whether a clean picture, uint8 (H, W, 1 or 3), loses anything: one that does not, measures nothing."""
        return True

    def draw(self, random: np.random.Generator) -> Damage:
        """A kind and a strength to train on."""
        kind = self.kinds[int(random.integers(len(self.kinds)))]
        return Damage(kind, float(random.uniform(*self.strength)))

    def measured(self, strength: float | None = None, kind: str | None = None) -> list[Damage]:
        """Every kind at every strength that is measured.

        Args:
            strength: this one only; it need not be one of ``measured_at``.
            kind: this one only.

        Raises:
            UserError: there is no such kind, or the strength is out of range.
        """
        kinds = self.kinds if kind is None else (kind,)
        strengths = self.measured_at if strength is None else (float(strength),)
        if not set(kinds) <= self.known.keys():
            raise UserError(f"{type(self).__name__}: no kind {kind}: choose from {', '.join(self.known)}.")
        if not all(self.limits[0] <= value <= self.limits[1] for value in strengths):
            low, high = self.limits
            raise UserError(
                f"{type(self).__name__}: strength {strength} is out of range: give {low:g} to {high:g}, in {self.unit}."
            )
        return [Damage(kind, strength) for strength, kind in product(strengths, kinds)]

    def __call__(self, pixels: np.ndarray, damage: Damage, random: np.random.Generator) -> np.ndarray:
        """Damage a picture.

        Args:
            pixels: uint8 (H, W, 1 or 3), both sides multiples of :attr:`scale`; left as it is.
            damage: which kind, and how strong.
            random: decides everything else.

        Returns:
            uint8 (H / scale, W / scale, channels).
        """
        return self.known[damage.kind](pixels, damage.strength, random)

    def record(self) -> dict[str, Any]:
        """All settings, plain values."""
        return {
            "name": type(self).__name__,
            "kinds": list(self.kinds),
            "strength": list(self.strength),
            "measured_at": list(self.measured_at),
            "unit": self.unit,
            "scale": self.scale,
        }


def degrade(
    pixels: np.ndarray, degradation: Degradation, seed: int | Sequence[int] | np.ndarray, damage: Damage | None = None
) -> np.ndarray:
    """A damaged picture; the same seed gives the same one.

    Args:
        pixels: uint8 (H, W, 1 or 3), both sides multiples of the degradation's scale.
        degradation: what is done.
        seed: whole numbers, 0 or more.
        damage: kind and strength; None draws them as in training.

    Returns:
        uint8 (H / scale, W / scale, channels).
    """
    random = np.random.default_rng(seed)
    return degradation(pixels, degradation.draw(random) if damage is None else damage, random)


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Numbers in levels of 255, rounded and clipped to uint8; may change ``values``."""
    return np.clip(np.rint(values, out=values), 0, 255, out=values).astype(np.uint8)
