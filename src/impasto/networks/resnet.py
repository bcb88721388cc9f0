"""The residual pair of SNGAN (Miyato et al. 2018, appendix B.4) and SAGAN (Zhang et al. 2019), for any size."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from impasto.base.ranges import Count
from impasto.networks.layers.attention import SelfAttention
from impasto.networks.layers.condition import DiscriminatorConditioning, GeneratorConditioning, LatentInput
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.ladder import doubling, ladder, nearest_levels, positive
from impasto.networks.layers.linear import conv, dense, he
from impasto.networks.layers.norm import ConditionalNorm, NormKind
from impasto.networks.layers.resample import UpsamplingKind
from impasto.networks.layers.residual import DiscriminatorBlock, GeneratorBlock
from impasto.networks.places import Place, Resampling


class ResNetGenerator(nn.Module):
    """Projects noise to a small feature map, whose size residual blocks then double.

    Args:
        channels: of the pictures.
        height: of the pictures, 7 or more.
        width: of the pictures, 7 or more.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        latent_dim: length of the noise vector.
        features: channels at the picture's size; twice as many at each coarser size.
        max_features: upper limit of channels at any size.
        depth: residual blocks at each size.
        conditioning: ``norm`` (conditional normalisation), ``concat`` (beside the noise) or ``none``.
        norm: ``batch``, ``instance``, ``layer``, ``pixel`` or ``none``.
        upsampling: ``nearest`` or ``transposed``.
        attention: resolutions with self-attention, as shorter sides; the nearest level is taken.
        dropout: probability of a channel to be dropped.
        slope: of the LeakyReLUs; 0 is ReLU.
        spectral_norm: on all layers.
        embedding: length of the embedded condition.

    Raises:
        UserError: the pictures are too small, or a kind is unknown.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        latent_dim: int = 128,
        features: Count = 64,
        max_features: Count = 512,
        depth: int = 1,
        conditioning: GeneratorConditioning = "norm",
        norm: NormKind = "batch",
        upsampling: UpsamplingKind = "nearest",
        attention: Sequence[int] = (),
        dropout: float = 0.0,
        slope: float = 0.0,
        spectral_norm: bool = False,
        embedding: int = 128,
    ) -> None:
        super().__init__()
        positive(latent_dim=latent_dim, features=features, max_features=max_features, depth=depth, embedding=embedding)
        self.latent_dim = latent_dim
        self.sizes = ladder(height, width)
        self.widths = widths = doubling(len(self.sizes), features, max_features)
        self.input = LatentInput(latent_dim, num_classes, condition_dim, conditioning, embedding)
        self.conditional = self.input.conditional
        self.base = (widths[0], *self.sizes[0])
        self.project = dense(self.input.width, math.prod(self.base), init=he(1.0), spectral=spectral_norm)
        attended = nearest_levels(self.sizes[1:], attention)
        self.levels, self.attention = nn.ModuleList(), nn.ModuleList()
        for i, (before, after) in enumerate(pairwise(widths)):
            blocks = [
                GeneratorBlock(
                    after if j else before,
                    after,
                    j == 0,
                    norm=norm,
                    condition_width=self.input.condition_width,
                    upsampling=upsampling,
                    slope=slope,
                    dropout=dropout,
                    spectral=spectral_norm,
                )
                for j in range(depth)
            ]
            self.levels.append(nn.ModuleList(blocks))
            self.attention.append(SelfAttention(after, spectral_norm) if i in attended else nn.Identity())
        self.paint = nn.Sequential(
            ConditionalNorm(norm, widths[-1]),
            nn.LeakyReLU(slope),
            conv(widths[-1], channels, init=he(1.0), spectral=spectral_norm),
        )

    def places(self, height: int, width: int) -> list[Place]:
        """After all blocks of each size."""
        levels = zip(self.widths[1:], self.sizes[1:], strict=True)
        return [Place(f"attention.{i}", *level) for i, level in enumerate(levels)]

    def resamplings(self) -> list[Resampling]:
        """Those of both branches of each block."""
        return [
            Resampling(f"levels.{i}.0.{name}", True) for i in range(len(self.levels)) for name in ("grow", "repeat")
        ]

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) and labels (N,) or vectors (N, condition_dim) to (N, C, H, W) in [-1, 1], float32.

        Raises:
            UserError: the condition is missing or does not fit.
        """
        z, embedded = self.input(z, condition)
        x = self.project(z).unflatten(1, self.base).contiguous(memory_format=torch.channels_last)
        for size, level, attend in zip(self.sizes[1:], self.levels, self.attention, strict=True):
            for block in cast(nn.ModuleList, level):
                x = block(x, embedded, size)
            x = attend(x)
        return torch.tanh(self.paint(x).float())


class ResNetDiscriminator(nn.Module):
    """Residual blocks that halve the size until the shorter side is 4 to 6, one more, and the sum over positions.

    Args:
        channels: of the pictures.
        height: of the pictures, 7 or more.
        width: of the pictures, 7 or more.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        features: channels after the first halving, doubled by each further one.
        max_features: upper limit of channels at any size.
        depth: residual blocks at each size.
        conditioning: ``projection``, ``concat`` or ``none``.
        norm: ``batch``, ``instance``, ``layer``, ``pixel`` or ``none``; the first block has none.
        attention: resolutions with self-attention, as shorter sides; the nearest level is taken.
        dropout: probability of a channel to be dropped.
        slope: of the LeakyReLUs; 0 is ReLU.
        spectral_norm: on all layers.
        minibatch_std: show the last layers how much the pictures of a batch differ.
        sigmoid: squash the scores into [0, 1].

    Raises:
        UserError: the pictures are too small, or a kind is unknown.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        features: Count = 64,
        max_features: Count = 512,
        depth: int = 1,
        conditioning: DiscriminatorConditioning = "projection",
        norm: NormKind = "none",
        attention: Sequence[int] = (),
        dropout: float = 0.0,
        slope: float = 0.0,
        spectral_norm: bool = True,
        minibatch_std: bool = False,
        sigmoid: bool = False,
    ) -> None:
        super().__init__()
        positive(features=features, max_features=max_features, depth=depth)
        self.sigmoid = sigmoid
        sizes = ladder(height, width)[-2::-1]
        widths = doubling(len(sizes), features, max_features)[::-1]
        attended = nearest_levels(sizes, attention)
        self.blocks = nn.ModuleList()
        # Where each block's result lies in the ladder; the last one keeps the size.
        self.sizes = [size for size in sizes for _ in range(depth)] + sizes[-1:]
        self.attention, self.widths = nn.ModuleList(), widths
        self.depth, before = depth, channels
        for k, size in enumerate(self.sizes):
            level = min(k // depth, len(sizes) - 1)
            shrinks = k % depth == 0 and k < len(self.sizes) - 1
            self.blocks.append(
                DiscriminatorBlock(
                    before,
                    widths[level],
                    first=k == 0,
                    shrinks=shrinks,
                    norm=norm,
                    slope=slope,
                    dropout=dropout,
                    spectral=spectral_norm,
                )
            )
            attends = shrinks and sizes.index(size) in attended
            self.attention.append(SelfAttention(widths[level], spectral_norm) if attends else nn.Identity())
            before = widths[level]
        self.after = nn.LeakyReLU(slope)
        self.head = ScoreHead(
            widths[-1],
            sizes[-1],
            num_classes=num_classes,
            condition_dim=condition_dim,
            conditioning=conditioning,
            pooling="sum",
            minibatch_std=minibatch_std,
            sigmoid=sigmoid,
            slope=slope,
            init=he(1.0),
            spectral=spectral_norm,
        )

    def places(self, height: int, width: int) -> list[Place]:
        """After all blocks of each size; of the last size before the block that keeps it."""
        return [
            Place(f"attention.{(i + 1) * self.depth - 1}", wide, self.sizes[i * self.depth])
            for i, wide in enumerate(self.widths)
        ]

    def resamplings(self) -> list[Resampling]:
        """Those of both branches, which one layer does."""
        return [Resampling(f"blocks.{i * self.depth}.shrink", False) for i in range(len(self.widths))]

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) and labels (N,) or vectors (N, condition_dim) to scores (N,).

        Raises:
            UserError: the condition is missing or does not fit.
        """
        for size, block, attend in zip(self.sizes, self.blocks, self.attention, strict=True):
            x = attend(block(x, size))
        return self.head(self.after(x), condition)
