"""The data of keyframes: patches of painted frames, cut at random where the artist painted."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.data.loading import Batch
from impasto.data.module import ImageDataModule
from impasto.data.patches import Patches
from impasto.data.sampler import BatchSampler
from impasto.data.transforms import to_float

MASK: Final = "mask"
INSIDE: Final = 0.5
"""Share of patches with their middle where the artist painted, if it is for the network to learn where that is."""


class KeyframesDataModule(ImageDataModule):
    """The aligned parts ``content``, ``target`` and ``mask`` of painted frames, in patches of ``image_size``.

    Frames are learnt at the size of the clip, at which they are painted later. With masks for its frames, only patches
    inside are drawn. Of keyframes that are transparent in part, half of the patches are drawn from everywhere, so that
    the network learns what to leave as it is.

    Args:
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of
            :func:`~impasto.data.sources.keyframes.open_keyframes`.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if self.preparation.pack_size is not None:
            raise UserError("data.pack_size is the size of the clip, at which frames are painted: leave it null.")
        self.channels_of[MASK] = 1
        self.shown: list[np.ndarray] = []

    def prepare_data(self) -> None:
        """Open the clip and its keyframes, and pack them at the clip's size."""
        if self._packed:
            return
        opened: Any = self.open_pictures(**self.where)
        self.shown = [item.load for item in opened["shown"].source.items()]
        height, width = next(opened["content"].source.items()).load.shape[:2]
        if height < self.image_size[0] or width < self.image_size[1]:
            raise UserError(
                f"The clip has {width} x {height} pixels, less than the patches of {self.image_size[1]} x "
                f"{self.image_size[0]}: set data.image_size to less."
            )
        prepare = replace(self.preparation, pack_size=(height, width), resize="crop")
        self._packed = prepare.aligned({part: opened[part] for part in self.parts}, self.channels_of, False)

    def training_set(self) -> Patches:
        """Cuts the patches that the samplers draw."""
        return Patches(self.train, MASK, self.image_size, 1.0 if self.where.get("masks") else INSIDE)

    def preview_batch(self, count: int | None = None) -> Batch | None:
        """Frames of the clip, evenly spaced over it: ``content`` (N, 3, H, W) in [-1, 1], sides multiples of 4."""
        height, width = (side // 4 * 4 for side in self.shown[0].shape[:2])
        frames = np.stack([frame[:height, :width] for frame in self.shown[:count]])
        return {"content": to_float(torch.from_numpy(frames))}

    def first_batches(self, part: str, size: int, count: int) -> Iterator[Tensor]:
        """Batches as training sees them, the same every time: ``count`` of (size, C, H, W) in [-1, 1]."""
        sampler = BatchSampler(len(self.train[part]), size)
        patches = self.training_set()
        for position in range(count):
            batch = patches.__getitems__({part: sampler.draw(position)})[part]
            yield self.view(batch["pixels"], batch["valid"], batch["chances"])
