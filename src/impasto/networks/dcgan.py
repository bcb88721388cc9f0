"""The plain convolutional pair of DCGAN (Radford et al. 2016) for pictures of any size, with later work's options."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from impasto.base.ranges import Count
from impasto.networks.layers.attention import SelfAttention
from impasto.networks.layers.condition import DiscriminatorConditioning, GeneratorConditioning, LatentInput
from impasto.networks.layers.dropout import ChannelDropout
from impasto.networks.layers.head import ScoreHead
from impasto.networks.layers.ladder import Size, doubling, ladder, nearest_levels, positive
from impasto.networks.layers.linear import conv, dense, small_normal
from impasto.networks.layers.norm import ConditionalNorm, NormKind
from impasto.networks.layers.resample import UpConv, UpsamplingKind, pad_to_even
from impasto.networks.places import Place, Resampling


class Block(nn.Module):
    """A convolution, then normalisation, LeakyReLU, dropout and attention.

    Args:
        convolution: its result has ``channels`` channels.
        channels: see above.
        norm: kind of normalisation.
        condition_width: length of the embedded condition, 0 without one.
        slope: of the LeakyReLU.
        dropout: probability of a channel to be dropped.
        attention: whether self-attention comes last.
        spectral: spectral norm on the layers made here.
    """

    def __init__(
        self,
        convolution: nn.Module,
        channels: int,
        *,
        norm: NormKind,
        condition_width: int = 0,
        slope: float,
        dropout: float = 0.0,
        attention: bool = False,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = ConditionalNorm(norm, channels, condition_width, spectral)
        self.after = nn.Sequential(nn.LeakyReLU(slope), ChannelDropout(dropout))
        if attention:
            self.after.append(SelfAttention(channels, spectral))

    def forward(self, x: Tensor, condition: Tensor | None = None, size: Size | None = None) -> Tensor:
        """(N, C, h, w) to (N, channels, h', w'); ``size`` is passed to a convolution that enlarges."""
        x = self.convolution(x) if size is None else self.convolution(x, size)
        return self.after(self.norm(x, condition))


class DCGANGenerator(nn.Module):
    """Projects noise to a small feature map, which is doubled up to the picture's size.

    Args:
        channels: of the pictures.
        height: of the pictures, 7 or more.
        width: of the pictures, 7 or more.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        latent_dim: length of the noise vector.
        features: channels before the last doubling; twice as many at each coarser size.
        max_features: upper limit of channels at any size.
        depth: convolutions at each size.
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
        latent_dim: int = 100,
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
        self.widths = widths = doubling(len(self.sizes) - 1, features, max_features)
        self.input = LatentInput(latent_dim, num_classes, condition_dim, conditioning, embedding)
        self.conditional = self.input.conditional
        bias = norm in ("pixel", "none")

        def block(convolution: nn.Module, after: int, attends: bool = False) -> Block:
            return Block(
                convolution,
                after,
                norm=norm,
                condition_width=self.input.condition_width,
                slope=slope,
                dropout=dropout,
                attention=attends,
                spectral=spectral_norm,
            )

        def same(wide: int) -> nn.Module:
            return conv(wide, wide, bias=bias, init=small_normal, spectral=spectral_norm)

        attended = nearest_levels(self.sizes[:-1], attention)
        self.base = (widths[0], *self.sizes[0])
        self.project = dense(
            self.input.width,
            widths[0] * self.sizes[0][0] * self.sizes[0][1],
            init=small_normal,
            spectral=spectral_norm,
        )
        self.first = block(nn.Identity(), widths[0], 0 in attended)
        self.levels = nn.ModuleList()
        for i, after in enumerate(widths[1:], start=1):
            up = UpConv(widths[i - 1], after, upsampling, bias=bias, init=small_normal, spectral=spectral_norm)
            blocks = [block(up, after, depth == 1 and i in attended)]
            blocks += [block(same(after), after, j == depth - 1 and i in attended) for j in range(1, depth)]
            self.levels.append(nn.ModuleList(blocks))
        self.paint = UpConv(widths[-1], channels, upsampling, init=small_normal, spectral=spectral_norm)

    def places(self, height: int, width: int) -> list[Place]:
        """After all layers of each size but that of the picture."""
        ends = ["first.after", *(f"levels.{i}.{len(level) - 1}.after" for i, level in enumerate(self.levels))]  # type: ignore[arg-type]
        return [Place(*place) for place in zip(ends, self.widths, self.sizes, strict=False)]

    def resamplings(self) -> list[Resampling]:
        """All but that which gives the picture itself."""
        return [Resampling(f"levels.{i}.0.convolution", True) for i in range(len(self.levels))]

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Noise (N, latent_dim) and labels (N,) or vectors (N, condition_dim) to (N, C, H, W) in [-1, 1], float32.

        Raises:
            UserError: the condition is missing or does not fit.
        """
        z, embedded = self.input(z, condition)
        x = self.project(z).unflatten(1, self.base).contiguous(memory_format=torch.channels_last)
        x = self.first(x, embedded)
        for size, level in zip(self.sizes[1:-1], self.levels, strict=True):
            for i, block in enumerate(cast(nn.ModuleList, level)):
                x = block(x, embedded, size if i == 0 else None)
        return torch.tanh(self.paint(x, self.sizes[-1]).float())


class DCGANDiscriminator(nn.Module):
    """4x4 convolutions of stride 2 until the shorter side is 4 to 6, then one score.

    Args:
        channels: of the pictures.
        height: of the pictures, 7 or more.
        width: of the pictures, 7 or more.
        num_classes: labels 0 to ``num_classes`` - 1; 0 without.
        condition_dim: length of condition vectors, which take precedence over labels; 0 without.
        features: channels after the first halving, doubled by each further one.
        max_features: upper limit of channels at any size.
        depth: convolutions at each size.
        conditioning: ``projection``, ``concat`` or ``none``.
        norm: ``batch``, ``instance``, ``layer``, ``pixel`` or ``none``; the first convolution has none.
        attention: resolutions with self-attention, as shorter sides; the nearest level is taken.
        dropout: probability of a channel to be dropped.
        slope: of the LeakyReLUs.
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
        norm: NormKind = "batch",
        attention: Sequence[int] = (),
        dropout: float = 0.0,
        slope: float = 0.2,
        spectral_norm: bool = False,
        minibatch_std: bool = False,
        sigmoid: bool = False,
    ) -> None:
        super().__init__()
        positive(features=features, max_features=max_features, depth=depth)
        self.sigmoid = sigmoid
        self.sizes = sizes = ladder(height, width)[-2::-1]
        self.widths = widths = doubling(len(sizes), features, max_features)[::-1]
        attended = nearest_levels(sizes, attention)
        self.blocks = nn.ModuleList()
        for i, (before, after) in enumerate(zip([channels, *widths], widths, strict=False)):
            for j in range(depth):
                kind: NormKind = "none" if i == j == 0 else norm
                shape = {"kernel": 4, "stride": 2, "padding": 1} if j == 0 else {}
                layer = conv(
                    after if j else before,
                    after,
                    **shape,
                    bias=kind in ("pixel", "none"),
                    init=small_normal,
                    spectral=spectral_norm,
                )
                self.blocks.append(
                    Block(
                        layer,
                        after,
                        norm=kind,
                        slope=slope,
                        dropout=dropout,
                        attention=j == depth - 1 and i in attended,
                        spectral=spectral_norm,
                    )
                )
        self.depth = depth
        self.head = ScoreHead(
            widths[-1],
            sizes[-1],
            num_classes=num_classes,
            condition_dim=condition_dim,
            conditioning=conditioning,
            minibatch_std=minibatch_std,
            sigmoid=sigmoid,
            slope=slope,
            init=small_normal,
            spectral=spectral_norm,
        )

    def places(self, height: int, width: int) -> list[Place]:
        """After all layers of each size."""
        ends = [f"blocks.{(i + 1) * self.depth - 1}.after" for i in range(len(self.sizes))]
        return [Place(*place) for place in zip(ends, self.widths, self.sizes, strict=True)]

    def resamplings(self) -> list[Resampling]:
        """All but that which sees the picture itself."""
        return [Resampling(f"blocks.{i * self.depth}.convolution", False) for i in range(1, len(self.sizes))]

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) and labels (N,) or vectors (N, condition_dim) to scores (N,).

        Raises:
            UserError: the condition is missing or does not fit.
        """
        for i, block in enumerate(self.blocks):
            x = block(pad_to_even(x) if i % self.depth == 0 else x)
        return self.head(x, condition)
