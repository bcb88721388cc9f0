"""Restoring pictures: a painter that knows what damage it was trained to mend."""

from typing import Any, Final

import torch
from torch import Tensor

from impasto.base.pixels import luma
from impasto.painters.painter import Painter

PAIRS: Final = "pairs"
"""What a model of pairs of one's own was trained for, if its config does not say."""
INPAINT: Final = "inpaint"
COLORIZE: Final = "colorize"
SUPER_RESOLUTION: Final = "super_resolution"


class RestorationPainter(Painter):
    """Maps damaged pictures to whole ones; takes ``content``, whose spec names the task.

    For ``inpaint`` the content's last channel is 1 where the picture is known and -1 where it is to be painted. For
    ``super_resolution`` the painting is larger than the content. For ``colorize`` the painting has the content's luma:
    colours that the range of values does not hold are made paler.
    """

    @property
    def task(self) -> str:
        """What it was trained for."""
        assert self.content is not None
        return self.content.task or PAIRS

    @property
    def scale(self) -> int:
        """How many times larger the painting is than the content."""
        assert self.content is not None
        return max(self.gives.height // self.content.height, 1)

    @property
    def mask_channels(self) -> int:
        """Channels of the content that say where to paint: 1 for ``inpaint``, else 0."""
        return int(self.task == INPAINT)

    def forward(self, *, content: Tensor | None = None, **_: Any) -> Tensor:  # type: ignore[override]
        """Restore.

        Args:
            content: (N, C, h, w) in [-1, 1].

        Returns:
            (N, C', scale h, scale w) in [-1, 1], float32.
        """
        assert content is not None
        painted: Tensor = self.network(content).float()
        return (paler(luma(content), painted) if self.task == COLORIZE else painted).clamp(-1, 1)


def paler(lightness: Tensor, colors: Tensor) -> Tensor:
    """Colours within [-1, 1], drawn towards grey of their lightness as far as that takes.

    Args:
        lightness: luma (N, 1, H, W) in [-1, 1].
        colors: (N, 3, H, W) of that luma, not bounded.
    """
    away = colors - lightness
    room = torch.where(away > 0, 1 - lightness, 1 + lightness)
    share = (room / away.abs().clamp_min(1e-6)).amin(1, keepdim=True).clamp(0, 1)
    return lightness + away * share
