"""What makes up the hand of pictures, as one vector."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.layers.palette import palette_length, palette_of


class StyleEncoder(nn.Module):
    """A style code of pictures: statistics of feature maps over all places, so that what is shown does not matter.

    Means and deviations of the maps of every level (Huang and Belongie 2017) and the palette go through a small
    perceptron, whose output is brought to unit size; the palette itself ends the code. Codes of several pictures of one
    style are averaged.

    Args:
        channels: of the pictures.
        code: length of the code without the palette.
        features: channels of each level; every level but the first halves the size.
        hidden: units of the perceptron.
    """

    def __init__(
        self, channels: int = 3, code: int = 256, features: Sequence[int] = (32, 64, 128, 192), hidden: int = 384
    ) -> None:
        super().__init__()
        levels = zip([channels, *features[:-1]], features, strict=True)
        self.levels = nn.ModuleList(
            nn.Conv2d(before, after, 3, 1 if i == 0 else 2, padding=1, padding_mode="reflect")
            for i, (before, after) in enumerate(levels)
        )
        statistics = 2 * sum(features) + palette_length(channels)
        self.head = nn.Sequential(nn.Linear(statistics, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, code))

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to (N, D), the palette's numbers last."""
        palette = palette_of(images)
        x, found = images, [palette * 2]
        for level in self.levels:
            x = F.leaky_relu(level(x), 0.2)
            seen = x.float()
            means = seen.mean((2, 3))
            # Not `var`, which is several times slower in this memory format.
            found += [means, (seen.square().mean((2, 3)) - means.square()).clamp_min(0).add(1e-5).sqrt()]
        hand = self.head(torch.cat(found, 1)).float()
        hand = hand * torch.rsqrt(hand.square().mean(1, keepdim=True) + 1e-4)
        return torch.cat([hand, palette], 1)
