"""From opened pictures to parts: packed at one size, split into those to train on and those held out."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final, Literal

from impasto.data.fingerprints import without
from impasto.data.packing.depth import Depth, choose_depth, percentiles_of
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import Duplicates, PackedImages
from impasto.data.packing.sizing import Resize, SizePolicy, size_policy
from impasto.data.parts import LABELLED, Part
from impasto.data.sources.aligned import AlignedSource
from impasto.data.sources.opening import Pictures
from impasto.data.sources.source import Source
from impasto.data.sources.vector_table import VectorTable
from impasto.data.split import few_of_each, hold_out, without_empty_classes
from impasto.data.vectors import attach

FEW: Final = 100
"""Pictures; with fewer, ``resize=auto`` takes ``fit``, so that networks see many crops of each."""


@dataclass(frozen=True)
class Preparation:
    """How pictures are packed and split; see :class:`~impasto.data.module.ImageDataModule` for the settings.

    Raises:
        UserError: the sizes do not fit each other.
    """

    image_size: tuple[int, int]
    pack_size: tuple[int, int] | None
    resize: Resize | Literal["auto"]
    depth: Depth
    percentiles: Sequence[float] | None
    limit: int | None
    per_class: int | None
    holdout: float | None
    holdout_draw: int
    max_bad_share: float
    duplicates: Duplicates
    forget: frozenset[int]
    cache_dir: Path

    def __post_init__(self) -> None:
        # Checked before the pictures are opened, on which "auto" depends.
        size_policy(self.image_size, self.pack_size, "crop" if self.resize == "auto" else self.resize, 1)

    def aligned(
        self, pictures: Mapping[str, Pictures], channels: Mapping[str, int], grouped: bool, whole_classes: bool = False
    ) -> dict[str, Part]:
        """Aligned parts: packed as one picture whose channels lie behind each other, and split as one."""
        counts = [channels[name] for name in pictures]
        ends = list(accumulate(counts, initial=0))
        first = next(iter(pictures))
        source = AlignedSource([each.source for each in pictures.values()], counts)
        layers = zip(pictures.values(), pairwise(ends), strict=True)
        numbers = tuple(channel for each, layer in layers if each.label_map is not None for channel in range(*layer))
        own = [each.held_out for each in pictures.values() if each.held_out is not None]
        held_out = AlignedSource(own, counts) if len(own) == len(pictures) else None
        opened = replace(pictures[first], source=source, held_out=held_out)
        whole_classes = whole_classes or opened.grouped
        whole = self.part(first, opened, ends[-1], grouped, whole_classes, numbers=numbers)
        return {
            name: replace(whole, name=name, pictures=pictures[name], layer=layer)
            for name, layer in zip(pictures, pairwise(ends), strict=True)
        }

    def part(
        self,
        name: str,
        pictures: Pictures,
        channels: int,
        grouped: bool,
        whole_classes: bool = False,
        table: VectorTable | None = None,
        numbers: tuple[int, ...] = (),
    ) -> Part:
        """A part that is packed by itself.

        Args:
            name: of the part.
            pictures: as they were opened.
            channels: of each picture.
            grouped: draw each class equally often.
            whole_classes: hold out classes, not some pictures of each; not of a part whose classes networks are told.
            table: condition vectors of the pictures.
            numbers: channels that hold numbers of classes or objects.
        """
        policy = self._policy(pictures.source, channels, numbers)
        sources = [pictures.source]
        if self.holdout is None and pictures.held_out is not None:
            sources.append(pictures.held_out)
        packs = [without(self._pack(source, policy), self.forget, name) for source in sources]
        if table is not None:
            packs = attach(table, packs)
        whole_classes = whole_classes and name != LABELLED and packs[0].labels is not None
        if len(packs) == 1:
            train, held_out = hold_out(packs[0], self.holdout or 0.0, whole_classes, self.holdout_draw)
        else:
            train, held_out = packs
        if self.per_class is not None:
            train = few_of_each(train, self.per_class)
        if self.percentiles is not None:
            levels = percentiles_of(train, self.percentiles)
            train, held_out = train.with_levels(levels), held_out and held_out.with_levels(levels)
        if name == LABELLED:
            train, held_out = without_empty_classes(train, held_out)
        return Part(name, pictures, policy, packs, train, held_out, grouped, whole_classes=whole_classes)

    def _policy(self, source: Source, channels: int, numbers: tuple[int, ...]) -> SizePolicy:
        few = source.length is not None and min(source.length, self.limit or source.length) < FEW
        resize: Resize = ("fit" if few else "crop") if self.resize == "auto" else self.resize
        depth = choose_depth(self.depth, source)
        return size_policy(self.image_size, self.pack_size, resize, channels, depth, numbers)

    def _pack(self, source: Source, policy: SizePolicy) -> PackedImages:
        return pack(
            source,
            policy,
            self.cache_dir,
            limit=self.limit,
            max_bad_share=self.max_bad_share,
            duplicates=self.duplicates,
            progress=int(os.environ.get("LOCAL_RANK", "0")) == 0,
        )
