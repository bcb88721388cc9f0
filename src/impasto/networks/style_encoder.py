"""What makes up the hand of pictures, as one vector."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class StyleEncoder(nn.Module):
    """A style code of pictures: statistics of feature maps over all places, so that what is shown does not matter.

    Means and deviations of the maps of every level (Huang and Belongie 2017) and of the colours go through a small
    perceptron. Codes of several pictures of one style are averaged.

    Args:
        channels: of the pictures.
        code: length of the code.
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
        statistics = 2 * sum(features) + channels * (channels + 3) // 2
        self.head = nn.Sequential(nn.Linear(statistics, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, code))

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to (N, D)."""
        x, found = images, [color_statistics(images)]
        for level in self.levels:
            x = F.leaky_relu(level(x), 0.2)
            seen = x.float()
            means = seen.mean((2, 3))
            # Not `var`, which is several times slower in this memory format.
            found += [means, (seen.square().mean((2, 3)) - means.square()).clamp_min(0).add(1e-5).sqrt()]
        return self.head(torch.cat(found, 1)).float()


def color_statistics(images: Tensor) -> Tensor:
    """Means of the channels and the upper triangle of their covariance: (N, C, H, W) to (N, C + C (C + 1) / 2)."""
    seen = images.float().flatten(2)
    means = seen.mean(2)
    centred = seen - means[:, :, None]
    covariance = centred @ centred.transpose(1, 2) / seen.shape[2]
    rows, columns = torch.triu_indices(images.shape[1], images.shape[1], device=images.device)
    return torch.cat([means, covariance[:, rows, columns] * 4], 1)
