"""How much generated pictures differ from each other, to tell a generator that has collapsed."""

from collections import deque
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from impasto.base import distributed

LATEST: Final = 64
"""Pictures of a step that are kept whole: copies, so that large batches do not stay in memory between steps."""


class Diversity:
    """Small copies of the last pictures that the discriminator was shown, and how far they lie from each other.

    The spread over a batch would not do: one picture for every class has nearly that of the real ones, and so have two
    pictures in turn. In all of these the distance to the nearest other picture of the same class falls to zero.

    Args:
        count: pictures of each kind, over all processes.
        side: longest side of a copy, in pixels; noise of single pixels does not count as diversity.

    Attributes:
        latest: up to 64 real and generated pictures of the latest step as they were; None before the first.
    """

    latest: tuple[Tensor, Tensor] | None = None

    def __init__(self, count: int = 256, side: int = 16) -> None:
        self.count, self.side = count, side
        self._kept: deque[tuple[Tensor, Tensor, Tensor]] = deque()

    def add(self, real: Tensor, fake: Tensor, condition: Tensor | None = None) -> None:
        """Keep small copies, and let the oldest go.

        Args:
            real: (N, C, H, W) in [-1, 1].
            fake: likewise.
            condition: labels (N,); pictures with vectors or with nothing are all of one class.
        """
        labels = condition if condition is not None and condition.dim() == 1 else real.new_zeros(len(real))
        self.latest = real[:LATEST].detach().clone(), fake[:LATEST].detach().clone()
        self._kept.append((self._small(real), self._small(fake), labels.detach()))
        wanted = -(-self.count // distributed.world_size())
        while sum(len(labels) for *_, labels in self._kept) - len(self._kept[0][2]) >= wanted:
            self._kept.popleft()

    def clear(self) -> None:
        """Forget all pictures."""
        self._kept.clear()
        self.latest = None

    def ratio(self) -> float | None:
        """Mean distance to the nearest picture of the same class, generated over real; a collective call.

        Real pictures that repeat themselves, as a few do that are shown again and again, must not make every generator
        look diverse: their distance counts as a twentieth of the mean over all pairs of a class at least.

        Returns:
            0 for one and the same picture in every class, about 1 for pictures as different as the real ones; None
            if nothing can be compared.
        """
        if (kept := self.copies()) is None:
            return None
        real, fake, labels = kept
        pairs = (labels[:, None] == labels[None, :]).fill_diagonal_(False)
        if not pairs.any():
            return None
        apart = torch.cdist(real, real)
        scale = torch.maximum(_nearest(apart, pairs), 0.05 * apart[pairs].mean())
        return float(_nearest(torch.cdist(fake, fake), pairs) / scale.clamp_min(1e-6))

    def copies(self) -> tuple[Tensor, Tensor, Tensor] | None:
        """The small copies of real and of generated pictures, flat (n, D), and their labels (n,), of all processes.

        None before the first step. A collective call.
        """
        if not self._kept:
            return None
        wanted = -(-self.count // distributed.world_size())
        parts = (torch.cat(column)[-wanted:] for column in zip(*self._kept, strict=True))
        real, fake, labels = (distributed.gather(part) for part in parts)
        return real, fake, labels

    def _small(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        size = min(height, self.side), min(width, self.side)
        return adaptive_avg_pool2d(images.detach().float(), size).flatten(1)


def _nearest(apart: Tensor, pairs: Tensor) -> Tensor:
    """Mean over pictures that have a partner of the distance to the nearest one."""
    return apart.masked_fill(~pairs, torch.inf).amin(1)[pairs.any(1)].mean()
