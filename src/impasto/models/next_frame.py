"""The next frame of a clip from those before it: a translation from aligned frames."""

from typing import Final

import torch
from torch import Tensor

from impasto.models.pix2pix import Pix2Pix
from impasto.painters.prediction import ahead

SHOWN: Final = 6
"""Frames ahead on a sheet."""


class NextFrame(Pix2Pix):
    """A generator of ``batch["target"]``, the frame after those of ``batch["content"]``.

    The channels of the content are those of its frames, the earliest first. With ``model.adversarial=0`` the terms
    alone are left, which is enough where what comes next is nearly certain.
    """

    @torch.no_grad()
    def preview(self, batch: dict[str, Tensor] | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """A row for each sequence: its last two frames, the next one, and what is predicted, :data:`SHOWN` ahead."""
        if batch is None:
            raise ValueError("this model looks at frames, and the data sets none aside")
        content, target = batch["content"][:count], batch["target"][:count]
        channels = self.painter.gives.channels
        last = content[:, -2 * channels :].split(channels, 1)
        row = [*last, target, *ahead(self.painter, content, SHOWN)]
        return torch.stack(row, 1).flatten(0, 1), len(row)
