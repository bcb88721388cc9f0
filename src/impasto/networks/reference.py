"""A generator that repaints a picture after a second one, to which it attends."""

from collections.abc import Callable
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.networks.any_style import with_fixed_code
from impasto.networks.build import build_network
from impasto.networks.insertions import MEMORY, Insertion
from impasto.networks.layers.modulated import StyleInput
from impasto.networks.layers.tokens import SIDE, PictureTokens

INPUT: int = 4 * SIDE
"""Pixels of both sides of a reference as it is looked at, which become one vector for each 4 x 4 of them."""


class ReferenceGenerator(nn.Module):
    """Any generator of pictures, whose cross-attention looks at a reference: what is alike is painted alike.

    The reference is 16 x 16 vectors; where they are in it does not count. Its code is all of them one after the other,
    so that it can be mixed, fixed and painted from as the code of a style. Without a reference all vectors are 0, and
    attention adds nothing.

    Args:
        channels: of the pictures that it paints, and of references.
        height: of the pictures.
        width: likewise.
        given_channels: of the pictures that it repaints; None takes ``channels``.
        generator: makes the network, with ``cross_attention`` at one resolution or more.

    Attributes:
        code: length of a reference's code.
        palette_length: 0, as codes have no palette of their own.

    Raises:
        UserError: the network does not attend to the reference.
    """

    palette_length = 0
    brush = 1.0

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        given_channels: int | None = None,
        *,
        generator: Callable[..., nn.Module],
    ) -> None:
        super().__init__()
        spec, given = ImageSpec(channels, height, width), ImageSpec(given_channels or channels, height, width)
        self.network = build_network(generator, spec, given, reference=spec)
        insertion = getattr(self.network, "insertion", None)
        if not isinstance(insertion, Insertion) or not isinstance(insertion.tokens, PictureTokens):
            raise UserError(
                "model.generator.generator attends to no reference: give cross_attention=[32], or other resolutions, "
                "and leave cross_attention_to=given."
            )
        for name in ("stride", "smallest", "reach", "memory_format"):
            if hasattr(self.network, name):
                setattr(self, name, getattr(self.network, name))
        self.code = SIDE * SIDE * MEMORY
        self.fixed_code: Tensor | None
        self.register_buffer("fixed_code", None)

    def encoder(self, references: Tensor) -> Tensor:
        """Codes (N, D) of references (N, C, h, w) in [-1, 1] of any size, brought to a square."""
        small = F.interpolate(references, (INPUT, INPUT), mode="bilinear", antialias=True)
        vectors: Tensor = cast(Any, self.network).insertion.tokens(small)
        return vectors.flatten(1)

    def forward(self, content: Tensor, style: Tensor | None = None) -> Tensor:
        """Paint pictures after references.

        Args:
            content: (N, given_channels, H, W).
            style: references (N, C, h, w) in [-1, 1], or their codes (N, D) or (1, D). None for the one that
                :meth:`fixed` keeps, or for none.

        Returns:
            (N, C, H, W) in [-1, 1].
        """
        style = self.fixed_code if style is None else style
        style = content.new_zeros(1, self.code) if style is None else style
        code = style if style.dim() == 2 else self.encoder(style)
        vectors = code.expand(len(content), -1).unflatten(1, (-1, MEMORY))
        return cast(Tensor, self.network(content, given=vectors))

    @torch.no_grad()
    def fixed(self, style: StyleInput) -> "ReferenceGenerator":
        """A copy that paints after one reference: called with content alone.

        Raises:
            UserError: the style is more than a code.
        """
        refusal = "model=reference paints after pictures and takes no adapters: give a picture as style=."
        return with_fixed_code(self, style, refusal)
