"""Residual blocks with activations before the convolutions (He et al. 2016b; Miyato et al. 2018, appendix B.4)."""

from torch import Tensor, nn

from impasto.networks.layers.dropout import ChannelDropout
from impasto.networks.layers.ladder import Size
from impasto.networks.layers.linear import conv, he
from impasto.networks.layers.norm import ConditionalNorm, NormKind
from impasto.networks.layers.resample import Repeat, Resize, UpConv, UpsamplingKind


class GeneratorBlock(nn.Module):
    """Norm, activation and 3x3 convolution, twice, beside a 1x1 shortcut; may double the size.

    Args:
        before: channels in.
        after: channels out.
        grows: whether the size is doubled.
        norm: kind of normalisation.
        condition_width: length of the embedded condition, 0 without one.
        upsampling: ``nearest`` or ``transposed``.
        slope: of the LeakyReLU.
        dropout: probability of a channel to be dropped.
        spectral: spectral norm on all layers.
    """

    def __init__(
        self,
        before: int,
        after: int,
        grows: bool,
        *,
        norm: NormKind,
        condition_width: int,
        upsampling: UpsamplingKind,
        slope: float,
        dropout: float,
        spectral: bool,
    ) -> None:
        super().__init__()
        init = he(slope)
        self.norms = nn.ModuleList(ConditionalNorm(norm, c, condition_width, spectral) for c in (before, after))
        self.activation = nn.LeakyReLU(slope)
        self.dropout = ChannelDropout(dropout)
        self.grow = UpConv(before, after, upsampling, init=init, spectral=spectral) if grows else None
        self.keep = None if grows else conv(before, after, init=init, spectral=spectral)
        self.refine = conv(after, after, init=init, spectral=spectral)
        straight = before == after and not grows
        self.shortcut = nn.Identity() if straight else conv(before, after, 1, init=he(1.0), spectral=spectral)
        self.repeat: nn.Module = Repeat()

    def forward(self, x: Tensor, condition: Tensor | None, size: Size) -> Tensor:
        """(N, before, h, w) to (N, after, *size)."""
        y = self.activation(self.norms[0](x, condition))
        if self.grow is not None:
            y = self.grow(y, size)
        elif self.keep is not None:
            y = self.keep(y)
        y = self.refine(self.dropout(self.activation(self.norms[1](y, condition))))
        # The 1x1 convolution and the repetition commute; this way round there is a quarter of the work.
        return y + self.repeat(self.shortcut(x), size)


class DiscriminatorBlock(nn.Module):
    """Activation and 3x3 convolution, twice, beside a 1x1 shortcut; may halve the size.

    Args:
        before: channels in.
        after: channels out.
        first: the input is the picture itself, which must not be rectified.
        shrinks: whether the size is halved.
        norm: kind of normalisation; the first block has none.
        slope: of the LeakyReLU.
        dropout: probability of a channel to be dropped.
        spectral: spectral norm on all layers.
    """

    def __init__(
        self,
        before: int,
        after: int,
        *,
        first: bool,
        shrinks: bool,
        norm: NormKind,
        slope: float,
        dropout: float,
        spectral: bool,
    ) -> None:
        super().__init__()
        kind: NormKind = "none" if first else norm
        self.shrinks = shrinks
        self.residual = nn.Sequential(
            *([] if first else [ConditionalNorm(kind, before), nn.LeakyReLU(slope)]),
            conv(before, after, init=he(slope), spectral=spectral),
            ConditionalNorm(kind, after),
            nn.LeakyReLU(slope),
            ChannelDropout(dropout),
            conv(after, after, init=he(slope), spectral=spectral),
        )
        straight = before == after and not shrinks
        self.shortcut = nn.Identity() if straight else conv(before, after, 1, init=he(1.0), spectral=spectral)
        self.shrink: nn.Module = Resize()

    def forward(self, x: Tensor, size: Size) -> Tensor:
        """(N, before, H, W) to (N, after, *size)."""
        return self.shrink(self.residual(x), size) + self.shortcut(self.shrink(x, size))
