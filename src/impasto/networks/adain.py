"""Adaptive instance normalisation: the generator of Huang and Belongie 2017."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import torch
from torch import Tensor, nn

from impasto.networks.any_style import with_fixed_code
from impasto.networks.layers.modulated import StyleInput
from impasto.networks.layers.norm import InstanceNorm
from impasto.networks.pretrained.chooser import ENCODER, LazyFeatureMaps, check_at_hand, choose

EPS: Final = 1e-5
"""Added to variances."""


@dataclass(frozen=True)
class Encoder:
    """Which part of a pretrained network encodes pictures.

    Attributes:
        layers: whose statistics say what a style is; the last, at an eighth of the size, is decoded.
        channels: of the last.
    """

    layers: tuple[int, ...]
    channels: int


ENCODERS: Final = {"vgg19": Encoder((1, 6, 11, 20), 512), "efficientnet_lite0": Encoder((0, 2, 4), 40)}
"""By name: relu1_1 to relu4_1, as published, and the blocks of the stand-in down to the same size."""


class AdaINGenerator(nn.Module):
    """A frozen pretrained encoder, whose deepest features get the style's means and deviations, and a decoder.

    The decoder mirrors VGG19 up to relu4_1: nearest upsampling, 3 x 3 convolutions with reflected borders, no norms
    (Huang and Belongie 2017, section 6). It is all that is trained and saved; weights that are loaded say which
    encoder they belong to. The style code is means and deviations, so that mixing codes mixes features.

    Args:
        channels: of the pictures.
        encoder: ``vgg19``, as published, ``efficientnet_lite0``, or ``auto``: the first whose weights can be had.
        features: channels of the decoder at full size, doubled at a half and a quarter of it; 64 is published.

    Attributes:
        code: length of the style code.
        palette_length: 0, as the code has no palette of its own.
        reach: pixels from which a pixel of the painting may depend on one of the content, given its statistics.

    Raises:
        UserError: no such encoder, or its weights cannot be had.
    """

    stride = 8
    smallest = 16
    palette_length = 0
    brush = 1.0
    reach = 72

    def __init__(self, channels: int = 3, encoder: str = "auto", features: int = 64) -> None:
        super().__init__()
        self.channels, self.features = channels, features
        self.norm = InstanceNorm(eps=EPS)
        self.fixed_code: Tensor | None
        self.register_buffer("fixed_code", None)
        self.look_through(choose(ENCODER, encoder))

    def look_through(self, name: str) -> None:
        """Take a pretrained network as the encoder, and make a new decoder for it."""
        check_at_hand(ENCODER, name)
        self.network_name, self.layers = name, ENCODERS[name].layers
        self.network = LazyFeatureMaps(name)
        self.code = 2 * ENCODERS[name].channels
        self.decoder = decoder(ENCODERS[name].channels, self.features, self.channels)

    def maps(self, images: Tensor) -> list[Tensor]:
        """The encoder's features of pictures (N, C, H, W) in [-1, 1]: one (N, K, h, w) for each layer, float32."""
        return [m.float() for m in self.network.on(images.device).maps(images, self.layers)]

    def encoder(self, images: Tensor) -> Tensor:
        """Means and deviations of the deepest features of pictures (N, C, H, W): (N, D)."""
        return torch.cat(means_and_deviations(self.maps(images)[-1]), 1)

    def told(self, features: Tensor, code: Tensor) -> Tensor:
        """Features (N, K, h, w) with the means and deviations of a code (N or 1, D) instead of their own (equation 8).

        Deviations below 0, which only a code that was extrapolated has, count as 0.
        """
        means, deviations = code.float().chunk(2, 1)
        return self.norm(features) * deviations.clamp_min(0)[..., None, None] + means[..., None, None]

    def forward(self, content: Tensor, style: Tensor | None = None) -> Tensor:
        """Paint pictures in the styles of others.

        Args:
            content: (N, C, H, W) in [-1, 1]; H and W are multiples of 8.
            style: (N, C, h, w) in [-1, 1], pictures in the styles; or (N, D) or (1, D), their codes. None for a copy
                that :meth:`fixed` made for one style.

        Returns:
            (N, C, H, W), not bounded, as published.
        """
        code = self.fixed_code if style is None else style if style.dim() == 2 else self.encoder(style)
        assert code is not None
        painted: Tensor = self.decoder(self.told(self.maps(content)[-1], code))
        return painted

    @torch.no_grad()
    def fixed(self, style: StyleInput) -> "AdaINGenerator":
        """A copy that paints in one style: called with content alone.

        Raises:
            UserError: the style is more than a code.
        """
        refusal = "AdaIN is told a style by a code alone, and takes no adapters: use a base of model=style."
        return with_fixed_code(self, style, refusal)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """As in torch; first, take the encoder that the weights were trained with, which ``auto`` may have missed."""
        first = state_dict.get(f"{prefix}decoder.0.weight")
        width = None if first is None or first.dim() != 4 else first.shape[1]
        own = next((name for name, encoder in ENCODERS.items() if encoder.channels == width), self.network_name)
        if own != self.network_name:
            old = next(self.parameters())
            self.look_through(own)
            self.decoder.to(old.device)
        super()._load_from_state_dict(state_dict, prefix, *others)


def means_and_deviations(features: Tensor) -> tuple[Tensor, Tensor]:
    """Of the features of each picture over all places: (N, C, H, W) to two (N, C)."""
    means = features.mean((2, 3))
    # Not `var`, which is several times slower in channels-last.
    variances = (features.square().mean((2, 3)) - means.square()).clamp_min(0)
    return means, (variances + EPS).sqrt()


def decoder(before: int, features: int, channels: int) -> nn.Sequential:
    """From features (N, before, h, w) to pictures (N, channels, 8 h, 8 w)."""
    full, half, quarter = features, 2 * features, 4 * features
    levels = [[before, quarter], [quarter] * 4 + [half], [half, half, full], [full, full, channels]]
    layers: list[nn.Module] = []
    for level in levels:
        if layers:
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        for size, after in pairwise(level):
            layers += [nn.Conv2d(size, after, 3, padding=1, padding_mode="reflect"), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
