"""The pairs that are measured: inputs, their paintings, and their targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from impasto.base.label_maps import coloured
from impasto.base.pixels import from_uint8, luma, to_uint8
from impasto.evaluation.figures.features import Pictures
from impasto.evaluation.protocols.measurement import Sheet
from impasto.evaluation.protocols.sampling import Chosen

SHOWN: Final = 8
"""Pairs on the sheet."""
CONTROL: Final = "input as it is"


@dataclass(frozen=True)
class Pairs:
    """The pairs that are measured; pictures are uint8 by number.

    Attributes:
        content: what is repainted; None if that is not known.
        target: what it should become.
        paint: repaints content; or the repainted pictures.
        made: what other methods make of the content, by the names of their rows; None has the content as it is.
        made_with: settings of those methods, plain values, if the content does not decide them.
    """

    content: Chosen | None
    target: Chosen
    paint: Callable[[Tensor], Tensor] | Chosen
    made: Mapping[str, Pictures] | None = field(default=None)
    made_with: Any = None

    def painted(self, start: int, n: int) -> Tensor:
        """The repainted content."""
        return self.paint(start, n) if isinstance(self.paint, Chosen) else self.paint(self.inputs(start, n))

    @property
    def inputs(self) -> Chosen:
        """The content."""
        assert self.content is not None, "pictures are painted from content, or given"
        return self.content

    @property
    def controls(self) -> Mapping[str, Pictures]:
        """What else is set beside the targets, by the names of the rows."""
        if self.made is not None:
            return self.made
        of_size = self.content is not None and self.content.packed.shape[:2] == self.target.packed.shape[:2]
        return {CONTROL: self.control} if of_size else {}

    def control(self, start: int, n: int) -> Tensor:
        """The content as it is, with the channels of the targets; label maps in colours."""
        return with_channels(visible(self.inputs, start, n), self.target.packed.shape[2])


def visible(chosen: Chosen, start: int, n: int) -> Tensor:
    """Pictures to look at, uint8 (n, C, H, W): label maps in colours."""
    label_map = chosen.packed.label_map
    return chosen(start, n) if label_map is None else coloured(chosen(start, n), label_map)


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
    """Rows of an input, what each control makes of it, its painting, and its target."""
    count = min(SHOWN, len(pairs.target))
    shown: list[Pictures] = [*pairs.controls.values(), pairs.painted, pairs.target]
    columns = [pictures(0, count) for pictures in shown]
    return from_uint8(torch.stack([column.cpu() for column in columns], 1).flatten(0, 1)), len(columns)
