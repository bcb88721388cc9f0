"""Painting any picture in any style: styles are encoded once, mixed, and baked into an ordinary painter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import torch
from torch import Tensor

from impasto.networks.any_style import AnyStyleGenerator
from impasto.networks.layers.modulated import StyleInput
from impasto.painters.painter import Painter

LOW_RANK: Final = {"up": 1, "down": 0}
"""Kinds of deltas that are factors of a product, with the axis along which its rank runs."""


@dataclass(frozen=True)
class PaintStyle:
    """What the generator is told of a style.

    Attributes:
        code: (D,).
        deltas: what an adapter adds to the generator's layers, by ``LAYER.KIND``; empty for a style that was encoded.
    """

    code: Tensor
    deltas: Mapping[str, Tensor] = field(default_factory=dict)


class StylePainter(Painter):
    """Maps content and style to pictures; takes ``content`` and ``style``, of which the latter may be codes (N, D).

    Attributes:
        neutral: the mean code of photographs (D,), away from which a style is made stronger; None if it is not known.
    """

    neutral: Tensor | None = None

    @property
    def generator(self) -> AnyStyleGenerator:
        """The network."""
        return cast(AnyStyleGenerator, self.network)

    @torch.no_grad()
    def encode(self, pictures: Sequence[Tensor]) -> PaintStyle:
        """The style of one or several pictures (1, C, h, w) in [-1, 1] of any sizes: the mean of their codes."""
        codes = [self.generator.encoder(picture.to(self.device)) for picture in pictures]
        return PaintStyle(torch.cat(codes).mean(0))

    def in_style(self, style: PaintStyle) -> Painter:
        """An ordinary painter that takes content alone and paints in one style."""
        fixed = self.generator.fixed(StyleInput(style.code[None], style.deltas))
        painter = Painter(
            fixed, self.gives, ("content",), self.content, given_part=self.given_part, painted_part=self.painted_part
        )
        painter.origin, painter.trained_against = self.origin, self.trained_against
        return painter.eval().requires_grad_(False)


def mix(styles: Sequence[tuple[PaintStyle, float]]) -> PaintStyle:
    """A style between others: sums of codes and deltas by weight, the weights scaled to a sum of 1.

    Products of low rank are summed as products: their factors are put side by side, so that the rank grows.

    Args:
        styles: each with its weight, of which the sum is not 0.
    """
    total = sum(weight for _, weight in styles)
    code = torch.stack([style.code * (weight / total) for style, weight in styles]).sum(0)
    deltas: dict[str, Tensor] = {}
    for style, weight in styles:
        for name, delta in style.deltas.items():
            kind = name.rpartition(".")[2]
            share = delta if kind == "down" else delta * (weight / total)
            if name not in deltas:
                deltas[name] = share
            elif kind in LOW_RANK:
                deltas[name] = torch.cat([deltas[name], share], LOW_RANK[kind])
            else:
                deltas[name] = deltas[name] + share
    return PaintStyle(code, deltas)
