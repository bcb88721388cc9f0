"""The named parts of a data set, each packed and split."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.data.companions import Classes, CompanionSampler
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sampler import BatchSampler
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import Source
from impasto.data.split import crops_of
from impasto.data.transforms import Levels

LABELLED: Final = "image"
"""The part whose labels or condition vectors networks are conditioned on."""


@dataclass(frozen=True)
class Part:
    """A part that has been packed and split.

    Attributes:
        name: such as ``image`` or ``style``.
        pictures: as they were opened.
        policy: the canvas that they were packed at.
        packs: everything that was packed; the data set's own test part last if that is held out.
        train: the pictures to train on, on their canvas.
        held_out: those held out; None if there are none.
        grouped: draw each class equally often.
        layer: of aligned parts, which are packed as one, the first channel of this part and the one behind its last.
        whole_classes: whole classes are held out, not some pictures of each.
        companion: its pictures are companions of those of another part, from the same pack.
    """

    name: str
    pictures: Pictures
    policy: SizePolicy
    packs: list[PackedImages]
    train: PackedImages
    held_out: PackedImages | None
    grouped: bool
    layer: tuple[int, int] | None = None
    whole_classes: bool = False
    companion: bool = False

    @property
    def source(self) -> Source:
        """Where the pictures come from."""
        return self.pictures.source

    def spec(self, size: tuple[int, int]) -> ImageSpec:
        """Shape of what networks see at ``size`` (h, w), and classes or the length of condition vectors."""
        train = self.told(self.train)
        condition_dim = 0 if train.vectors is None else train.vectors.shape[1]
        top = 2**train.depth - 1
        levels = None if train.levels is None else tuple((low / top, high / top) for low, high in train.levels)
        if (label_map := train.label_map) is not None:
            return ImageSpec(label_map.channels, *size, label_map=label_map)
        described = ImageSpec(train.shape[2], *size, train.class_names, condition_dim, levels, len(train.frames))
        return replace(described, roll=self.pictures.roll, opacity=self.pictures.opacity, sound=self.pictures.sound)

    @cached_property
    def levels(self) -> Levels | None:
        """By channel, the values that networks see as -1 and 1; None for 0 and 255."""
        return self.told(self.train).levels_to_map

    def told(self, packed: PackedImages) -> PackedImages:
        """The pictures with the conditions for networks: classes of other parts than ``image`` only group them.

        Label maps stay the numbers that were packed; what networks see is made of them batch by batch, on the device.
        """
        packed = self._with_labels_for_networks(packed)
        packed = packed if self.layer is None else packed.layer(*self.layer)
        label_map = self.pictures.label_map
        return packed if label_map is None else replace(packed, label_map=label_map)

    def _with_labels_for_networks(self, packed: PackedImages) -> PackedImages:
        return packed if self.name == LABELLED else replace(packed, labels=None, class_names=())

    def crops(self, held_out: bool, size: tuple[int, int], cache_dir: Path) -> PackedImages:
        """The pictures of a split at ``size`` (h, w), cut at fixed places if the canvas is larger.

        Those of companions lie in step with the pictures that they accompany. Pictures of one group, such as a patient,
        count as crops of one.
        """
        chosen = self.held_out if held_out and self.held_out is not None else self.train
        cut = self.told(crops_of(self._with_labels_for_networks(chosen), self.policy, size, self.source, cache_dir))
        if self.pictures.grouped and chosen.labels is not None:
            cut = replace(cut, cut_from=chosen.labels[np.arange(len(cut)) % len(chosen)])
        if not self.companion:
            return cut
        # Crop number i is of picture i modulo their number: the next one of its class, at another place.
        round_, picture = np.divmod(np.arange(len(cut)), len(chosen))
        next_round = (round_ + 1) % (len(cut) // len(chosen))
        return cut.subset(next_round * len(chosen) + Classes.of(len(chosen), chosen.labels).next(picture))

    def accompanied(self, name: str) -> "Part":
        """The part ``name`` of companions of these pictures."""
        return replace(self, name=name, companion=True)

    def companion_sampler(self, leading: BatchSampler, stream: int) -> CompanionSampler:
        """Draws companions of what ``leading`` draws."""
        return CompanionSampler(leading, Classes.of(len(self.train), self.train.labels), stream)

    def sampler(self, batch_size: int, option: str = "data.batch_size", **order: int) -> BatchSampler:
        """Draws batches to train on.

        Args:
            batch_size: over all processes.
            option: the setting that gives it, for messages.
            **order: seed, start, stream, rank and world_size of :class:`~impasto.data.sampler.BatchSampler`.

        Raises:
            UserError: classes are to be balanced, and there are none.
        """
        labels = self.train.labels if self.grouped else None
        if self.grouped and labels is None:
            raise UserError(
                f"Classes of {self.name} cannot be drawn equally often (data.balanced=true), for these pictures have "
                "none: put each class into a folder of its own, or set data.balanced=false."
            )
        return BatchSampler(len(self.train), batch_size, labels=labels, option=option, **order)

    def class_weights(self) -> list[int] | None:
        """How often each class comes in training, in proportion: equally if grouped; None without classes."""
        if self.train.labels is None:
            return None
        counts = np.bincount(self.train.labels, minlength=len(self.train.class_names))
        return [int(count > 0) if self.grouped else int(count) for count in counts]

    def provenance(self) -> dict[str, Any]:
        """Where the pictures come from and how many there are; plain values."""
        labels = {"label": self.pictures.label, "classes": list(self.train.class_names)}
        train, held_out = self.told(self.train), self.told(self.held_out) if self.held_out is not None else None
        return {
            "name": self.pictures.name,
            "origin": self.source.origin,
            "fingerprint": train.fingerprint,
            **(labels if self.name == LABELLED else {}),
            **({} if train.label_map is None else {"label_map": train.label_map.to_dict()}),
            "train": len(train),
            "held_out": len(held_out) if held_out is not None else 0,
            "held_out_fingerprint": held_out.fingerprint if held_out is not None else None,
            "depth": train.depth,
            "levels": None if train.levels_to_map is None else [list(levels) for levels in train.levels_to_map],
            "bad": sum(packed.num_bad for packed in self.packs),
            "duplicates": sum(packed.num_duplicates for packed in self.packs),
        }
