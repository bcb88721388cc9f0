"""The painter of label maps: a generator whose outputs are scores of classes."""

from typing import Final

import torch
from torch import Tensor

from impasto.painters.painter import Painter

SCALE: Final = 10.0
"""Scores of classes are a generator's outputs times this: those of most lie in [-1, 1], too close for certainty."""


class LabelPainter(Painter):
    """Maps pictures to the probabilities of classes; arguments as for :class:`~impasto.painters.painter.Painter`."""

    def forward(
        self,
        *,
        latent: Tensor | None = None,
        label: Tensor | None = None,
        vector: Tensor | None = None,
        content: Tensor | None = None,
        style: Tensor | None = None,
    ) -> Tensor:
        """Probabilities of the classes of each pixel: (N, classes, H, W) in [0, 1], float32, that sum to 1."""
        return torch.softmax(SCALE * self.network(content).float(), 1)
