"""Latent vectors with their conditions, and what is painted of them."""

from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from impasto.painters.latents import in_turn, latents
from impasto.painters.painter import Painter


@dataclass(frozen=True)
class Noise:
    """What pictures are painted from.

    Attributes:
        z: (N, latent_dim).
        condition: labels (N,) or vectors (N, K); None for an unconditional painter.
    """

    z: Tensor
    condition: Tensor | None = None

    def __len__(self) -> int:
        return len(self.z)

    def __getitem__(self, which: slice | Tensor) -> "Noise":
        return Noise(self.z[which], None if self.condition is None else self.condition[which])

    def moved(self, shift: Tensor) -> "Noise":
        """The same under latent vectors that are moved by (latent_dim,) or (N, latent_dim)."""
        return replace(self, z=self.z + shift)

    def repeated(self, times: int) -> "Noise":
        """Each one so many times, one after the other."""
        condition = None if self.condition is None else self.condition.repeat_interleave(times, 0)
        return Noise(self.z.repeat_interleave(times, 0), condition)

    @property
    def groups(self) -> Tensor | None:
        """Classes (N,) within which pictures can be compared; None where all can."""
        labelled = self.condition is not None and self.condition.dim() == 1
        return self.condition if labelled else None


@dataclass(frozen=True)
class Conditions:
    """What pictures are to be of.

    Attributes:
        label: the class of all; None takes each in turn.
        vectors: (m, K) condition vectors, taken in turn, for a painter that takes some.
    """

    label: int | None = None
    vectors: Tensor | None = None


ANY: Final = Conditions()


def draw(painter: Painter, n: int, seed: int, conditions: Conditions = ANY) -> Noise:
    """Latent vectors as ``generate.py`` draws them: (n, latent_dim), with each class or vector in turn.

    Args:
        painter: that takes them.
        n: how many.
        seed: of them.
        conditions: of them.
    """
    label = conditions.label
    z = latents(painter.latent, painter.latent_dim, n, seed=seed)
    if "label" in painter.takes:
        return Noise(z, torch.arange(n) % painter.gives.num_classes if label is None else torch.full((n,), label))
    return Noise(z, in_turn(conditions.vectors, 0, n) if "vector" in painter.takes else None)


@torch.no_grad()
def paint(painter: Painter, noise: Noise, batch_size: int = 64) -> Tensor:
    """What is painted of it: (N, C, H, W) in [-1, 1] on the CPU."""
    found = []
    for start in range(0, len(noise), batch_size):
        part = noise[slice(start, start + batch_size)]
        inputs = painter.condition_inputs(part.condition, 0, len(part))
        found.append(painter(latent=part.z.to(painter.device), **inputs).cpu())
    return torch.cat(found)


def centred(values: Tensor, groups: Tensor | None) -> Tensor:
    """Values (N, ...) less the mean of their group, in which what the class alone decides has gone.

    Args:
        values: see above.
        groups: (N,) classes; None for one group.
    """
    if groups is None:
        return values - values.mean(0)
    result = torch.empty_like(values)
    for group in groups.unique():
        chosen = groups == group
        result[chosen] = values[chosen] - values[chosen].mean(0)
    return result
