"""What sprites show, told by the nearest of all characters that the code can draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.opacity import OPAQUE_FROM
from impasto.data.sources.sprites import on_canvas
from impasto.procedural.sprites import COLORS, HELD, KINDS, Sprite, all_sprites, draw_sprite

ATTRIBUTES: Final = ("kind", "color", "held")


def asked_for(caption: str) -> dict[str, str] | None:
    """The attributes that a caption such as "red knight with sword" names; None if it is no such sentence."""
    words = caption.lower().split()
    if len(words) == 2:
        words += ["with", "nothing"]
    if len(words) != 4 or words[0] not in COLORS or words[1] not in KINDS or words[3] not in HELD:
        return None
    return {"color": words[0], "kind": words[1], "held": words[3]}


@dataclass(frozen=True)
class Drawings:
    """Every character at the size of the pictures that are read.

    Attributes:
        side: pixels of a picture's sides.
    """

    side: int

    @cached_property
    def sprites(self) -> list[Sprite]:
        """What each drawing shows."""
        return list(all_sprites())

    @cached_property
    def pictures(self) -> Tensor:
        """uint8 (K, 4, side, side)."""
        drawn = np.stack([on_canvas(draw_sprite(sprite), self.side) for sprite in self.sprites])
        return torch.from_numpy(drawn).movedim(-1, 1).contiguous()

    def nearest(self, sprites: Tensor) -> Tensor:
        """Of each sprite, uint8 (N, 4, side, side), the position of the drawing that differs least: (N,)."""
        known = self.pictures.flatten(1).float()
        own = (known**2).sum(1)
        # Without the sprite's own square, which is the same for all drawings.
        return torch.cat([(own - 2 * some.flatten(1).float() @ known.T).argmin(1) for some in sprites.split(256)])


def agreement(found: Sequence[Sprite], asked: Sequence[dict[str, str]]) -> Tensor:
    """Whether sprites show what was asked for: (N, 4) of 0 and 1, kind, colour, what is held, and all that was asked.

    An attribute that was not asked for counts as right.
    """
    rows = [
        [float(getattr(seen, name) == wanted.get(name, getattr(seen, name))) for name in ATTRIBUTES]
        for seen, wanted in zip(found, asked, strict=True)
    ]
    each = torch.tensor(rows)
    return torch.cat([each, each.prod(1, keepdim=True)], 1)


def differences(sprites: Tensor, drawings: Tensor) -> Tensor:
    """How far sprites are from drawings: (N, 2), over all pixels and over the rim of the sprite alone.

    Args:
        sprites: uint8 (N, 4, H, W).
        drawings: likewise.

    Returns:
        Mean absolute difference over the four channels in levels of 255; and over colours of pixels of the body that
        touch what is clear, where the drawing is opaque too.
    """
    apart = (sprites.float() - drawings.float()).abs()
    body, drawn = (each[:, 3:] >= OPAQUE_FROM for each in (sprites, drawings))
    beside = F.max_pool2d((~body).float(), 3, 1, 1) > 0
    rim = (body & beside & drawn).float()
    of_rim = (apart[:, :3].mean(1, keepdim=True) * rim).sum((1, 2, 3)) / rim.sum((1, 2, 3)).clamp_min(1)
    return torch.stack([apart.mean((1, 2, 3)), of_rim], 1)
