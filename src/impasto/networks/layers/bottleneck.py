"""The residual blocks of R3GAN (Huang et al. 2024, section 3.4), and the layers between their stages."""

from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.networks.layers.dropout import ChannelDropout
from impasto.networks.layers.ladder import positive
from impasto.networks.layers.linear import conv, he
from impasto.networks.layers.norm import ConditionalNorm, NormKind

linear_init = he(1.0)  # N(0, 1 / fan-in): nothing is rectified after these


class ResidualBlock(nn.Module):
    """x + conv1x1(act(grouped conv3x3(act(conv1x1(x))))), inverted bottleneck.

    Args:
        channels: in and out.
        expansion: channels in the middle, as a multiple of ``channels``.
        group: channels that are convolved together in the middle.
        slope: of the LeakyReLUs.
        blocks: residual blocks in the whole network; Fixup scales a branch of m = 3 layers by blocks^(-1 / (2m - 2)).
        condition_width: length of the embedded condition that modulates the branch, 0 without one.
        norm: kind of normalisation at the start of the branch; none in the paper.
        dropout: probability of a channel of the middle to be dropped.
        spectral: spectral norm on all layers. Weights of zero, with which the branch starts otherwise, have none.
    """

    def __init__(
        self,
        channels: int,
        expansion: int,
        group: int,
        slope: float,
        blocks: int,
        condition_width: int = 0,
        norm: NormKind = "none",
        dropout: float = 0.0,
        spectral: bool = False,
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
        self.modulate = ConditionalNorm(norm, channels, condition_width, spectral)
        self.branch = nn.Sequential(
            conv(channels, inner, 1, init=scaled, spectral=spectral),
            nn.LeakyReLU(slope),
            conv(inner, inner, 3, groups=inner // group, init=scaled, spectral=spectral),
            nn.LeakyReLU(slope),
            *([ChannelDropout(dropout)] if dropout else []),
            conv(inner, channels, 1, bias=False, init=scaled if spectral else nn.init.zeros_, spectral=spectral),
        )

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(N, C, H, W) to the same."""
        return x + self.branch(self.modulate(x, condition))


def transition(before: int, after: int, spectral: bool = False) -> nn.Module:
    """The layer between two stages, which changes the number of channels."""
    return nn.Identity() if before == after else conv(before, after, 1, bias=False, init=linear_init, spectral=spectral)
