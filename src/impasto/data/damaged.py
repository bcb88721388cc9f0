"""Pictures damaged on the fly: batches of them to train on, and fixed ones to measure."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch.utils.data import Dataset

from impasto.base.pixels import to_uint8
from impasto.data.loading import Batch, View
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sampler import Draw
from impasto.data.sources.source import Item, Origin
from impasto.degradations.degradation import Damage, Degradation, degrade

VERSION: Final = 1
"""Raised when degradations make something else of the same settings: measured pictures are then made anew."""
FIXED: Final = 0x64616D61
"""Sets the random numbers of measured pictures apart from others."""


class DamagedDataset(Dataset[Any]):
    """Reads clean pictures, cuts and mirrors them as a draw says, and damages what is left.

    The chances of a draw decide the damage too: batch number p is the same in every run, in any number of processes.

    Args:
        clean: the pictures, on their canvas.
        degradation: what is done to them.
        view: how they are cut, mirrored and coloured before.
    """

    def __init__(self, clean: PackedImages, degradation: Degradation, view: View) -> None:
        self.clean, self.degradation, self.view = clean, degradation, view

    def __getitems__(self, draws: Mapping[str, Draw]) -> dict[str, Batch]:
        """``content`` and ``target``: pixels uint8 (N, h, w, c) and (N, H, W, C)."""
        draw = draws["target"]
        pixels, chances = torch.from_numpy(self.clean.batch(draw.pictures)), torch.from_numpy(draw.chances)
        valid = torch.from_numpy(self.clean.sizes[draw.pictures].astype(np.int64))
        if self.view.color_jitter:
            target = to_uint8(self.view(pixels, valid, chances)).permute(0, 2, 3, 1).contiguous()
        else:
            target = self.view.cut(pixels, valid, chances)
        content = damaged(target.numpy(), self.degradation, seeds_of(draw.chances))
        return {"content": {"pixels": torch.from_numpy(content)}, "target": {"pixels": target}}


def seeds_of(chances: np.ndarray) -> np.ndarray:
    """A seed for each picture from its chances, float32 (n, k): uint32 (n, k)."""
    return np.ascontiguousarray(chances).view(np.uint32)


def damaged(
    pictures: np.ndarray,
    degradation: Degradation,
    seeds: Sequence[Sequence[int]] | np.ndarray,
    damages: Sequence[Damage] | None = None,
) -> np.ndarray:
    """Pictures damaged one by one.

    Args:
        pictures: uint8 (N, H, W, C).
        degradation: what is done.
        seeds: of each.
        damages: kind and strength of each; None draws them as in training.

    Returns:
        uint8 (N, H / scale, W / scale, c).
    """
    chosen: Sequence[Damage | None] = damages if damages is not None else [None] * len(pictures)
    parts = [degrade(*each) for each in zip(pictures, [degradation] * len(pictures), seeds, chosen, strict=True)]
    return np.stack(parts)


def fixed_damages(clean: PackedImages, among: Sequence[Damage]) -> list[Damage]:
    """Which damage each of the measured pictures gets: all of them in turns, also among the crops of one picture."""
    pictures = len(clean) if clean.cut_from is None else int(clean.cut_from.max()) + 1
    return [among[(i % pictures + i // pictures) % len(among)] for i in range(len(clean))]


class DamagedSource:
    """Fixed damaged versions of packed pictures, in their order.

    Args:
        clean: the pictures, at the size that is measured.
        degradation: what is done to them.
        damages: kind and strength for each of them.
        origin: of the pictures.
    """

    class_names: tuple[str, ...] = ()

    def __init__(
        self, clean: PackedImages, degradation: Degradation, damages: Sequence[Damage], origin: Origin
    ) -> None:
        self.clean, self.degradation, self.damages, self.origin = clean, degradation, list(damages), origin

    @property
    def length(self) -> int:
        """Number of pictures."""
        return len(self.clean)

    def fingerprint(self) -> str:
        """A hash of the pictures' and of all settings of the damage."""
        settings = json.dumps([self.degradation.record(), [[each.kind, each.strength] for each in self.damages]])
        return hashlib.sha256(f"damaged {VERSION} {self.clean.fingerprint} {settings}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures from position ``start`` on."""
        names = list(self.clean.every_name())
        for i in range(start, len(self.clean)):
            pixels = degrade(self.clean.batch([i])[0], self.degradation, (FIXED, i), self.damages[i])
            yield Item(f"{i:06d} of {names[i]}", pixels)


def damaged_pack(source: DamagedSource, cache_dir: Path) -> PackedImages:
    """The damaged pictures, packed, in step with the clean ones."""
    height, width, channels = source.clean.shape
    scale = source.degradation.scale
    policy = SizePolicy(height // scale, width // scale, "crop", source.degradation.channels(channels))
    packed = pack(source, policy, cache_dir, duplicates="keep", workers=0, progress=False)
    return replace(packed, cut_from=source.clean.cut_from)
