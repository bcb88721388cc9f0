"""The pairs that are measured: inputs, their paintings, and their targets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from impasto.base.pixels import from_uint8, luma, to_uint8
from impasto.evaluation.protocols.measurement import Sheet
from impasto.evaluation.protocols.sampling import Chosen

SHOWN: Final = 8
"""Pairs on the sheet."""


@dataclass(frozen=True)
class Pairs:
    """The pairs that are measured; pictures are uint8 by number."""

    content: Chosen | None
    target: Chosen
    paint: Callable[[Tensor], Tensor] | Chosen

    def painted(self, start: int, n: int) -> Tensor:
        """The repainted content."""
        return self.paint(start, n) if isinstance(self.paint, Chosen) else self.paint(self.inputs(start, n))

    @property
    def inputs(self) -> Chosen:
        """The content."""
        assert self.content is not None, "pictures are painted from content, or given"
        return self.content

    @property
    def has_control(self) -> bool:
        """Whether there is content of the size of the targets."""
        return self.content is not None and self.content.packed.shape[:2] == self.target.packed.shape[:2]

    def control(self, start: int, n: int) -> Tensor:
        """The content as it is, with the channels of the targets."""
        return with_channels(self.inputs(start, n), self.target.packed.shape[2])


def with_channels(images: Tensor, channels: int) -> Tensor:
    """The same pictures with ``channels`` channels: grey is repeated, colours become their brightness.

    Further channels, such as a mask, are left out.

    Args:
        images: uint8 (N, C, H, W).
        channels: 1 or 3, or what the pictures have.
    """
    if images.shape[1] == channels:
        return images
    if images.shape[1] >= 3 and channels == 1:
        return to_uint8(luma(from_uint8(images[:, :3])))
    return images[:, :channels] if images.shape[1] > channels else images[:, :1].expand(-1, channels, -1, -1)


def sheet_of_pairs(pairs: Pairs) -> Sheet:
    """Rows of an input, its painting, and its target."""
    count = min(SHOWN, len(pairs.target))
    shown = ([pairs.control] if pairs.has_control else []) + [pairs.painted, pairs.target]
    columns = [pictures(0, count) for pictures in shown]
    return from_uint8(torch.stack([column.cpu() for column in columns], 1).flatten(0, 1)), len(columns)
