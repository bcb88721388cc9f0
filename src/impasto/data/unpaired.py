"""The data of a run that turns pictures of one kind into another without pairs: photographs into paintings."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from torch.utils.data import DataLoader

from impasto.base import distributed
from impasto.base.cache import cache_dir as default_cache_dir
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.ranges import Count, CountOrZero, Share, Strength
from impasto.base.spec import ImageSpec
from impasto.data.base import PackedDataModule
from impasto.data.loading import Batch, View, look_at, make_loader
from impasto.data.module import Size
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import Duplicates, PackedImages
from impasto.data.packing.sizing import Resize, size_policy
from impasto.data.sampler import BatchSampler
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import SAMPLES, JoinedSource, ManifestSource
from impasto.data.sources.source import Source
from impasto.data.split import crops_of, hold_out
from impasto.data.transforms import as_size

Side = Literal["content", "style"]
SIDES: Final[tuple[Side, Side]] = ("content", "style")
EMBEDDED: Final = "sample:"
Folders = str | Sequence[str] | None
Split = Literal["content", "style", "held_out_content", "held_out_style"]


class UnpairedDataModule(PackedDataModule):
    """Content pictures and style pictures, drawn independently of each other.

    Every picture is packed once at ``pack_size``; training sees crops of ``image_size`` at random places.

    Args:
        content: folder or folders of what is to be turned; ``sample:KIND`` is one kind of the embedded photographs
            (animals, fishes, monuments, others, renewable, tools), null is all of them.
        style: folder or folders of what it is to be turned into; null is the embedded paintings by Van Gogh.
        image_size: pixels or [height, width] that networks see.
        pack_size: of the packed pictures; null is three times ``image_size`` under ``fit``, else ``image_size``.
        resize: how a picture comes to that size, as :class:`~impasto.data.packing.sizing.SizePolicy` has it.
        channels: 1 (grey) or 3.
        limit: use so many pictures of each side at most.
        holdout: share of each side held back from training.
        batch_size: pictures of each side in a batch, over all processes.
        num_workers: processes that read ahead.
        flip: mirror every other picture.
        color_jitter: how far brightness, contrast and saturation are changed at random, 0..1.
        max_bad_share: share of bad pictures above which the run stops.
        duplicates: skip files that repeat another, or keep them.
        cache_dir: folder of packed pictures; null is ``$IMPASTO_CACHE`` or ``~/.cache/impasto``.
        seed: of the order of the pictures and of their crops.

    Attributes:
        start_batch: number of the first batch that the loader gives.
    """

    gives: ClassVar[tuple[str, ...]] = ("content", "style")

    def __init__(
        self,
        *,
        content: Folders = None,
        style: Folders = None,
        image_size: Size = 128,
        pack_size: Size | None = None,
        resize: Resize = "fit",
        channels: int = 3,
        limit: Count | None = None,
        holdout: Share = 0.2,
        batch_size: Count = 1,
        num_workers: CountOrZero = 0,
        flip: bool = True,
        color_jitter: Strength = 0.0,
        max_bad_share: Strength = 0.1,
        duplicates: Duplicates = "skip",
        cache_dir: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.folders: dict[Side, Folders] = {"content": content, "style": style}
        self.image_size = as_size(image_size, "data.image_size")
        packed_size = None if pack_size is None else as_size(pack_size, "data.pack_size")
        self.policy = size_policy(self.image_size, packed_size, resize, channels)
        self.limit, self.holdout = limit, holdout
        self.batch_size, self.num_workers, self.seed = batch_size, num_workers, seed
        self.view = View(self.image_size, flip, color_jitter)
        self.max_bad_share, self.duplicates = max_bad_share, duplicates
        self.cache_dir = default_cache_dir() if cache_dir is None else Path(cache_dir).expanduser()
        self.start_batch = 0
        self.sources: dict[Side, Source] = {}
        self.packs: list[PackedImages] = []
        self._train: dict[str, PackedImages] = {}
        self._held_out: dict[Side, PackedImages | None] = {}

    # Lightning's steps ----------------------------------------------------------------------------------------------

    def prepare_data(self) -> None:
        """Pack both sides; in other processes of the same machine, wait for the first to have done so."""
        if self.packs:
            return
        packs = []
        for side in SIDES:
            self.sources[side] = source = open_side(side, self.folders[side])
            everything = self._pack(source)
            packs.append(everything)
            # Kinds of content count for an even split only.
            train, held_out = hold_out(everything, self.holdout)
            self._train[side] = _unlabelled(train)
            self._held_out[side] = None if held_out is None else _unlabelled(held_out)
        self.packs = packs

    def setup(self, stage: str | None = None) -> None:
        """Take up what is packed."""
        self.prepare_data()

    def train_dataloader(self) -> DataLoader[Any]:
        """Endless batches of this process's share."""
        samplers: dict[str, BatchSampler] = {
            side: BatchSampler(
                len(self._train[side]),
                self.batch_size,
                seed=self.seed,
                start=self.start_batch,
                rank=distributed.rank(),
                world_size=distributed.world_size(),
                stream=stream,
            )
            for stream, side in enumerate(SIDES)
        }
        return make_loader(self._train, samplers, self.num_workers)

    def on_after_batch_transfer(self, batch: dict[str, Batch], dataloader_idx: int) -> Batch:
        """On the device: ``content`` and ``style``, each (N, C, H, W) float32 in [-1, 1]."""
        return {name: self.view(part["pixels"], part["valid"], part["chances"]) for name, part in batch.items()}

    # What others ask ------------------------------------------------------------------------------------------------

    @property
    def content(self) -> PackedImages:
        """What is to be turned: the part to train on, whole pictures on their canvas."""
        return self._train["content"]

    @property
    def style(self) -> PackedImages:
        """What it is to be turned into, likewise."""
        return self._train["style"]

    @property
    def held_out_content(self) -> PackedImages | None:
        """The part of the content that is held out."""
        return self._held_out["content"]

    @property
    def held_out_style(self) -> PackedImages | None:
        """The part of the style that is held out."""
        return self._held_out["style"]

    @property
    def spec(self) -> ImageSpec:
        """Shape of what networks see."""
        return ImageSpec(self.policy.channels, *self.image_size)

    def evaluation_images(self, split: Split) -> PackedImages:
        """Crops at fixed places to measure with, at ``image_size``, in an order that never changes.

        Where nothing is held out (none is wanted, or the pictures are too few), the ones trained on; a notice and
        :meth:`provenance` say so.
        """
        side: Side = "style" if split.endswith("style") else "content"
        held_out = self._held_out[side] if split.startswith("held_out") else None
        chosen = held_out if held_out is not None else self._train[side]
        if held_out is None and split.startswith("held_out"):
            notice(
                f"data.held_out.{side}",
                f"No {side} is held out (data.holdout={self.holdout:g} of {len(chosen)}): what is shown and measured "
                "is of pictures that were trained on; raise data.holdout or add pictures.",
            )
        return crops_of(chosen, self.policy, self.image_size, self.sources[side], self.cache_dir)

    def preview_batch(self, count: int = 8) -> Batch | None:
        """Some held-out content to show what becomes of it: ``content`` (N, C, H, W) in [-1, 1]."""
        return {"content": look_at(self.evaluation_images("held_out_content"), count)}

    def provenance(self) -> dict[str, Any]:
        """What was trained on, for the run's summary; plain values."""
        return {side: self._provenance_of(side) for side in SIDES} | {
            "split": f"{self.holdout:g} of each kind by name",
            "limit": self.limit,
            "resize": self.policy.resize,
            "image_size": list(self.image_size),
            "pack_size": [self.policy.height, self.policy.width],
        }

    def _provenance_of(self, side: Side) -> dict[str, Any]:
        everything = self.packs[SIDES.index(side)]
        held_out = self._held_out[side]
        return {
            "name": name_of_side(side, self.folders[side]),
            "origin": self.sources[side].origin,
            "fingerprint": self._train[side].fingerprint,
            "train": len(self._train[side]),
            "held_out": len(held_out) if held_out is not None else 0,
            "held_out_fingerprint": held_out.fingerprint if held_out is not None else None,
            "bad": everything.num_bad,
            "duplicates": everything.num_duplicates,
        }

    def _pack(self, source: Source) -> PackedImages:
        return pack(
            source,
            self.policy,
            self.cache_dir,
            limit=self.limit,
            max_bad_share=self.max_bad_share,
            duplicates=self.duplicates,
            progress=int(os.environ.get("LOCAL_RANK", "0")) == 0,
        )


def open_side(side: Side, folders: Folders) -> Source:
    """The pictures of one side.

    Raises:
        UserError: a folder is not there, or holds no pictures.
    """
    if folders is None:
        return embedded_photos() if side == "content" else ManifestSource(SAMPLES / "paintings")
    found = [open_one(name, side) for name in ([folders] if isinstance(folders, str) else folders)]
    if not found:
        raise UserError(f"data.{side} names no folder: give one, or null for the embedded pictures.")
    return found[0] if len(found) == 1 else JoinedSource(found)


def open_one(name: str, side: Side) -> Source:
    """A folder of the user's, or ``sample:KIND``."""
    if name.startswith(EMBEDDED):
        return embedded_photos(name.removeprefix(EMBEDDED))
    return FolderSource(name, option=f"data.{side}")


def embedded_photos(kind: str | None = None) -> ManifestSource:
    """The embedded photographs, all or of one kind.

    Raises:
        UserError: there is no such kind.
    """
    photos = ManifestSource(SAMPLES / "photos", "folder")
    if kind is None:
        return photos
    if kind not in photos.class_names:
        kinds = ", ".join(EMBEDDED + name for name in photos.class_names)
        raise UserError(f"{EMBEDDED}{kind} is not embedded: choose from {kinds}.")
    return ManifestSource(SAMPLES / "photos", "folder", prefix=f"{kind}/")


def name_of_side(side: Side, folders: Folders) -> str:
    """What the pictures of one side are, in words."""
    if folders is None:
        return "embedded photographs" if side == "content" else "embedded paintings by Van Gogh"
    names = [folders] if isinstance(folders, str) else folders
    return ", ".join(
        f"embedded photographs of {name.removeprefix(EMBEDDED)}"
        if name.startswith(EMBEDDED)
        else f"folder {Path(name).expanduser().resolve().name}"
        for name in names
    )


def _unlabelled(packed: PackedImages) -> PackedImages:
    return replace(packed, labels=None, class_names=())
