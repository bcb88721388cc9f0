"""The pair of networks of the project's source article, with its errors corrected.

The article's listing applies a two-dimensional convolution to a flat noise vector; here the vector is projected to a
small feature map first. docs/noise.md lists all corrections.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from impasto.networks.layers.norm import BatchNorm


class ArticleGenerator(nn.Module):
    """Blocks of convolution, batch norm and LeakyReLU(0.2), then dense 1024 and tanh over all pixels.

    Args:
        channels: of the pictures.
        height: of the pictures.
        width: of the pictures.
        latent_dim: length of the noise vector.
        widths: channels of the blocks, which work at a quarter of the pictures' size.
        dense: units of the dense layer before the pixels.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        latent_dim: int = 100,
        widths: Sequence[int] = (128, 64, 32),
        dense: int = 1024,
    ) -> None:
        super().__init__()
        self.latent_dim, self.shape = latent_dim, (channels, height, width)
        rows, columns = math.ceil(height / 4), math.ceil(width / 4)
        self.project = nn.Linear(latent_dim, widths[0] * rows * columns)
        self.start = (widths[0], rows, columns)
        blocks: list[nn.Module] = []
        for before, after in zip([widths[0], *widths[:-1]], widths, strict=True):
            blocks += [nn.Conv2d(before, after, 3, padding=1), BatchNorm(after), nn.LeakyReLU(0.2)]
        self.blocks = nn.Sequential(*blocks)
        self.decide = nn.Sequential(
            nn.Linear(widths[-1] * rows * columns, dense),
            nn.LeakyReLU(0.2),
            nn.Linear(dense, channels * height * width),
        )

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, latent_dim) to (N, C, H, W) in [-1, 1]; the condition is not used."""
        features = self.blocks(self.project(z).unflatten(1, self.start))
        return torch.tanh(self.decide(features.flatten(1)).float()).unflatten(1, self.shape)


class ArticleDiscriminator(nn.Module):
    """3x3 convolutions of stride 2 with LeakyReLU(0.2), then one score.

    The sigmoid of the score is inside the loss, where it does not lose precision (log-sigmoid of a raw score).

    Args:
        channels: of the pictures.
        height: of the pictures.
        width: of the pictures.
        widths: channels of the convolutions.
    """

    sigmoid = False

    def __init__(self, channels: int, height: int, width: int, widths: Sequence[int] = (32, 64, 128)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip([channels, *widths[:-1]], widths, strict=True):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
            height, width = math.ceil(height / 2), math.ceil(width / 2)
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.decide = nn.Linear(widths[-1] * height * width, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) to raw scores (N,); the condition is not used."""
        return self.decide(self.features(images)).flatten()

    def probability(self, images: Tensor) -> Tensor:
        """The sigmoid of the scores, as in the article: (N,) in [0, 1], how likely each picture is real."""
        return torch.sigmoid(self(images))
