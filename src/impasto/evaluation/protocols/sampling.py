"""The pictures that are measured, by number: painted ones, or a random part of a data set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.label_maps import from_packed, to_packed
from impasto.base.pixels import to_uint8
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.distances import some_positions
from impasto.evaluation.figures.features import Pictures
from impasto.evaluation.real.features import uint8_slice
from impasto.painters.painter import Painter

GOLDEN: Final = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Chosen:
    """Pictures of a set, chosen at random but always the same, by number.

    Attributes:
        packed: the set.
        most: how many at most; None takes all.
    """

    packed: PackedImages
    most: int | None = None

    @cached_property
    def positions(self) -> np.ndarray:
        """Which of the set: int64, increasing."""
        return some_positions(len(self.packed), self.most)

    def __len__(self) -> int:
        return len(self.positions)

    def __call__(self, start: int, n: int) -> Tensor:
        """uint8 (n, C, H, W)."""
        return uint8_slice(self.packed, self.positions, start, n)

    def all(self) -> Tensor:
        """All of them: uint8 (N, C, H, W)."""
        return self(0, len(self))

    @property
    def cut_from(self) -> Tensor | None:
        """int64 (N,), which picture each is a crop of; None if each is a picture of its own."""
        return None if self.packed.cut_from is None else torch.from_numpy(self.packed.cut_from[self.positions])


def labels_like(real: np.ndarray, n: int) -> Tensor:
    """Labels for ``n`` generated pictures in the proportions of the real ones, also in any part of them: int64 (n,).

    The golden ratio's multiples modulo 1 fill the unit interval evenly; label i depends on i and the real ones alone.

    Args:
        real: labels of the real pictures, in any order.
        n: how many.
    """
    return torch.from_numpy(np.sort(np.asarray(real))[places(len(real), n)].astype(np.int64))


def places(count: int, n: int) -> np.ndarray:
    """``n`` positions below ``count``, any part of them spread over all: int64 (n,)."""
    return ((np.arange(n) + 0.5) * GOLDEN % 1 * count).astype(np.int64)


def pictures_of(sample: Callable[..., Tensor], seed: int, conditions: Tensor | None) -> Pictures:
    """Pictures by number from a model's ``sample``.

    Args:
        sample: ``(n, seed=, start=, condition=)`` to (n, C, H, W) in [-1, 1], picture i depending on the seed, i and
            its condition alone.
        seed: of the latent vectors.
        conditions: (m,) labels or (m, K) vectors; picture i takes number i modulo m. None leaves them to the painter.
    """

    def pictures(start: int, n: int) -> Tensor:
        condition = None if conditions is None else conditions[torch.arange(start, start + n) % len(conditions)]
        with torch.no_grad():
            return to_uint8(sample(n, seed=seed, start=start, condition=condition))

    return pictures


def conditions_for(painter: Painter, real: PackedImages, n: int) -> Tensor | None:
    """Conditions for ``n`` pictures: condition vectors of the real ones, or labels in their proportions; None for an
    unconditional painter.
    """
    if not painter.conditional:
        return None
    if real.vectors is not None:
        return torch.from_numpy(real.vectors[places(len(real), n)])
    return labels_like(real.labels, n) if real.labels is not None else None


def repainter(painter: Painter) -> Callable[[Tensor], Tensor]:
    """A painter that takes content as a function from uint8 pictures (N, C, H, W) to uint8 paintings.

    Label maps are what they are when packed, see :mod:`impasto.base.label_maps`.
    """
    given, gives = (getattr(getattr(painter, side, None), "label_map", None) for side in ("content", "gives"))

    @torch.no_grad()
    def paint(images: Tensor) -> Tensor:
        return to_packed(painter(content=from_packed(images.to(painter.device), given)), gives)

    return paint


def known_of(data: Any, part: str) -> Mapping[str, Any]:
    """The data module's provenance of one part."""
    known: Mapping[str, Any] = data.provenance()
    return known.get(part, known)


def origin_of(data: Any, part: str) -> str:
    """Where the pictures of a part come from."""
    return str(known_of(data, part)["origin"])
