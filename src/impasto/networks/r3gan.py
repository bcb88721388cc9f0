"""The pair of R3GAN (Huang et al. 2024, sections 3 and 4), written from the paper, for pictures of any size.

Both networks are mirror images: stages of residual blocks 1x1 - grouped 3x3 - 1x1 with a wider middle, bilinear
resampling between stages, no normalisation, and an initialisation that makes up for it (Zhang et al. 2019,
Fixup): every residual branch starts as zero.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from impasto.errors import UserError
from impasto.networks.layers.attention import SelfAttention
from impasto.networks.layers.condition import DiscriminatorConditioning, GeneratorConditioning, LatentInput
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.ladder import doubling, ladder, nearest_levels, positive
from impasto.networks.layers.linear import conv, dense, he
from impasto.networks.layers.norm import ConditionalNorm
from impasto.networks.layers.resample import resized

linear_init = he(1.0)  # N(0, 1 / fan-in): nothing is rectified after these


class ResidualBlock(nn.Module):
    """x + conv1x1(act(grouped conv3x3(act(conv1x1(x))))), inverted bottleneck.

    Args:
        channels: in and out.
        expansion: the middle has so many times ``channels``.
        group: channels that are convolved together in the middle.
        slope: of the LeakyReLUs.
        blocks: residual blocks in the whole network; Fixup scales a branch of m = 3 layers by blocks^(-1 / (2m - 2)).
        condition_width: length of the embedded condition that modulates the branch, 0 without one.
    """

    def __init__(
        self, channels: int, expansion: int, group: int, slope: float, blocks: int, condition_width: int = 0
    ) -> None:
        super().__init__()
        positive(expansion=expansion, group=group)
        inner = channels * expansion
        if inner % group:
            raise UserError(
                f"{channels} channels x expansion {expansion} cannot be cut into groups of {group}; "
                f"make features and max_features multiples of group, or group smaller."
            )
        scaled = he(slope, blocks**-0.25)
        self.modulate = ConditionalNorm("none", channels, condition_width)
        self.branch = nn.Sequential(
            conv(channels, inner, 1, init=scaled),
            nn.LeakyReLU(slope),
            conv(inner, inner, 3, groups=inner // group, init=scaled),
            nn.LeakyReLU(slope),
            conv(inner, channels, 1, bias=False, init=nn.init.zeros_),
        )

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) to the same."""
        return x + self.branch(self.modulate(x, condition))


class R3GANGenerator(nn.Module):
    """Noise scales a learned feature map of the coarsest size; each stage refines it and doubles the size.

    Args:
        channels: of the pictures.
        height: of the pictures, 7 or more.
        width: of the pictures, 7 or more.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which go before labels; 0 without.
        latent_dim: length of the noise vector.
        features: channels at the picture's size; twice as many at each coarser size.
        max_features: at most so many.
        depth: residual blocks at each size.
        expansion: middle channels of a block for each channel at its ends.
        group: channels that are convolved together.
        conditioning: ``concat`` (beside the noise, as in the paper), ``norm`` (modulation of every block) or ``none``.
        attention: resolutions with self-attention (shorter side; the nearest there is).
        slope: of the LeakyReLUs.
        embedding: length of the embedded condition.

    Raises:
        UserError: pictures that are too small, channels that cannot be grouped, or a kind that there is not.
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
        features: int = 64,
        max_features: int = 512,
        depth: int = 2,
        expansion: int = 2,
        group: int = 16,
        conditioning: GeneratorConditioning = "concat",
        attention: Sequence[int] = (),
        slope: float = 0.2,
        embedding: int = 128,
    ) -> None:
        super().__init__()
        positive(latent_dim=latent_dim, features=features, max_features=max_features, depth=depth, embedding=embedding)
        self.latent_dim = latent_dim
        self.sizes = ladder(height, width)
        widths = doubling(len(self.sizes), features, max_features)
        self.input = LatentInput(latent_dim, num_classes, condition_dim, conditioning, embedding)
        self.project = dense(self.input.width, widths[0], init=linear_init)
        self.basis = nn.Parameter(torch.randn(widths[0], *self.sizes[0]))
        attended = nearest_levels(self.sizes, attention)
        self.stages, self.attention, self.transitions = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for i, wide in enumerate(widths):
            self.transitions.append(transition(widths[max(i - 1, 0)], wide))
            blocks = [
                ResidualBlock(wide, expansion, group, slope, depth * len(widths), self.input.condition_width)
                for _ in range(depth)
            ]
            self.stages.append(nn.ModuleList(blocks))
            self.attention.append(SelfAttention(wide, spectral=False) if i in attended else nn.Identity())
        self.paint = conv(widths[-1], channels, 1, init=linear_init)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) and labels (N,) or vectors (N, condition_dim) to (N, C, H, W), float32.

        Nothing bounds the colours while training, as in the paper; in evaluation they are clamped to [-1, 1].

        Raises:
            UserError: a condition that is missing or does not fit.
        """
        z, embedded = self.input(z, condition)
        scale = self.project(z)[:, :, None, None]
        x = (scale * self.basis.to(scale.dtype)).contiguous(memory_format=torch.channels_last)
        for size, change, stage, attend in zip(self.sizes, self.transitions, self.stages, self.attention, strict=True):
            # Resampling and 1x1 convolution commute; this way round there is a quarter of the work.
            x = resized(change(x), size)
            for block in cast(nn.ModuleList, stage):
                x = block(x, embedded)
            x = attend(x)
        x = self.paint(x).float()
        return x if self.training else x.clamp(-1, 1)


class R3GANDiscriminator(nn.Module):
    """The generator's mirror image, and one decision.

    Args:
        channels: of the pictures.
        height: of the pictures, 7 or more.
        width: of the pictures, 7 or more.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which go before labels; 0 without.
        features: channels at the picture's size; twice as many at each coarser size.
        max_features: at most so many.
        depth: residual blocks at each size.
        expansion: middle channels of a block for each channel at its ends.
        group: channels that are convolved together.
        conditioning: ``projection``, ``concat`` or ``none``.
        attention: resolutions with self-attention (shorter side; the nearest there is).
        slope: of the LeakyReLUs.
        minibatch_std: show the last layers how much the pictures of a batch differ.
        sigmoid: squash the scores into [0, 1].

    Raises:
        UserError: pictures that are too small, channels that cannot be grouped, or a kind that there is not.
    """

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        num_classes: int = 0,
        condition_dim: int = 0,
        *,
        features: int = 64,
        max_features: int = 512,
        depth: int = 2,
        expansion: int = 2,
        group: int = 16,
        conditioning: DiscriminatorConditioning = "projection",
        attention: Sequence[int] = (),
        slope: float = 0.2,
        minibatch_std: bool = False,
        sigmoid: bool = False,
    ) -> None:
        super().__init__()
        positive(features=features, max_features=max_features, depth=depth)
        self.sigmoid = sigmoid
        self.sizes = ladder(height, width)[::-1]
        widths = doubling(len(self.sizes), features, max_features)[::-1]
        self.see = nn.Sequential(conv(channels, widths[0], 1, init=linear_init), nn.LeakyReLU(slope))
        attended = nearest_levels(self.sizes, attention)
        self.stages, self.transitions = nn.ModuleList(), nn.ModuleList()
        for i, wide in enumerate(widths):
            self.transitions.append(transition(widths[max(i - 1, 0)], wide))
            stage = nn.Sequential(
                *(ResidualBlock(wide, expansion, group, slope, depth * len(widths)) for _ in range(depth))
            )
            if i in attended:
                stage.append(SelfAttention(wide, spectral=False))
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
        )

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) and labels (N,) or vectors (N, condition_dim) to scores (N,).

        Raises:
            UserError: a condition that is missing or does not fit.
        """
        x = self.see(x)
        for size, change, stage in zip(self.sizes, self.transitions, self.stages, strict=True):
            x = stage(change(resized(x, size)))
        return self.head(x, condition)


def transition(before: int, after: int) -> nn.Module:
    """What takes one stage's channels to the next one's."""
    return nn.Identity() if before == after else conv(before, after, 1, bias=False, init=linear_init)
