"""The data of a run that learns to paint pictures of one kind."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader

from impasto.base import distributed
from impasto.base.cache import cache_dir as default_cache_dir
from impasto.base.errors import UserError
from impasto.base.ranges import Count, CountOrZero, Share, Strength
from impasto.base.spec import ImageSpec
from impasto.data.base import PackedDataModule
from impasto.data.loading import Batch, View, look_at, make_loader, vectors_in
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import Duplicates, PackedImages
from impasto.data.packing.sizing import Resize, SizePolicy, size_policy
from impasto.data.sampler import BatchSampler
from impasto.data.sources.opening import OpenPictures, Pictures, SourceName
from impasto.data.sources.source import Source
from impasto.data.split import crops_of, hold_out, without_empty_classes
from impasto.data.transforms import as_size
from impasto.data.vectors import attach, digest_of, read_vectors

FEW: Final = 100
"""Below so many pictures, ``resize=auto`` lets a network see each of them through many crops."""

Size = int | Sequence[int]


class ImageDataModule(PackedDataModule):
    """Pictures, with a label each, or a vector, or nothing.

    Every picture is packed once at ``pack_size``. Where that is larger than ``image_size``, training sees crops at
    random, and measures on crops at fixed places.

    Args:
        pictures: opens the data set, given source, root and label.
        source: auto, hub, local or sample.
        root: folder of the pictures.
        label: what the classes are; the choices depend on the data set.
        vectors: file with a condition vector for each picture, as :func:`~impasto.data.vectors.read_vectors` takes it;
            they take the place of classes.
        image_size: pixels or [height, width] that networks see.
        pack_size: of the packed pictures; null is ``image_size``, or three times that under ``fit``.
        resize: how a picture comes to that size, as :class:`~impasto.data.packing.sizing.SizePolicy` has it;
            ``auto`` is ``fit`` for fewer than 100 pictures, else ``crop``.
        channels: 1 (grey) or 3.
        limit: use so many pictures at most.
        holdout: share held back from training; null is the data set's own test part.
        balanced: draw each class equally often.
        batch_size: pictures in a batch, over all processes.
        num_workers: processes that read ahead.
        flip: mirror every other picture.
        color_jitter: how far brightness, contrast and saturation are changed at random, 0..1.
        max_bad_share: share of bad pictures above which the run stops.
        duplicates: skip files that repeat another, or keep them.
        cache_dir: folder of packed pictures; null is ``$IMPASTO_CACHE`` or ``~/.cache/impasto``.
        seed: of the order of the pictures and of their crops.

    Attributes:
        start_batch: number of the first batch that the loader gives.
        train: the pictures to train on, on their canvas; once prepared, as the next two.
        held_out: those held back; None where there are none.
        packs: everything that was packed.
    """

    train: PackedImages
    held_out: PackedImages | None
    packs: list[PackedImages]

    gives: ClassVar[tuple[str, ...]] = ("image",)

    def __init__(
        self,
        *,
        pictures: OpenPictures,
        source: SourceName = "auto",
        root: str | None = None,
        label: str | None = "auto",
        vectors: str | None = None,
        image_size: Size = 64,
        pack_size: Size | None = None,
        resize: Resize | Literal["auto"] = "auto",
        channels: int = 3,
        limit: Count | None = None,
        holdout: Share | None = 0.0,
        balanced: bool = False,
        batch_size: Count = 64,
        num_workers: CountOrZero = 0,
        flip: bool = False,
        color_jitter: Strength = 0.0,
        max_bad_share: Strength = 0.1,
        duplicates: Duplicates = "skip",
        cache_dir: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.open_pictures, self.source, self.root = pictures, source, root
        self.label, self.vectors = None if vectors is not None else label, vectors
        self.image_size = as_size(image_size, "data.image_size")
        self.pack_size = None if pack_size is None else as_size(pack_size, "data.pack_size")
        self.resize, self.channels, self.limit, self.holdout = resize, channels, limit, holdout
        # What cannot work does not wait for the pictures, on which "auto" depends.
        size_policy(self.image_size, self.pack_size, "crop" if resize == "auto" else resize, channels)
        if balanced and vectors is not None:
            raise UserError("data.balanced=true needs classes, whose place data.vectors takes: leave one of them out.")
        self.balanced, self.batch_size, self.num_workers, self.seed = balanced, batch_size, num_workers, seed
        self.view = View(self.image_size, flip, color_jitter)
        self.max_bad_share, self.duplicates = max_bad_share, duplicates
        self.cache_dir = default_cache_dir() if cache_dir is None else Path(cache_dir).expanduser()
        self.start_batch = 0
        self._ready = False

    # Lightning's steps ----------------------------------------------------------------------------------------------

    def prepare_data(self) -> None:
        """Open and pack the pictures; in other processes of the same machine, wait for the first to have done so."""
        if self._ready:
            return
        table = None if self.vectors is None else read_vectors(self.vectors)  # before the pictures, which take longer
        self.pictures: Pictures = self.open_pictures(source=self.source, root=self.root, label=self.label)
        self.policy = self._policy(self.pictures.source)
        everything = self._pack(self.pictures.source, self.policy)
        own_test = self.pictures.held_out
        splits = self.holdout is not None or own_test is None
        packs = [everything] if splits or own_test is None else [everything, self._pack(own_test, self.policy)]
        if table is not None:
            packs = attach(table, packs)
            self.vectors_sha256 = digest_of(packs)
        self.packs = packs
        train, held_out = hold_out(packs[0], self.holdout or 0.0) if splits else packs
        self.train, self.held_out = without_empty_classes(train, held_out)
        self._ready = True

    def setup(self, stage: str | None = None) -> None:
        """Take up what is packed."""
        self.prepare_data()

    def train_dataloader(self) -> DataLoader[Any]:
        """Endless batches of this process's share."""
        labels = self.train.labels if self.balanced else None
        if self.balanced and labels is None:
            raise UserError("data.balanced=true needs classes, and these pictures have none: set data.balanced=false.")
        sampler = BatchSampler(
            len(self.train),
            self.batch_size,
            seed=self.seed,
            labels=labels,
            start=self.start_batch,
            rank=distributed.rank(),
            world_size=distributed.world_size(),
        )
        return make_loader({"image": self.train}, {"image": sampler}, self.num_workers)

    def on_after_batch_transfer(self, batch: dict[str, Batch], dataloader_idx: int) -> Batch:
        """On the device: ``image`` (N, C, H, W) float32 in [-1, 1]; ``label`` (N,) or ``condition`` (N, K) if any."""
        part = batch["image"]
        told = {name: part[key] for name, key in (("label", "labels"), ("condition", "vectors")) if key in part}
        return {"image": self.view(part["pixels"], part["valid"], part["chances"]), **told}

    # What others ask ------------------------------------------------------------------------------------------------

    @property
    def spec(self) -> ImageSpec:
        """Shape of what networks see, and classes or the length of condition vectors."""
        condition_dim = 0 if self.train.vectors is None else self.train.vectors.shape[1]
        return ImageSpec(self.channels, *self.image_size, self.train.class_names, condition_dim)

    def evaluation_images(self, split: Literal["train", "held_out"]) -> PackedImages:
        """Pictures to measure against, at ``image_size``, in an order that never changes.

        Raises:
            UserError: nothing is held out.
        """
        chosen = self.train if split == "train" else self.held_out
        if chosen is None:
            raise UserError("No pictures are held out: set data.holdout, such as 0.1, or measure against train.")
        return crops_of(chosen, self.policy, self.image_size, self.pictures.source, self.cache_dir)

    def preview_batch(self, count: int = 16) -> Batch | None:
        """Some pictures to show beside what the model makes: ``image`` (N, C, H, W) in [-1, 1].

        Where they have vectors, also those: ``condition`` (N, K).
        """
        chosen = self.evaluation_images("train")
        vectors = vectors_in(chosen, count)
        return {"image": look_at(chosen, count), **({} if vectors is None else {"condition": vectors})}

    def condition_vectors(self, count: int) -> Tensor | None:
        """Condition vectors of pictures to train on, evenly spaced: (count or fewer, K); none where it has none."""
        return vectors_in(self.train, count)

    def class_weights(self) -> list[int] | None:
        """How often each class comes in training, in proportion: equally where balanced; none without classes."""
        if self.train.labels is None:
            return None
        counts = np.bincount(self.train.labels, minlength=len(self.train.class_names))
        return [int(count > 0) if self.balanced else int(count) for count in counts]

    def provenance(self) -> dict[str, Any]:
        """What was trained on, for the run's summary; plain values."""
        test = self.pictures.held_out is not None and self.holdout is None
        return {
            "name": self.pictures.name,
            "origin": self.pictures.source.origin,
            "fingerprint": self.train.fingerprint,
            "label": self.pictures.label,
            "classes": list(self.train.class_names),
            "vectors": self._provenance_of_vectors(),
            "train": len(self.train),
            "held_out": len(self.held_out) if self.held_out is not None else 0,
            "held_out_fingerprint": self.held_out.fingerprint if self.held_out is not None else None,
            "split": "the data set's own test part" if test else f"{self.holdout or 0:g} of each class by name",
            "bad": sum(packed.num_bad for packed in self.packs),
            "duplicates": sum(packed.num_duplicates for packed in self.packs),
            "limit": self.limit,
            "resize": self.policy.resize,
            "image_size": list(self.image_size),
            "pack_size": [self.policy.height, self.policy.width],
        }

    def _provenance_of_vectors(self) -> dict[str, Any] | None:
        if self.vectors is None:
            return None
        return {"file": Path(self.vectors).name, "length": self.spec.condition_dim, "sha256": self.vectors_sha256}

    # Packing --------------------------------------------------------------------------------------------------------

    def _policy(self, source: Source) -> SizePolicy:
        few = source.length is not None and min(source.length, self.limit or source.length) < FEW
        resize: Resize = ("fit" if few else "crop") if self.resize == "auto" else self.resize
        return size_policy(self.image_size, self.pack_size, resize, self.channels)

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
