"""A generator whose latent space is known: each number of the noise paints one pattern."""

import torch
from torch import Tensor, nn

from impasto.base.spec import ImageSpec
from impasto.painters.painter import Painter

SIDE = 8
STRENGTHS = (0.02, 0.1, 0.05)
"""Of the patterns that the numbers of the noise paint: light, left to right, top to bottom."""


class Planes(nn.Module):
    """Pictures whose luma is a plane: its level, its slope to the right and its slope down are numbers of the noise."""

    latent_dim = 4

    def __init__(self, channels: int = 3, height: int = SIDE, width: int = SIDE) -> None:
        super().__init__()
        ramp = torch.linspace(-1, 1, SIDE)
        patterns = [torch.ones(SIDE, SIDE), ramp.expand(SIDE, SIDE), ramp[:, None].expand(SIDE, SIDE)]
        self.layer = nn.Linear(4, SIDE * SIDE, bias=False)
        weights = [strength * pattern.flatten() for strength, pattern in zip(STRENGTHS, patterns, strict=True)]
        with torch.no_grad():
            self.layer.weight.copy_(torch.stack([*weights, torch.zeros(SIDE * SIDE)], 1))

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.layer(z).view(-1, 1, SIDE, SIDE).expand(-1, 3, -1, -1)


def planes() -> Painter:
    return Painter(Planes(), ImageSpec(3, SIDE, SIDE), ("latent",)).eval()
