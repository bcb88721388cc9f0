"""The generator that paints any picture in any style."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Final, Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.ranges import AtLeastOne
from impasto.networks.layers.modulated import GAIN, ModulatedConv2d, StyleInput
from impasto.networks.layers.palette import PaletteMatch, palette_length
from impasto.networks.layers.placed import Drift
from impasto.networks.layers.resample import unshuffled
from impasto.networks.orientation import MAPS, NOISES, REACH, noise_of, orientation_maps, stroke_noise
from impasto.networks.style_encoder import StyleEncoder

POOLED: Final = (2.0, 1.5, 1.35, 1.15)
"""By which means over 2 x 2 places of the noises are multiplied, for unit variance."""
HALF: Final = 0.5
"""By which what a block adds is multiplied."""


class StyleGenerator(nn.Module):
    """A style encoder, a content encoder, and a decoder whose convolutions are all modulated by the style code.

    The decoder also sees along which direction the picture's edges run, and noise drawn out along it, so that strokes
    have somewhere to start and a way to go also where the picture is flat; and the picture in the style's palette.
    There is no other normalisation over the picture, hence no blotches. Most of the work is done at small sizes, and
    maps are made thinner before they are enlarged by interpolation, which is quick and leaves no weave.

    Args:
        channels: of the pictures.
        features: channels at a half, a quarter and further halves of the size.
        blocks: residual blocks of the decoder at each of these sizes.
        last: channels at full size.
        brush: most by which strokes in training are larger or smaller than in the style pictures, of which it is told;
            at least 1, for none. Told at painting, it moves strokes too little to be of use.
        code: length of the style code without the palette.
        hidden: units of the style encoder's perceptron.
        filters: ``modulated``; ``predicted``, where the style scales each tap of a filter; or ``wide``, where a second
            filter is trained beside each and joined with it to paint; see
            :class:`~impasto.networks.layers.modulated.ModulatedConv2d`.

    Attributes:
        code: length of the style code.
        place: row and column at which the part that is painted next lies in its picture, so that its noise is that of
            the whole; in training noise is drawn.
        drift: in a clip, and for what must be the same of a picture that is moved, where noise is drawn instead.
        reach: pixels from which a pixel of the painting may depend on one of the content.
        stride: of which the sides of the content are multiples.
    """

    smallest = 16

    def __init__(
        self,
        channels: int = 3,
        features: Sequence[int] = (24, 48, 96),
        blocks: Sequence[int] = (0, 2, 4),
        last: int = 8,
        brush: AtLeastOne = 1.75,
        code: int = 256,
        hidden: int = 384,
        filters: Literal["modulated", "predicted", "wide"] = "modulated",
    ) -> None:
        super().__init__()
        kind = {"predicted": filters == "predicted", "wide": filters == "wide"}
        self.encoder = StyleEncoder(channels, code, hidden=hidden)
        self.palette = PaletteMatch()
        self.palette_length = palette_length(channels)
        code = self.code = code + self.palette_length
        self.look = nn.Conv2d(channels * 8, features[0], 3, padding=1, padding_mode="reflect")
        self.shrink = nn.ModuleList(
            nn.Conv2d(wide, deep, 3, stride=2, padding=1, padding_mode="reflect") for wide, deep in pairwise(features)
        )
        self.enter = ModulatedConv2d(features[-1] + MAPS + NOISES, features[-1], code, kernel=1, noises=NOISES, **kind)
        self.levels = nn.ModuleList(
            nn.ModuleList(StyleBlock(width, code, **kind) for _ in range(count))
            for width, count in zip(features, blocks, strict=True)
        )
        self.grow = nn.ModuleList(
            ModulatedConv2d(deep, wide, code, noises=NOISES, **kind) for wide, deep in pairwise(features)
        )
        self.merge = nn.ModuleList(
            ModulatedConv2d(width, width, code, noises=NOISES, **kind) for width in features[:-1]
        )
        self.thin = ModulatedConv2d(features[0], last, code, noises=NOISES, **kind)
        self.finish = ModulatedConv2d(last, channels, code, kernel=5, activate=False, **kind)
        self.stride, self.brush = 2 ** len(features), brush
        self.place = 0, 0
        self.drift: Drift | None = None
        self.fixed_code: Tensor | None
        self.register_buffer("fixed_code", None)
        self.reach = 4 * REACH + 4 + sum(2 ** (i + 1) * (2 * count + 4) for i, count in enumerate(blocks))
        for name, module in self.named_modules():
            if isinstance(module, ModulatedConv2d):
                module.name = name

    def forward(self, content: Tensor, style: Tensor | None = None, brush: float = 0.0) -> Tensor:
        """Paint pictures in the styles of others.

        Args:
            content: (N, C, H, W) in [-1, 1]; H and W are multiples of :attr:`stride`.
            style: (N, C, h, w) in [-1, 1], pictures in the styles; or (N, D) or (1, D), their codes. None for a copy
                that :meth:`fixed` made for one style.
            brush: binary logarithm of the size of strokes relative to that in the style pictures.

        Returns:
            (N, C, H, W) in [-1, 1].
        """
        if style is None:
            assert self.fixed_code is not None
            return self.paint(content, StyleInput(self.fixed_code))
        code = style if style.dim() == 2 else self.encoder(style)
        return self.paint(content, StyleInput(code, brush=brush))

    def paint(self, content: Tensor, style: StyleInput) -> Tensor:
        """As :meth:`forward`, told the style by code, deltas and brush."""
        maps, noises = self.guides(content)
        both = torch.cat([content, self.palette(content, style.code[:, -self.palette_length :])], 1)
        both = both.contiguous(memory_format=torch.channels_last)
        x = F.leaky_relu(self.look(unshuffled(both)), 0.2) * GAIN
        seen = [x]
        for shrink in self.shrink:
            seen.append(F.leaky_relu(shrink(seen[-1]), 0.2) * GAIN)
        x = self.enter(torch.cat([seen.pop(), maps.to(x.dtype), noises[-1].to(x.dtype)], 1), style, noises[-1])
        for level in reversed(range(len(self.levels))):
            if level < len(self.levels) - 1:
                x = enlarged(self.grow[level](x, style, noises[level + 1])) + seen[level]
                x = self.merge[level](x, style, noises[level])
            for block in cast(nn.ModuleList, self.levels[level]):
                x = block(x, style, noises[level])
        x = self.finish(enlarged(self.thin(x, style, noises[0])), style)
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
                block = copy.get_submodule(owner)
                share = HALF if isinstance(block, StyleBlock) and last == "second" else 1.0
                setattr(block, last, module.fixed(style).lasting(share))
        for module in copy.modules():
            if isinstance(module, StyleBlock):
                module.share = 1.0  # it is in the weights
        return copy.to(memory_format=torch.channels_last)

    def guides(self, content: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Orientation maps at the smallest size, and noise at a half, a quarter and further halves of the size."""
        n, _, height, width = content.shape
        device = content.device
        if self.training and self.drift is None:
            white, fine = (torch.randn(n, 1, height // k, width // k, device=device) for k in (4, 2))
            place = tuple(torch.randint(2**16, (2,)).tolist())
        else:
            white, fine = (noise_of(self.place, k, height // k, width // k, self.drift, device) for k in (4, 2))
            place = self.place
        maps = orientation_maps(content, 4, (place[0], place[1]))
        noise = stroke_noise(maps, white)
        lines = F.interpolate(noise[:, 1:], scale_factor=2.0, mode="bilinear")
        noises = [torch.cat([fine.expand(n, -1, -1, -1), lines], 1), noise]
        for _ in self.levels[2:]:
            # White noise loses half its deviation, and lines less, as neighbours on them are alike.
            noises.append(F.avg_pool2d(noises[-1], 2) * torch.tensor(POOLED, device=device).view(1, -1, 1, 1))
            maps = F.avg_pool2d(maps, 2)
        return maps, noises


class StyleBlock(nn.Module):
    """Two modulated convolutions around which the input is added."""

    def __init__(self, features: int, code: int, **kind: bool) -> None:
        super().__init__()
        self.first = ModulatedConv2d(features, features, code, noises=NOISES, **kind)
        self.second = ModulatedConv2d(features, features, code, noises=NOISES, activate=False, **kind)
        self.share = HALF

    def forward(self, x: Tensor, style: StyleInput, noise: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        added = self.second(self.first(x, style, noise), style, noise)
        return x + (added if self.share == 1 else self.share * added)


def enlarged(maps: Tensor) -> Tensor:
    """Maps (N, C, H, W) at twice the size, interpolated."""
    return F.interpolate(maps, scale_factor=2.0, mode="bilinear")
