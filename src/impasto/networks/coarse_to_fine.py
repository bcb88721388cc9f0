"""The coarse-to-fine generator of pix2pixHD, global generator and local enhancer (Wang et al. 2018, section 3.1)."""

from collections.abc import Iterator
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Count
from impasto.networks.layers.norm import NormKind
from impasto.networks.layers.placed import Drift
from impasto.networks.orientation import noise_of
from impasto.networks.patchgan import halved
from impasto.networks.places import Place
from impasto.networks.resnet_translation import (
    Init,
    ResidualBlock,
    Upsampling,
    activation,
    down,
    initialise,
    small_weights,
    up,
)

GRAINS: Final = ("coarse", "enhancer")
"""Whose strengths of noise on pixels there are."""
FAR: Final = 2**20
"""Pixels between the places from which the noises of two channels, or of two pictures of a batch, are taken."""


class CoarseToFineGenerator(nn.Module):
    """Paints (N, C, H, W) in [-1, 1] from pictures or label maps of the same size.

    The global generator works at half size. The enhancer takes the full size, halves it once, adds the features that
    the global one ends with, and goes on at half and at full size. Borders are reflected, where published code has
    zeros in strided convolutions.

    Args:
        channels: of the pictures that it paints.
        given_channels: of what it paints from; None takes ``channels``.
        features: channels of the global generator's first convolution, doubled by each halving; half as many in the
            enhancer.
        halvings: how often the global generator halves its size.
        blocks: its residual blocks.
        enhancer_blocks: residual blocks of the enhancer; 0 leaves the enhancer out, and the global generator works at
            full size.
        norm: instance (as published), batch, layer, pixel or none.
        upsampling: transposed convolutions (as published), or bilinear before a convolution.
        init: of the weights, see :func:`~impasto.networks.resnet_translation.initialise`.
        init_gain: likewise; 0.02 in the published code.
        fast: on a CPU compute the same function faster, with other rounding.
        noise: both generators also get a channel of noise, from which they can make texture where a label map is flat,
            and add noise to each pixel that they paint, with a strength that is learnt by channel; not as published.
            It is drawn in training, and belongs to places in painting.

    Attributes:
        alone: the global generator paints at half size and is enlarged, for the first stage of training.
        place: row and column at which the part that is painted next lies in its picture.
        drift: in a clip, where noise is drawn instead.

    Raises:
        UserError: no halving, or too few features.
    """

    def __init__(
        self,
        channels: int = 3,
        given_channels: int | None = None,
        features: Count = 64,
        halvings: int = 4,
        blocks: int = 9,
        enhancer_blocks: int = 3,
        norm: NormKind = "instance",
        upsampling: Upsampling = "transposed",
        init: Init = "normal",
        init_gain: float = 0.02,
        fast: bool = False,
        noise: bool = False,
    ) -> None:
        super().__init__()
        if halvings < 1 or features < 2:
            raise UserError(f"model.generator has halvings={halvings} and features={features}: give 1 and 2 or more.")
        given = (given_channels or channels) + noise
        self.noise, self.place = noise, (0, 0)
        self.drift: Drift | None = None
        self.start = norm, init, init_gain
        self.widths = widths = [features * 2**i for i in range(halvings + 1)]
        self.halvings, self.blocks, self.enhancer_blocks = halvings, blocks, enhancer_blocks
        self.coarse = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(given, features, 7),
            *activation(features, norm, fast),
            *(layer for i in range(halvings) for layer in down(widths[i], widths[i + 1], norm, False, fast)),
            *(ResidualBlock(widths[-1], norm, 0.0, fast) for _ in range(blocks)),
            *(
                layer
                for i in reversed(range(halvings))
                for layer in up(widths[i + 1], widths[i], norm, upsampling, fast)
            ),
        )
        self.coarse_end = ending(features, channels)
        self.has_enhancer = enhancer_blocks > 0
        if self.has_enhancer:
            narrow = features // 2
            self.enhancer_down = nn.Sequential(
                nn.ReflectionPad2d(3),
                nn.Conv2d(given, narrow, 7),
                *activation(narrow, norm, fast),
                *down(narrow, features, norm, False, fast),
            )
            self.enhancer_up = nn.Sequential(
                *(ResidualBlock(features, norm, 0.0, fast) for _ in range(enhancer_blocks)),
                *up(features, narrow, norm, upsampling, fast),
                *ending(narrow, channels),
            )
        initialise(self, init_gain, init)
        # Grain of single pixels, which would have to come through maps of half the size otherwise.
        self.grain = nn.ParameterDict({name: nn.Parameter(torch.zeros(channels)) for name in GRAINS if noise})
        self.stride = 2 ** (halvings + self.has_enhancer)
        self.smallest = 2 * self.stride  # a border of 1 is reflected at the smallest size
        self.alone = False

    def get_extra_state(self) -> Tensor:
        """Whether the global generator is :attr:`alone`."""
        return torch.tensor(self.alone)

    def set_extra_state(self, state: Tensor) -> None:
        """The inverse."""
        self.alone = bool(state)

    def places(self, height: int, width: int) -> list[Place]:
        """After the middle block of the global generator, and of the enhancer."""
        first, last = 4 + 4 * self.halvings, self.widths[-1]
        small = 2 ** (self.halvings + self.has_enhancer)
        found = [Place(f"coarse.{first - 1 + (self.blocks + 1) // 2}", last, (height // small, width // small))]
        if self.has_enhancer:
            middle = (self.enhancer_blocks - 1) // 2
            found.append(Place(f"enhancer_up.{middle}", self.widths[0], (height // 2, width // 2)))
        return found

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Doubt small initial weights that no normalisation makes up for."""
        yield from small_weights(parts.key_of(self), *self.start)

    def coarse_parameters(self) -> Iterator[nn.Parameter]:
        """Parameters of the global generator, which the first stage trains and the second leaves as they are."""
        yield from self.coarse.parameters()
        yield from self.coarse_end.parameters()
        yield from (strength for name, strength in self.grain.items() if name == "coarse")

    def paint_coarse(self, images: Tensor, cell: int = 1) -> Tensor:
        """The global generator alone: (N, given_channels, h, w) to (N, channels, h, w) of the same size.

        Args:
            images: see above.
            cell: pixels of the picture to a pixel of these.
        """
        painted = self.coarse_end(self.coarse(self.with_noise(images, cell)))
        return torch.tanh(self.with_grain(painted, "coarse", cell).float())

    def with_noise(self, images: Tensor, cell: int = 1) -> Tensor:
        """What is given (N, C, h, w), with the channel of noise behind it if there is one; ``cell`` as above."""
        return torch.cat([images, self.drawn(images, 0, cell)], 1) if self.noise else images

    def with_grain(self, painted: Tensor, name: str, cell: int = 1) -> Tensor:
        """What is painted (N, C, h, w), with noise on each of its channels if there is any; ``cell`` as above."""
        if not self.noise:
            return painted
        noise = torch.cat([self.drawn(painted, 1 + i, cell) for i in range(painted.shape[1])], 1)
        return painted + self.grain[name][:, None, None].to(painted.dtype) * noise

    def drawn(self, like: Tensor, channel: int, cell: int) -> Tensor:
        """Noise (N, 1, h, w) for maps (N, C, h, w); another one for each channel, and for each picture of a batch."""
        height, width = like.shape[2:]
        if self.training and self.drift is None:
            return torch.randn(len(like), 1, height, width, device=like.device).to(like.dtype)
        top, left = self.place[0], self.place[1] + channel * FAR
        if self.drift is not None:  # which says where by picture
            noise = noise_of((top, left), cell, height, width, self.drift, like.device)
            return noise.expand(len(like), -1, -1, -1).to(like.dtype)
        places = ((top + i * FAR, left) for i in range(len(like)))
        return torch.cat([noise_of(at, cell, height, width, None, like.device) for at in places]).to(like.dtype)

    def forward(self, images: Tensor) -> Tensor:
        """(N, given_channels, H, W) to (N, channels, H, W).

        Raises:
            UserError: H or W is not a multiple of :attr:`stride`, or too small.
        """
        height, width = images.shape[-2:]
        if height % self.stride or width % self.stride or min(height, width) < self.smallest:
            nearest = [max(round(side / self.stride) * self.stride, self.smallest) for side in (height, width)]
            raise UserError(
                f"This generator takes pictures whose sides are multiples of {self.stride} and at least "
                f"{self.smallest} pixels, not {height}x{width} (height x width): choose another size, such as "
                f"data.image_size=[{nearest[0]},{nearest[1]}], or fewer model.generator.halvings."
            )
        if not self.has_enhancer:
            return self.paint_coarse(images)
        small = halved(images)
        if self.alone:
            return F.interpolate(self.paint_coarse(small, 2), (height, width), mode="bilinear", align_corners=False)
        features = self.enhancer_down(self.with_noise(images)) + self.coarse(self.with_noise(small, 2))
        return torch.tanh(self.with_grain(self.enhancer_up(features), "enhancer").float())


def ending(features: int, channels: int) -> nn.Sequential:
    """The last convolution."""
    return nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(features, channels, 7))
