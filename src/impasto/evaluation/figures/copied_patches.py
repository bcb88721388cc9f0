"""Whether repainted pictures hold pieces of the pictures that their style was learnt from."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from impasto.base.pixels import to_uint8
from impasto.evaluation.figures.copied_crops import nearest_crop

SIDE: Final = 48
"""Pixels of a square patch."""
PATCHES: Final = 32
"""Patches that are searched for, of painted and of real pictures each."""
LEVEL: Final = 0.05
"""Share of real patches that lie below the floor."""


def measure_copies(
    painted: Sequence[Tensor], style: Sequence[Tensor], side: int = SIDE, patches: int = PATCHES
) -> dict[str, float]:
    """How near patches of painted pictures are to those of the style's pictures, at any place, mirrored or not.

    The floor is what real pictures reach against each other: patches of each style picture, searched for in all others;
    of a single picture, patches of one half in the other.

    Args:
        painted: (1, C, h, w) in [-1, 1], of content that was not trained on.
        style: the pictures trained on, likewise, at the size that training saw them.
        side: of a patch, in pixels.
        patches: of each kind.

    Returns:
        ``nearest_patch``: median distance of painted patches from the nearest real one, root mean square of pixels in
        [-1, 1]; ``nearest_patch_real``: the same of real patches; ``copied_patches``: share of painted patches that are
        nearer than all but 5 of 100 real ones are, of which chance gives 0.05. Empty where pictures are too small.
    """
    halves = style[0].tensor_split(2, 2 if style[0].shape[2] >= style[0].shape[3] else 3) if len(style) == 1 else style
    if not painted or min(min(picture.shape[-2:]) for picture in (*painted, *halves)) < side:
        return {}
    ours = nearest(spread(painted, side, patches), style)
    each = max(1, round(patches / len(halves)))
    real = torch.cat(
        [
            nearest(spread([picture], side, each), [other for other in halves if other is not picture])
            for picture in halves
        ]
    )
    scale = (style[0].shape[1] * side * side) ** 0.5
    return {
        "nearest_patch": float(ours.median() / scale),
        "nearest_patch_real": float(real.median() / scale),
        "copied_patches": float((ours < real.quantile(LEVEL)).double().mean()),
    }


def nearest(patches: Tensor, pictures: Sequence[Tensor]) -> Tensor:
    """Distance of patches uint8 (n, C, s, s) from the nearest place in any of the pictures (1, C, H, W): (n,)."""
    return torch.stack([nearest_crop(patches, picture[0].cpu()) for picture in pictures]).amin(0)


def spread(pictures: Sequence[Tensor], side: int, count: int) -> Tensor:
    """Patches at places drawn the same way every time, from each picture in turn: uint8 (count, C, side, side)."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for number in range(count):
        picture = pictures[number % len(pictures)]
        chance = torch.rand(2, generator=generator)
        top, left = (
            int(share * (length - side + 1)) for share, length in zip(chance.tolist(), picture.shape[-2:], strict=True)
        )
        found.append(picture[0, :, top : top + side, left : left + side].cpu())
    return to_uint8(torch.stack(found))
