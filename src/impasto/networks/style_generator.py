"""The generator that paints any picture in any style."""

from copy import deepcopy
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.layers.modulated import GAIN, ModulatedConv2d, StyleInput
from impasto.networks.layers.palette import PaletteMatch, palette_length
from impasto.networks.layers.placed import Drift
from impasto.networks.orientation import MAPS, NOISES, REACH, noise_of, orientation_maps, stroke_noise
from impasto.networks.style_encoder import StyleEncoder


class StyleGenerator(nn.Module):
    """A style encoder, a content encoder, and a decoder whose convolutions are all modulated by the style code.

    The decoder also sees along which direction the picture's edges run, and noise drawn out along it, so that strokes
    have somewhere to start and a way to go also where the picture is flat; and the picture in the style's palette.
    There is no other normalisation over the picture, hence no blotches.

    Args:
        channels: of the pictures.
        features: channels at a quarter of the size; half as many at half of it.
        blocks: residual blocks at a quarter of the size.
        code: length of the style code without the palette.
        hidden: units of the style encoder's perceptron.

    Attributes:
        code: length of the style code.
        place: row and column at which the part that is painted next lies in its picture, so that its noise is that of
            the whole; in training noise is drawn.
        drift: in a clip, and for what must be the same of a picture that is moved, where noise is drawn instead.
        reach: pixels from which a pixel of the painting may depend on one of the content.
    """

    stride = 4
    smallest = 16

    def __init__(
        self, channels: int = 3, features: int = 96, blocks: int = 5, code: int = 256, hidden: int = 384
    ) -> None:
        super().__init__()
        half = features // 2
        self.encoder = StyleEncoder(channels, code, hidden=hidden)
        self.palette = PaletteMatch()
        self.palette_length = palette_length(channels)
        code = self.code = code + self.palette_length
        self.look = nn.Conv2d(channels * 8, half, 3, padding=1, padding_mode="reflect")
        self.shrink = nn.Conv2d(half, features, 3, stride=2, padding=1, padding_mode="reflect")
        self.enter = ModulatedConv2d(features + MAPS + NOISES, features, code, kernel=1, noises=NOISES)
        self.blocks = nn.ModuleList(StyleBlock(features, code) for _ in range(blocks))
        self.grow = ModulatedConv2d(features, half, code, noises=NOISES)
        self.refine = ModulatedConv2d(half, half, code, noises=NOISES)
        self.thin = ModulatedConv2d(half, half // 3, code, noises=NOISES)
        self.finish = ModulatedConv2d(half // 3, channels, code, kernel=5, activate=False)
        self.place = 0, 0
        self.drift: Drift | None = None
        self.fixed_code: Tensor | None
        self.register_buffer("fixed_code", None)
        self.reach = 4 * (2 * blocks + REACH) + 8
        for name, module in self.named_modules():
            if isinstance(module, ModulatedConv2d):
                module.name = name

    def forward(self, content: Tensor, style: Tensor | None = None) -> Tensor:
        """Paint pictures in the styles of others.

        Args:
            content: (N, C, H, W) in [-1, 1]; H and W are multiples of 4.
            style: (N, C, h, w) in [-1, 1], pictures in the styles; or (N, D) or (1, D), their codes. None for a copy
                that :meth:`fixed` made for one style.

        Returns:
            (N, C, H, W) in [-1, 1].
        """
        if style is None:
            assert self.fixed_code is not None
            return self.paint(content, StyleInput(self.fixed_code))
        code = style if style.dim() == 2 else self.encoder(style)
        return self.paint(content, StyleInput(code))

    def paint(self, content: Tensor, style: StyleInput) -> Tensor:
        """As :meth:`forward`, told the style by code and deltas."""
        maps, noise, fine = self.guides(content)
        both = torch.cat([content, self.palette(content, style.code[:, -self.palette_length :])], 1)
        x = F.leaky_relu(self.look(F.pixel_unshuffle(both, 2)), 0.2) * GAIN
        x = F.leaky_relu(self.shrink(x), 0.2) * GAIN
        x = self.enter(torch.cat([x, maps.to(x.dtype), noise.to(x.dtype)], 1), style, noise)
        for block in self.blocks:
            x = cast(StyleBlock, block)(x, style, noise)
        x = self.grow(F.interpolate(x, scale_factor=2.0, mode="nearest"), style, fine)
        x = self.thin(self.refine(x, style, fine), style, fine)
        x = self.finish(F.interpolate(x, scale_factor=2.0, mode="bilinear"), style)
        return torch.tanh(x.float())

    @torch.no_grad()
    def fixed(self, style: StyleInput) -> "StyleGenerator":
        """A copy that paints in one style: called with content alone, its convolutions plain."""
        copy = deepcopy(self)
        copy.encoder = nn.Identity()  # type: ignore[assignment]
        copy.fixed_code = style.code.detach().clone()
        for name, module in self.named_modules():
            if isinstance(module, ModulatedConv2d):
                owner, _, last = name.rpartition(".")
                setattr(copy.get_submodule(owner), last, module.fixed(style).lasting())
        return copy

    def guides(self, content: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Orientation maps and noise at a quarter of the size, and noise at half of it."""
        maps = orientation_maps(content, 4)
        n, _, height, width = maps.shape
        if self.training and self.drift is None:
            white, fine = (torch.randn(n, 1, height * k, width * k, device=content.device) for k in (1, 2))
        else:
            white, fine = (
                noise_of(self.place, 4 // k, height * k, width * k, self.drift, content.device) for k in (1, 2)
            )
        noise = stroke_noise(maps, white)
        lines = F.interpolate(noise[:, 1:], scale_factor=2.0, mode="bilinear")
        return maps, noise, torch.cat([fine.expand(n, -1, -1, -1), lines], 1)


class StyleBlock(nn.Module):
    """Two modulated convolutions around which the input is added."""

    def __init__(self, features: int, code: int) -> None:
        super().__init__()
        self.first = ModulatedConv2d(features, features, code, noises=NOISES)
        self.second = ModulatedConv2d(features, features, code, noises=NOISES, activate=False)

    def forward(self, x: Tensor, style: StyleInput, noise: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        return x + 0.5 * self.second(self.first(x, style, noise), style, noise)
