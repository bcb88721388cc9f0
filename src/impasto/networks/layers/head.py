"""The end of a discriminator: from a feature map to one score a picture."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from impasto.networks.layers.condition import ConditionEmbedding, DiscriminatorConditioning, has_condition
from impasto.networks.layers.ladder import Size
from impasto.networks.layers.linear import Initialise, conv, dense, orthogonal

Pooling = Literal["flatten", "sum"]

PROJECTION_WIDTH = 128


class MinibatchDeviation(nn.Module):
    """One more channel: how much the pictures of a group differ (Karras et al. 2018, section 3).

    Groups are neighbours in the batch, so that they are the same however many processes share it.

    Args:
        group: pictures in a group; fewer if the batch cannot be divided so.
    """

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C + 1, H, W)."""
        n, _, height, width = x.shape
        group = math.gcd(n, self.group)
        variance = (
            x.to(torch.promote_types(x.dtype, torch.float32)).unflatten(0, (n // group, group)).var(1, correction=0)
        )
        deviation = (variance + 1e-8).sqrt().mean((1, 2, 3)).to(x.dtype).repeat_interleave(group, output_size=n)
        return torch.cat([x, deviation[:, None, None, None].expand(n, 1, height, width)], 1)


class ScoreHead(nn.Module):
    """Scores from the last feature map, with or without a condition.

    ``projection`` adds the inner product of features and embedded condition (Miyato and Koyama 2018, equation 3);
    ``concat`` puts the embedded condition beside the features and mixes them with one more convolution.

    Args:
        channels: of the feature map.
        size: of the feature map.
        num_classes: labels; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        conditioning: see above; ``none`` leaves the condition out.
        pooling: ``flatten`` weighs every position apart (DCGAN), ``sum`` adds them up (SNGAN).
        minibatch_std: append the batch's deviation as a channel.
        sigmoid: squash the score.
        slope: of the LeakyReLU after mixing.
        init: of the weights.
        spectral: spectral norm on all layers.
    """

    def __init__(
        self,
        channels: int,
        size: Size,
        *,
        num_classes: int = 0,
        condition_dim: int = 0,
        conditioning: DiscriminatorConditioning = "projection",
        pooling: Pooling = "flatten",
        minibatch_std: bool = False,
        sigmoid: bool = False,
        slope: float = 0.2,
        init: Initialise,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        self.pooling, self.sigmoid = pooling, sigmoid
        given = has_condition(num_classes, condition_dim, conditioning, DiscriminatorConditioning)
        self.deviation = MinibatchDeviation() if minibatch_std else None
        extra = int(minibatch_std)
        self.beside = None
        if given and conditioning == "concat":
            self.beside = ConditionEmbedding(num_classes, condition_dim, PROJECTION_WIDTH, spectral=spectral)
            extra += PROJECTION_WIDTH
        self.mix = (
            nn.Sequential(conv(channels + extra, channels, init=init, spectral=spectral), nn.LeakyReLU(slope))
            if extra
            else nn.Identity()
        )
        features = channels * (size[0] * size[1] if pooling == "flatten" else 1)
        self.score = dense(features, 1, init=init, spectral=spectral)
        self.project: nn.Module | None = None
        self.embed = None
        if given and conditioning == "projection":
            width = PROJECTION_WIDTH if pooling == "flatten" else features
            self.project = (
                dense(features, width, init=init, spectral=spectral) if pooling == "flatten" else nn.Identity()
            )
            self.embed = ConditionEmbedding(num_classes, condition_dim, width, orthogonal, spectral)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, h, w) to (N,).

        Raises:
            UserError: the condition is missing or does not fit.
        """
        if self.deviation is not None:
            x = self.deviation(x)
        if self.beside is not None:
            embedded = self.beside(condition).to(x.dtype)[:, :, None, None]
            x = torch.cat([x, embedded.expand(-1, -1, *x.shape[2:])], 1)
        x = self.mix(x)
        x = x.flatten(1) if self.pooling == "flatten" else x.sum((2, 3))
        score = self.score(x).squeeze(1)
        if self.project is not None and self.embed is not None:
            embedded = self.embed(condition)
            score = score + (self.project(x) * embedded).sum(1)
        return torch.sigmoid(score) if self.sigmoid else score
