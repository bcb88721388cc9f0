"""The generator that repaints a picture: strided convolutions, residual blocks, up again.

Johnson et al. 2016, as CycleGAN (Zhu et al. 2017) and CUT (Park et al. 2020) use it, with CUT's blurred down-sampling
and bilinear up-sampling, which leave no checkerboard.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Count
from impasto.networks.layers.blur import BlurDown
from impasto.networks.layers.dropout import ChannelDropout
from impasto.networks.layers.norm import InstanceNorm, NormKind, normalisation_of
from impasto.networks.layers.winograd import WinogradConv2d
from impasto.networks.places import Place

Upsampling = Literal["bilinear", "transposed"]
Init = Literal["xavier", "normal"]


class TranslationGenerator(nn.Module):
    """Repaints (N, C, H, W) in [-1, 1]; H and W must be multiples of ``stride``.

    Layers are numbered as in CUT's published code, so that its NCE layers 0, 4, 8, 12, 16 mean the same here: 0 the
    padded picture, 4 and 8 the convolutions before each down-sampling, 12 and 16 the first and the fifth block.

    Args:
        channels: of the pictures that it paints.
        given_channels: of the pictures that it repaints; None takes ``channels``.
        features: channels after the first convolution; four times as many in the blocks.
        blocks: residual blocks; 9 as published, 6 for pictures of 128 pixels.
        norm: instance (as published), batch (the same function at any picture size), layer, pixel or none.
        dropout: share of channels dropped inside the blocks.
        antialias: blur before down-sampling (Zhang 2019), at twice the cost of the strided convolution without.
        residual: add the network's output to the picture, so that training starts from the picture itself.
        upsampling: bilinear before a convolution (CUT), or transposed convolutions (CycleGAN), which are faster and may
            leave a checkerboard.
        init: of the weights, see :func:`initialise`.
        init_gain: of the weights at the start, see :func:`initialise`; CUT's published code has 0.02.
        fast: on a CPU compute the same function faster, with other rounding: Winograd's algorithm for the convolutions
            of the blocks, and norms that keep the memory format.

    Raises:
        UserError: ``residual`` with different numbers of channels in and out.
    """

    stride = 4
    smallest = 16

    def __init__(
        self,
        channels: int = 3,
        given_channels: int | None = None,
        features: Count = 64,
        blocks: int = 9,
        norm: NormKind = "instance",
        dropout: float = 0.0,
        antialias: bool = True,
        residual: bool = False,
        upsampling: Upsampling = "bilinear",
        init: Init = "xavier",
        init_gain: float = 1.0,
        fast: bool = False,
    ) -> None:
        super().__init__()
        given_channels = given_channels or channels
        if residual and given_channels != channels:
            raise UserError(
                f"residual=true adds what is painted ({channels} channels) to what is given ({given_channels}): set "
                "model.generator.residual=false."
            )
        self.given_channels, self.residual = given_channels, residual
        self.start = norm, init, init_gain
        wide = features * 4
        self.features, self.blocks = features, blocks
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(given_channels, features, 7),
            *activation(features, norm, fast),
            *down(features, features * 2, norm, antialias, fast),
            *down(features * 2, wide, norm, antialias, fast),
            *(ResidualBlock(wide, norm, dropout, fast) for _ in range(blocks)),
            *up(wide, features * 2, norm, upsampling, fast),
            *up(features * 2, features, norm, upsampling, fast),
            nn.ReflectionPad2d(3),
            nn.Conv2d(features, channels, 7),
        )
        initialise(self, init_gain, init)
        if residual:
            nn.init.normal_(self.layers[-1].weight, std=1e-3)  # type: ignore[arg-type]

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Doubt small initial weights that no normalisation makes up for."""
        yield from small_weights(parts.key_of(self), *self.start)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to the same shape and range.

        Raises:
            UserError: H or W is not a multiple of :attr:`stride`, or too small for the reflected border.
        """
        height, width = images.shape[-2:]
        if height % self.stride or width % self.stride or min(height, width) < self.smallest:
            nearest = [max(round(side / self.stride) * self.stride, self.smallest) for side in (height, width)]
            raise UserError(
                f"This generator takes pictures whose sides are multiples of {self.stride} and at least "
                f"{self.smallest} pixels, not {height}x{width} (height x width): choose another size, such as "
                f"data.image_size=[{nearest[0]},{nearest[1]}]."
            )
        painted = self.layers(images).float()  # half precision has few levels near black and white
        if self.residual:
            # atanh keeps tanh(atanh(x)) = x, and its slope finite at white and black
            painted = painted + torch.atanh(images.float().clamp(-0.98, 0.98))
        return torch.tanh(painted)

    def places(self, height: int, width: int) -> list[Place]:
        """Before each down-sampling, after the middle block, and after each up-sampling; layers keep their numbers."""
        sizes = [(height // k, width // k) for k in (1, 2, 4)]
        first_up = 12 + self.blocks
        at = [(4, 1, 0), (8, 2, 1), (11 + (self.blocks + 1) // 2, 4, 2), (first_up + 4, 2, 1), (first_up + 8, 1, 0)]
        before = (4, 8, first_up + 4, first_up + 8)
        return [Place(f"layers.{i}", self.features * wide, sizes[k], i in before) for i, wide, k in at]

    def widths(self, layers: Sequence[int]) -> list[int]:
        """Channels that :meth:`activations` gives for these layers, in ascending order of the layer.

        Raises:
            UserError: a layer that is not there.
        """
        if not layers or min(layers) < 0 or max(layers) >= len(self.layers):
            raise UserError(f"term.nce.layers={list(layers)}: this generator's layers are 0 to {len(self.layers) - 1}.")
        with torch.no_grad():
            device = next(self.parameters()).device
            probe = torch.zeros(1, self.given_channels, self.smallest, self.smallest, device=device)
            return [f.shape[1] for f in self.activations(probe, layers)]

    def activations(self, images: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """What the given layers see: one (N, C', H', W') each, in ascending order of the layer.

        Args:
            images: (N, C, H, W) in [-1, 1].
            layers: numbers of layers, see the class.
        """
        wanted, found, x = set(layers), [], images
        if (insertion := getattr(self, "insertion", None)) is not None:
            insertion.tell({"images": images})
        for number, layer in enumerate(self.layers[: max(wanted) + 1]):
            # in place, it would rectify what has been kept of the layer before
            x = F.relu(x) if isinstance(layer, nn.ReLU) else layer(x)
            if number in wanted:
                found.append(x)
        return found


class ResidualBlock(nn.Module):
    """x + convolution, norm, ReLU, convolution, norm; the picture's border reflected (He et al. 2016; Johnson 2016)."""

    def __init__(self, width: int, norm: NormKind, dropout: float, fast: bool = False) -> None:
        super().__init__()
        first, second = (WinogradConv2d(width, width) if fast else nn.Conv2d(width, width, 3) for _ in range(2))
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            first,
            *activation(width, norm, fast),
            *([ChannelDropout(dropout)] if dropout else []),
            nn.ReflectionPad2d(1),
            second,
            normalisation(width, norm, fast),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return x + self.layers(x)


def normalisation(width: int, norm: NormKind, fast: bool = False) -> nn.Module:
    """A fresh normalisation layer for ``width`` channels; instance norm learns nothing, as published."""
    if norm == "instance":
        return InstanceNorm(keep_layout=fast)
    return normalisation_of(norm, width, affine=True)


def activation(width: int, norm: NormKind, fast: bool = False) -> list[nn.Module]:
    """Normalisation and ReLU."""
    return [normalisation(width, norm, fast), nn.ReLU(inplace=True)]


def reflected(before: int, after: int, stride: int = 1) -> nn.Conv2d:
    """A 3 x 3 convolution with reflected borders: zeros around a picture would show as a painted frame."""
    return nn.Conv2d(before, after, 3, stride, padding=1, padding_mode="reflect")


def down(before: int, after: int, norm: NormKind, antialias: bool, fast: bool = False) -> list[nn.Module]:
    """Halve the size; always in four layers, so that layer numbers stay the same."""
    if antialias:
        return [reflected(before, after), *activation(after, norm, fast), BlurDown()]
    return [reflected(before, after, stride=2), *activation(after, norm, fast), nn.Identity()]


def up(
    before: int, after: int, norm: NormKind, upsampling: Upsampling = "bilinear", fast: bool = False
) -> list[nn.Module]:
    """Double the size; always in four layers. Bilinear is the kernel [1, 3, 3, 1] of CUT's up-sampling.

    Raises:
        UserError: another kind of up-sampling.
    """
    if upsampling == "bilinear":
        bilinear = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        return [bilinear, reflected(before, after), *activation(after, norm, fast)]
    if upsampling == "transposed":
        transposed = nn.ConvTranspose2d(before, after, 3, 2, padding=1, output_padding=1)
        return [nn.Identity(), transposed, *activation(after, norm, fast)]
    raise UserError(f"upsampling={upsampling} is not known; choose bilinear or transposed.")


def small_weights(key: str, norm: str, init: Init, gain: float) -> Iterator[Doubt]:
    """A doubt about weights so small that signals fade if no normalisation follows.

    Args:
        key: of the network in the configuration.
        norm: its kind of normalisation.
        init: distribution of the weights.
        gain: of the weights, see :func:`initialise`.
    """
    if norm == "none" and init == "xavier" and 0 < gain < 0.1:
        yield Doubt(
            f"{key}.init_gain",
            f"{key}.init_gain={gain} with norm=none: nothing makes up for such small weights, and signals fade from "
            f"layer to layer; set {key}.init_gain=1.",
        )


def initialise(network: nn.Module, gain: float = 1.0, init: Init = "xavier") -> None:
    """Draw the weights of convolutions and dense layers anew, and set their biases to zero.

    Args:
        network: all its layers.
        gain: with ``xavier`` (Glorot and Bengio 2010) a factor on the weights: with 1 signals keep their size, with the
            0.02 of CUT's published code they fade, so that a normalisation has to follow each layer. With ``normal``
            the deviation of the weights, 0.02 in the published code of pix2pix and CycleGAN.
        init: ``xavier`` or ``normal``.

    Raises:
        UserError: another distribution.
    """
    if init not in get_args(Init):
        raise UserError(f"init={init} is not known; choose {' or '.join(get_args(Init))}.")
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_normal_(module.weight, gain) if init == "xavier" else nn.init.normal_(module.weight, 0, gain)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
