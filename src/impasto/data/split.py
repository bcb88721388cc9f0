"""Which pictures are held out of training, and the crops that are measured."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from impasto.base.errors import UserError
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.source import UNLABELLED, Item, Origin, Source

CROPS: Final = 1024
"""Crops that are measured if training sees random crops; or one of each picture, if there are more pictures."""


def hold_out(
    packed: PackedImages, share: float, whole_classes: bool = False, draw: int = 0
) -> tuple[PackedImages, PackedImages | None]:
    """Split pictures in two, the same way in every run.

    A picture's place depends on its name alone, so that adding others hardly moves it. Of each class, or of all
    without classes, the share is held out, rounded to whole pictures; at least one stays.

    Args:
        packed: the pictures.
        share: 0 to below 1.
        whole_classes: hold out that share of the classes instead, each with all its pictures.
        draw: which pictures; another number holds out others.

    Returns:
        Those to train on and those held out, both in their order; None if nothing is held out.

    Raises:
        UserError: the share is out of range.
    """
    if not 0 <= share < 1:
        raise UserError(f"data.holdout={share} is not a share: give a number from 0 to below 1.")
    if share == 0:
        return packed, None
    if whole_classes and packed.labels is not None:
        present = np.unique(packed.labels)
        held = np.isin(packed.labels, present[places_held_out([packed.class_names[i] for i in present], share, draw)])
    else:
        labels = np.zeros(len(packed), np.int64) if packed.labels is None else packed.labels
        names = np.array(list(packed.every_name()), object)
        held = np.zeros(len(packed), bool)
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            held[members[places_held_out(names[members], share, draw)]] = True
    if not held.any():
        return packed, None
    return packed.subset(np.flatnonzero(~held)), packed.subset(np.flatnonzero(held))


def few_of_each(packed: PackedImages, most: int) -> PackedImages:
    """At most so many pictures of each class, chosen by their names alone, so that every run has the same.

    Raises:
        UserError: the pictures have no classes.
    """
    if packed.labels is None:
        raise UserError(f"data.per_class={most} needs pictures in classes; use data.limit for others.")
    names = np.array(list(packed.every_name()), object)
    kept = np.zeros(len(packed), bool)
    for label in np.unique(packed.labels):
        members = np.flatnonzero(packed.labels == label)
        rank = np.array([_rank(name) for name in names[members]], np.uint64)
        kept[members[np.argsort(rank, kind="stable")[-most:]]] = True
    return packed.subset(np.flatnonzero(kept))


def places_held_out(names: Sequence[str] | np.ndarray, share: float, draw: int = 0) -> np.ndarray:
    """Positions of the share of names that is held out, of one class."""
    rank = np.array([_rank(name, draw) for name in names], np.uint64)
    return np.argsort(rank, kind="stable")[: min(int(share * len(names) + 0.5), len(names) - 1)]


def _rank(name: str, draw: int = 0) -> int:
    key = draw.to_bytes(8, "big") if draw else b""
    known = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8, key=key)
    return int.from_bytes(known.digest(), "big")


class CropsSource:
    """Rectangles cut out of packed pictures at fixed places, to measure what is learnt from random crops.

    Picture i gives crops i, i + n, i + 2n, ... of ``count``, their places drawn from their numbers alone.

    Args:
        packed: the pictures.
        size: (h, w) of the rectangles.
        count: how many.
        origin: of the pictures.
    """

    def __init__(self, packed: PackedImages, size: tuple[int, int], count: int, origin: Origin) -> None:
        self.packed, self.size, self.length, self.origin = packed, size, count, origin
        self.class_names = packed.class_names

    def fingerprint(self) -> str:
        """A hash of the pictures' and of what is cut."""
        return hashlib.sha256(f"crops {self.packed.fingerprint} {self.size} {self.length}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The crops in their order."""
        height, width = self.size
        names = list(self.packed.every_name())
        for i in range(start, self.length):
            chances = np.random.default_rng([i, 0x63726F70]).random(2)
            picture = i % len(self.packed)
            # A picture smaller than the rectangle is continued by its mirror image, as in training.
            room = np.maximum(self.packed.sizes[picture] - self.size, 0)
            top, left = (chances * (room + 1)).astype(int)
            pixels = self.packed.batch([picture])[0, : self.packed.sizes[picture, 0], : self.packed.sizes[picture, 1]]
            pixels = pixels[top : top + height, left : left + width]
            missing = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
            pixels = np.pad(pixels, missing, mode="reflect")
            label = UNLABELLED if self.packed.labels is None else int(self.packed.labels[picture])
            yield Item(f"{i:06d} of {names[picture]}", pixels, label)


def crops_of(
    packed: PackedImages, policy: SizePolicy, size: tuple[int, int], source: Source, cache_dir: Path
) -> PackedImages:
    """The pictures themselves if they have the size that networks see, else crops at fixed places."""
    if (policy.height, policy.width) == size:
        return packed
    count = len(packed) * math.ceil(CROPS / len(packed))
    crops = CropsSource(packed, size, count, source.origin)
    exact = SizePolicy(*size, "crop", policy.channels, depth=policy.depth)
    cut = pack(crops, exact, cache_dir, duplicates="keep", workers=0, progress=False)
    cut_from = cut.index % len(packed)
    return replace(
        cut,
        cut_from=cut_from,
        levels=packed.levels,
        vectors=None if packed.vectors is None else packed.vectors[cut_from],
    )


def without_empty_classes(
    train: PackedImages, held_out: PackedImages | None
) -> tuple[PackedImages, PackedImages | None]:
    """Number the classes that have pictures; a limit may leave others empty, and they cannot be learnt.

    Pictures without a class, which a data set on the Hub may have, are left out.
    """
    if train.labels is None:
        return train, held_out
    found = np.unique(train.labels)
    present = found[found != UNLABELLED]
    if len(found) == len(present) == len(train.class_names):
        return train, held_out
    if not len(present):
        raise UserError("None of the pictures has a class: set data.label=none.")
    names = tuple(train.class_names[label] for label in present)

    def renumbered(packed: PackedImages) -> PackedImages:
        assert packed.labels is not None
        kept = packed.subset(np.flatnonzero(np.isin(packed.labels, present)))
        return replace(kept, class_names=names, labels=np.searchsorted(present, np.asarray(kept.labels)))

    return renumbered(train), None if held_out is None else renumbered(held_out)
