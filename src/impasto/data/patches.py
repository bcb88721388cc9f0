"""Patches of a few pictures that are held in memory, cut where a mask says."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from impasto.data.loading import Batch
from impasto.data.packing.packed import PackedImages
from impasto.data.sampler import Draw


class Patches(Dataset[Any]):
    """Cuts a patch for each picture of a draw; aligned parts, whose draws are the same, get the same patch.

    Args:
        parts: packed pictures by name, equally many of the same size.
        mask: the part, of one channel, that is 255 where pictures are painted.
        size: (h, w) of patches.
        inside: share of patches with their middle where the mask is above one half, if it is not so everywhere. The
            middles of others may lie anywhere.
    """

    def __init__(self, parts: Mapping[str, PackedImages], mask: str, size: tuple[int, int], inside: float) -> None:
        self.size, self.inside = size, inside
        self.pixels = {name: packed.batch(range(len(packed))) for name, packed in parts.items()}
        masked = self.pixels[mask][..., 0] > 127
        self.middles = [np.flatnonzero(picture) for picture in masked]
        self.height, self.width = masked.shape[1:]

    def __getitems__(self, draws: Mapping[str, Draw]) -> dict[str, Batch]:
        """By name: pixels (N, h, w, C), valid (N, 2) and chances (N, 6)."""
        return {name: self.cut(name, draw) for name, draw in draws.items()}

    def cut(self, name: str, draw: Draw) -> Batch:
        """The patches of one part."""
        height, width = self.size
        pictures = self.pixels[name]
        found = np.empty((len(draw.pictures), height, width, pictures.shape[-1]), pictures.dtype)
        for patch, picture, chances in zip(found, draw.pictures, draw.chances, strict=True):
            top, left = self.corner(int(picture), float(chances[0]), float(chances[1]))
            patch[:] = pictures[picture, top : top + height, left : left + width]
        return {
            "pixels": torch.from_numpy(found),
            "valid": torch.tensor(self.size).expand(len(found), 2),
            "chances": torch.from_numpy(draw.chances),
        }

    def corner(self, picture: int, which: float, where: float) -> tuple[int, int]:
        """Top and left of a patch.

        Args:
            picture: its number.
            which: chance in [0, 1): below ``inside`` the middle is painted.
            where: chance in [0, 1) of the place among all that there are.
        """
        middles = self.middles[picture]
        place = int(where * self.height * self.width)
        if which < self.inside:
            place = int(middles[int(where * len(middles))])
        y, x = divmod(place, self.width)
        top, left = y - self.size[0] // 2, x - self.size[1] // 2
        return min(max(top, 0), self.height - self.size[0]), min(max(left, 0), self.width - self.size[1])
