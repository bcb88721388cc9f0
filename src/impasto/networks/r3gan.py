"""The pair of R3GAN (Huang et al. 2024, sections 3 and 4), written from the paper, for pictures of any size.

Both networks are mirror images: stages of residual blocks 1x1 - grouped 3x3 - 1x1 with a wider middle, bilinear
resampling between stages, no normalisation, and an initialisation that makes up for it (Zhang et al. 2019,
Fixup): every residual branch starts as zero.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from impasto.base.ranges import Count
from impasto.networks.layers.attention import SelfAttention
from impasto.networks.layers.bottleneck import ResidualBlock, linear_init, transition
from impasto.networks.layers.condition import DiscriminatorConditioning, GeneratorConditioning, LatentInput
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.ladder import doubling, ladder, nearest_levels, positive
from impasto.networks.layers.linear import conv, dense
from impasto.networks.layers.norm import NormKind
from impasto.networks.layers.resample import Resize
from impasto.networks.places import Place, Resampling


class R3GANGenerator(nn.Module):
    """Noise scales a learned feature map of the coarsest size; each stage refines it and doubles the size.

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
        expansion: channels in the middle of a block, as a multiple of those at its ends.
        group: channels that are convolved together.
        conditioning: ``concat`` (beside the noise, as in the paper), ``norm`` (modulation of every block) or ``none``.
        attention: resolutions with self-attention, as shorter sides; the nearest level is taken.
        norm: at the start of each block: ``batch``, ``instance``, ``layer``, ``pixel`` or ``none``, as in the paper.
        dropout: probability of a channel in the middle of a block to be dropped.
        slope: of the LeakyReLUs.
        spectral_norm: on all layers; the paper has none.
        embedding: length of the embedded condition.

    Raises:
        UserError: the pictures are too small, channels cannot be grouped, or a kind is unknown.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        latent_dim: int = 64,
        features: Count = 64,
        max_features: Count = 512,
        depth: int = 2,
        expansion: int = 2,
        group: int = 16,
        conditioning: GeneratorConditioning = "concat",
        attention: Sequence[int] = (),
        norm: NormKind = "none",
        dropout: float = 0.0,
        slope: float = 0.2,
        spectral_norm: bool = False,
        embedding: int = 128,
    ) -> None:
        super().__init__()
        positive(latent_dim=latent_dim, features=features, max_features=max_features, depth=depth, embedding=embedding)
        self.latent_dim = latent_dim
        self.sizes = ladder(height, width)
        self.widths = widths = doubling(len(self.sizes), features, max_features)
        self.grow = nn.ModuleList(Resize() for _ in self.sizes)
        self.input = LatentInput(latent_dim, num_classes, condition_dim, conditioning, embedding)
        self.conditional = self.input.conditional
        self.project = dense(self.input.width, widths[0], init=linear_init, spectral=spectral_norm)
        self.basis = nn.Parameter(torch.randn(widths[0], *self.sizes[0]))
        attended = nearest_levels(self.sizes, attention)
        self.stages, self.attention, self.transitions = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for i, wide in enumerate(widths):
            self.transitions.append(transition(widths[max(i - 1, 0)], wide, spectral_norm))
            shape = (wide, expansion, group, slope, depth * len(widths), self.input.condition_width)
            blocks = [ResidualBlock(*shape, norm, dropout, spectral_norm) for _ in range(depth)]
            self.stages.append(nn.ModuleList(blocks))
            self.attention.append(SelfAttention(wide, spectral_norm) if i in attended else nn.Identity())
        self.paint = conv(widths[-1], channels, 1, init=linear_init, spectral=spectral_norm)

    def places(self, height: int, width: int) -> list[Place]:
        """After all blocks of each size."""
        levels = zip(self.widths, self.sizes, strict=True)
        return [Place(f"attention.{i}", *level) for i, level in enumerate(levels)]

    def resamplings(self) -> list[Resampling]:
        """Between all sizes."""
        return [Resampling(f"grow.{i}", True) for i in range(1, len(self.sizes))]

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) and labels (N,) or vectors (N, condition_dim) to (N, C, H, W), float32.

        Nothing bounds the colours while training, as in the paper; in evaluation they are clamped to [-1, 1].

        Raises:
            UserError: the condition is missing or does not fit.
        """
        z, embedded = self.input(z, condition)
        scale = self.project(z)[:, :, None, None]
        x = (scale * self.basis.to(scale.dtype)).contiguous(memory_format=torch.channels_last)
        levels = zip(self.sizes, self.grow, self.transitions, self.stages, self.attention, strict=True)
        for size, grow, change, stage, attend in levels:
            # Resampling and 1x1 convolution commute; this way round there is a quarter of the work.
            x = grow(change(x), size)
            for block in cast(nn.ModuleList, stage):
                x = block(x, embedded)
            x = attend(x)
        x = self.paint(x).float()
        return x if self.training else x.clamp(-1, 1)


class R3GANDiscriminator(nn.Module):
    """The generator's mirror image, ending in one score.

    Args:
        channels: of the pictures.
        height: of the pictures, 7 or more.
        width: of the pictures, 7 or more.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        features: channels at the picture's size; twice as many at each coarser size.
        max_features: upper limit of channels at any size.
        depth: residual blocks at each size.
        expansion: channels in the middle of a block, as a multiple of those at its ends.
        group: channels that are convolved together.
        conditioning: ``projection``, ``concat`` or ``none``.
        attention: resolutions with self-attention, as shorter sides; the nearest level is taken.
        norm: at the start of each block: ``batch``, ``instance``, ``layer``, ``pixel`` or ``none``, as in the paper.
        dropout: probability of a channel in the middle of a block to be dropped.
        slope: of the LeakyReLUs.
        spectral_norm: on all layers; the paper has none.
        minibatch_std: show the last layers how much the pictures of a batch differ.
        sigmoid: squash the scores into [0, 1].

    Raises:
        UserError: the pictures are too small, channels cannot be grouped, or a kind is unknown.
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
        depth: int = 2,
        expansion: int = 2,
        group: int = 16,
        conditioning: DiscriminatorConditioning = "projection",
        attention: Sequence[int] = (),
        norm: NormKind = "none",
        dropout: float = 0.0,
        slope: float = 0.2,
        spectral_norm: bool = False,
        minibatch_std: bool = False,
        sigmoid: bool = False,
    ) -> None:
        super().__init__()
        positive(features=features, max_features=max_features, depth=depth)
        self.sigmoid = sigmoid
        self.sizes = ladder(height, width)[::-1]
        self.widths = widths = doubling(len(self.sizes), features, max_features)[::-1]
        self.shrink = nn.ModuleList(Resize() for _ in self.sizes)
        first = conv(channels, widths[0], 1, init=linear_init, spectral=spectral_norm)
        self.see = nn.Sequential(first, nn.LeakyReLU(slope))
        attended = nearest_levels(self.sizes, attention)
        self.stages, self.transitions = nn.ModuleList(), nn.ModuleList()
        for i, wide in enumerate(widths):
            self.transitions.append(transition(widths[max(i - 1, 0)], wide, spectral_norm))
            shape = (wide, expansion, group, slope, depth * len(widths), 0)
            stage = nn.Sequential(*(ResidualBlock(*shape, norm, dropout, spectral_norm) for _ in range(depth)))
            if i in attended:
                stage.append(SelfAttention(wide, spectral_norm))
            self.stages.append(stage)
        self.head = ScoreHead(
            widths[-1],
            self.sizes[-1],
            num_classes=num_classes,
            condition_dim=condition_dim,
            conditioning=conditioning,
            minibatch_std=minibatch_std,
            sigmoid=sigmoid,
            slope=slope,
            init=linear_init,
            spectral=spectral_norm,
        )

    def places(self, height: int, width: int) -> list[Place]:
        """After all blocks of each size."""
        levels = zip(self.widths, self.sizes, strict=True)
        return [Place(f"stages.{i}", *level) for i, level in enumerate(levels)]

    def resamplings(self) -> list[Resampling]:
        """Between all sizes."""
        return [Resampling(f"shrink.{i}", False) for i in range(1, len(self.sizes))]

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) and labels (N,) or vectors (N, condition_dim) to scores (N,).

        Raises:
            UserError: the condition is missing or does not fit.
        """
        x = self.see(x)
        for size, shrink, change, stage in zip(self.sizes, self.shrink, self.transitions, self.stages, strict=True):
            x = stage(change(shrink(x, size)))
        return self.head(x, condition)
