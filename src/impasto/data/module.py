"""The data of a run: named parts, each opened, packed, split and drawn in its own way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from impasto.base import distributed
from impasto.base.cache import cache_dir as default_cache_dir
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.ranges import Count, CountOrZero, Share, Strength
from impasto.base.spec import BESIDE, LABEL, ImageSpec
from impasto.base.vocabulary import Vocabulary
from impasto.data.captions import AUTO, captions_as_vectors, read_captions
from impasto.data.drawing import check_parts, leaders_of, samplers_of
from impasto.data.fingerprints import check_forgotten
from impasto.data.loading import (
    Batch,
    PackedDataset,
    View,
    evenly_spaced,
    first_batches,
    look_at,
    make_loader,
    vectors_in,
)
from impasto.data.packing.depth import Depth
from impasto.data.packing.packed import Duplicates, PackedImages
from impasto.data.packing.sizing import Resize, SizePolicy
from impasto.data.parts import LABELLED, Part
from impasto.data.poisson import PoissonSampler
from impasto.data.preparation import Preparation
from impasto.data.sources.opening import OpenPictures, Pictures, check_settings
from impasto.data.sources.vector_table import VectorTable
from impasto.data.state import compare_states, state_of
from impasto.data.transforms import as_size
from impasto.data.vectors import digest_of, own_vectors, read_vectors

Size = int | Sequence[int]
Split = Literal["train", "held_out"]


class ImageDataModule(LightningDataModule):
    """Pictures in named parts, such as ``image``, or ``content`` and ``style``.

    Every picture is packed once at ``pack_size``. If that is larger than ``image_size``, training sees crops at random
    places, and measurements crops at fixed places.

    Args:
        pictures: opens the data set, given ``where``: :class:`~impasto.data.sources.opening.Pictures`, which are the
            part ``image``, or a mapping of them by part.
        parts: how each part is drawn, see :data:`~impasto.data.drawing.Drawing`; in the order that seeds their batches.
        vectors: file with a condition vector for each picture of the part ``image``, as
            :func:`~impasto.data.vectors.read_vectors` takes it, or ``auto`` for the data set's own; they take the place
            of classes.
        captions: file with a caption for each picture of the part ``image``, or ``auto``, see
            :func:`~impasto.data.captions.read_captions`; they take the place of classes too.
        beside: what is told beside captions, of :data:`~impasto.base.spec.BESIDE`: classes, and a style picture.
        image_size: pixels or [height, width] that networks see.
        pack_size: of the packed pictures; None is ``image_size``, or three times that under ``fit``.
        resize: how a picture comes to that size, as :class:`~impasto.data.packing.sizing.SizePolicy` has it;
            ``auto`` takes ``fit`` for fewer than 100 pictures, else ``crop``.
        channels: 1 (grey), 3, or as many as the pictures have.
        content_channels: of the part ``content`` of aligned parts, if they differ from ``channels``.
        depth: bits of a sample in packed pictures, 8 or 16; ``auto`` takes 16 if the pictures have more than 8, see
            :func:`~impasto.data.packing.depth.choose_depth`.
        percentiles: of the values of each channel, the two that networks see as -1 and 1, such as [1, 99]; None takes
            the whole range of the format. Provenance records the values.
        limit: most pictures of each part; None takes all.
        per_class: most pictures of each class to train on; what is held out stays as it is.
        holdout: share of each part held back from training; None holds out the data set's own test part.
        holdout_draw: which pictures are held back; another number holds back others.
        balanced: draw each class equally often, in all parts.
        batch_size: pictures of each part in a batch, over all processes.
        num_workers: processes that load batches ahead.
        flip: mirror every other picture.
        color_jitter: how far brightness, contrast and saturation are changed at random, 0..1.
        max_bad_share: share of bad pictures above which the run stops.
        duplicates: skip files that repeat another, or keep them.
        forget: fingerprints of pictures to train without, see :func:`~impasto.data.fingerprints.as_text`.
        cache_dir: folder of packed pictures; None takes ``$IMPASTO_CACHE`` or ``~/.cache/impasto``.
        seed: of the order of the pictures and of their crops.
        **where: arguments of ``pictures``, such as source, root and label, or content and style.

    Attributes:
        parts: how each part is drawn, by name.
        aligned: the names of the parts that are drawn together.
        leaders: by part of companions, the part that it accompanies.
        channels_of: how many channels each part has.
        start_batch: number of the first batch that the loader gives; a resumed run sets it.
        secret: what batches are drawn by in a private run, see :class:`~impasto.data.poisson.PoissonSampler`; None
            draws batches of equal size by the seed.
        vectors_sha256: of the condition vectors of all pictures in their order; None without vectors.
        vector_names: of the numbers of condition vectors, where they have names.
        vocabulary: of the captions; None without captions, and until they are read.

    Raises:
        UserError: a setting cannot work, or ``pictures`` does not know it.
    """

    def __init__(
        self,
        *,
        pictures: OpenPictures,
        parts: Mapping[str, str] | None = None,
        vectors: str | None = None,
        captions: str | None = None,
        beside: Sequence[str] = (),
        image_size: Size = 64,
        pack_size: Size | None = None,
        resize: Resize | Literal["auto"] = "auto",
        channels: Count = 3,
        content_channels: Count | None = None,
        depth: Depth = "auto",
        percentiles: Sequence[float] | None = None,
        limit: Count | None = None,
        per_class: Count | None = None,
        holdout: Share | None = 0.0,
        holdout_draw: CountOrZero = 0,
        balanced: bool = False,
        batch_size: Count = 64,
        num_workers: CountOrZero = 0,
        flip: bool = False,
        color_jitter: Strength = 0.0,
        max_bad_share: Strength = 0.1,
        duplicates: Duplicates = "skip",
        forget: Sequence[str] = (),
        cache_dir: str | None = None,
        seed: int = 0,
        **where: Any,
    ) -> None:
        super().__init__()
        self.open_pictures, self.where, self.vectors, self.captions = pictures, where, vectors, captions
        if vectors is not None and captions is not None:
            raise UserError("data.vectors and data.captions both say what a picture is of: set one of them to null.")
        self.parts = check_parts({LABELLED: "independently"} if parts is None else parts)
        self.beside = check_beside(beside, captions)
        instead = vectors == AUTO or (captions is not None and LABEL not in self.beside)
        if vectors not in (None, AUTO) or (instead and "label" in where):
            where["label"] = None
        check_settings(pictures, where)
        self.image_size = as_size(image_size, "data.image_size")
        self.holdout, self.limit = holdout, limit
        self.cache_dir = default_cache_dir() if cache_dir is None else Path(cache_dir).expanduser()
        self.preparation = Preparation(
            image_size=self.image_size,
            pack_size=None if pack_size is None else as_size(pack_size, "data.pack_size"),
            resize=resize,
            depth=depth,
            percentiles=percentiles,
            limit=limit,
            per_class=per_class,
            holdout=holdout,
            holdout_draw=holdout_draw,
            max_bad_share=max_bad_share,
            duplicates=duplicates,
            forget=check_forgotten(forget),
            cache_dir=self.cache_dir,
        )
        self.channels_of = dict.fromkeys(self.parts, channels)
        if content_channels is not None:
            self.channels_of["content"] = content_channels
        self.leaders = leaders_of(self.parts)
        self.channels_of |= {name: self.channels_of[leader] for name, leader in self.leaders.items()}
        self.aligned = [name for name, drawing in self.parts.items() if drawing == "aligned"]
        if color_jitter and any(self.channels_of[name] != 3 for name in self.aligned):
            raise UserError("data.color_jitter needs colours on both sides of the pairs: set it to 0.")
        if balanced and (vectors is not None or captions is not None):
            given = "captions" if vectors is None else "vectors"
            raise UserError(f"data.balanced=true needs classes, which data.{given} replaces: leave one of them out.")
        self.balanced, self.batch_size, self.num_workers, self.seed = balanced, batch_size, num_workers, seed
        self.view = View(self.image_size, flip, color_jitter)
        self.start_batch = 0
        self.secret: int | None = None
        self.vectors_sha256: str | None = None
        self.vocabulary: Vocabulary | None = None
        self.vector_names: tuple[str, ...] = ()
        self._packed: dict[str, Part] = {}

    # Lightning's steps ----------------------------------------------------------------------------------------------

    def prepare_data(self) -> None:
        """Open and pack the pictures; in other processes of the same machine, wait for the first to have done so."""
        if self._packed:
            return
        # Before the pictures, which take longer.
        table = None if self.vectors in (None, AUTO) else read_vectors(str(self.vectors))
        opened = self.open_pictures(**self.where)
        by_part = {LABELLED: opened} if isinstance(opened, Pictures) else opened
        if self.captions is not None and LABELLED in by_part:
            table, self.vocabulary = self._read_captions(by_part[LABELLED], self.captions)
        if self.vectors == AUTO:
            table = own_vectors(by_part[LABELLED].vectors if LABELLED in by_part else None)
        self.vector_names = () if table is None else table.names
        if missing := [name for name in self.parts if name not in by_part and name not in self.leaders]:
            raise UserError(f"data.parts names {missing[0]}, but the pictures come as {', '.join(by_part)}.")
        led = set(self.leaders.values())
        together = {name: by_part[name] for name in self.aligned}
        packed: dict[str, Part] = {}
        if together:
            prepare = self.preparation_of(self.aligned[0])
            packed = prepare.aligned(together, self.channels_of, self.balanced, not led.isdisjoint(together))
        for name, drawing in self.parts.items():
            if name in self.leaders:
                packed[name] = packed[self.leaders[name]].accompanied(name)
            elif name not in packed:
                grouped, own_table = self.balanced or drawing == "grouped", table if name == LABELLED else None
                packed[name] = self.preparation_of(name).part(
                    name, by_part[name], self.channels_of[name], grouped, name in led, own_table
                )
        self._packed = {name: packed[name] for name in self.parts}
        if table is not None:
            self.vectors_sha256 = digest_of(self._packed[LABELLED].packs)

    def _read_captions(self, pictures: Pictures, captions: str) -> tuple[VectorTable, Vocabulary]:
        root = self.where.get("root")
        own = None if pictures.captions is None else pictures.captions()
        found = read_captions(captions, root, own)
        return captions_as_vectors(found, str(root) if captions == AUTO else captions, self.view.flip)

    def setup(self, stage: str | None = None) -> None:
        """Take the packed pictures."""
        self.prepare_data()

    def train_dataloader(self) -> DataLoader[Any]:
        """Endless batches of this process's share."""
        if self.secret is not None:
            poisson = PoissonSampler(len(self.train[LABELLED]), self.batch_size, self.secret, self.start_batch)
            return make_loader(self.training_set(), {LABELLED: poisson}, self.num_workers)
        samplers = samplers_of(
            self._packed,
            self.aligned,
            self.leaders,
            {name: self.batch_size_of(name) for name in self.parts},
            seed=self.seed,
            start=self.start_batch,
            rank=distributed.rank(),
            world_size=distributed.world_size(),
        )
        return make_loader(self.training_set(), samplers, self.num_workers)

    def training_set(self) -> Dataset[Any]:
        """Reads what the samplers draw."""
        return PackedDataset(self.train)

    def preparation_of(self, part: str) -> Preparation:
        """How a part is packed and split."""
        return self.preparation

    def batch_size_of(self, part: str) -> tuple[int, str]:
        """Pictures of a part in a batch, over all processes, and the setting that says so."""
        return self.batch_size, "data.batch_size"

    def on_after_batch_transfer(self, batch: dict[str, Batch], dataloader_idx: int) -> Batch:
        """On the device: each part (N, C, H, W) float32 in [-1, 1]; ``label`` (N,) or ``condition`` (N, K) if any."""
        told = {
            name: part[key]
            for part in batch.values()
            for name, key in (("label", "labels"), ("condition", "vectors"))
            if key in part
        }
        return {
            name: self.view(
                part["pixels"],
                part["valid"],
                part["chances"],
                self._packed[name].levels,
                self._packed[name].pictures.label_map,
            )
            for name, part in batch.items()
        } | told

    # For others ----------------------------------------------------------------------------------------------------

    @property
    def spec(self) -> dict[str, ImageSpec]:
        """By part, the shape of what networks see, and classes or the length of condition vectors."""
        specs = {name: part.spec(self.image_size) for name, part in self._packed.items()}
        if self.vocabulary is not None:
            told = replace(specs[LABELLED], vocabulary=self.vocabulary, beside=self.beside)
            if LABEL in self.beside and not told.num_classes:
                raise UserError(
                    "data.beside names label, and these pictures have no classes: put them into a folder for each "
                    "class and set data.label=folder, or leave label out."
                )
            specs[LABELLED] = told
        return specs

    @property
    def packs(self) -> list[PackedImages]:
        """Everything that was packed, for ``bad_images.csv``; aligned parts are packed as one."""
        return list({id(packed): packed for part in self._packed.values() for packed in part.packs}.values())

    @property
    def trained_on(self) -> dict[str, tuple[SizePolicy, PackedImages]]:
        """By part, how its pictures are packed, and those to train on, for the record of a run."""
        return {name: (part.policy, part.train) for name, part in self._packed.items() if not part.companion}

    @property
    def train(self) -> dict[str, PackedImages]:
        """By part, the pictures to train on, whole on their canvas."""
        return {name: part.told(part.train) for name, part in self._packed.items()}

    @property
    def held_out(self) -> dict[str, PackedImages | None]:
        """By part, the pictures held out of training; None if there are none."""
        return {
            name: None if part.held_out is None else part.told(part.held_out) for name, part in self._packed.items()
        }

    def evaluation_images(self, part: str, split: Split) -> PackedImages:
        """Pictures to measure with, at ``image_size``, in an order that never changes.

        If nothing is held out of one of several parts (there may be a single painting), the pictures trained on are
        used instead; a notice and :meth:`provenance` say so.

        Raises:
            UserError: nothing is held out of data with one part.
        """
        chosen = self._packed[part]
        if split == "held_out" and chosen.held_out is None:
            if len(self.parts) == 1:
                raise UserError("No pictures are held out: set data.holdout, such as 0.1, or measure against train.")
            notice(
                f"data.held_out.{part}",
                f"No {part} is held out (data.holdout={self.holdout or 0:g} of {len(chosen.train)}): what is shown and "
                "measured is of pictures that were trained on; raise data.holdout or add pictures.",
            )
        return chosen.crops(split == "held_out", self.image_size, self.cache_dir)

    def preview_batch(self, count: int | None = None) -> Batch | None:
        """Some pictures to show, each (N, C, H, W) in [-1, 1].

        ``image``, of those trained on, with their vectors as ``condition`` (N, K) if any; or ``content``, held out, to
        show what becomes of it, and its ``target`` if there is one, with the companions of either.

        Args:
            count: at most; None is 16 of ``image`` or 8 of ``content``.
        """
        if LABELLED in self.parts:
            chosen = self.evaluation_images(LABELLED, "train")
            vectors = vectors_in(chosen, count or 16)
            return {LABELLED: look_at(chosen, count or 16), **({} if vectors is None else {"condition": vectors})}
        shown = self.aligned or ["content"]
        shown = [name for name in self.parts if self.leaders.get(name, name) in shown]
        return {name: look_at(self.evaluation_images(name, "held_out"), count or 8) for name in shown}

    def whole(self, part: str, split: Split = "train", count: int | None = None) -> Iterator[Tensor]:
        """Whole pictures of a part, evenly spaced, each (1, C, h, w) in [-1, 1] without the fill of its canvas.

        Args:
            part: name.
            split: those held out are those trained on where none are held out.
            count: at most; None for all.
        """
        chosen = self._packed[part]
        packed = chosen.told(chosen.train if split == "train" or chosen.held_out is None else chosen.held_out)
        for number in evenly_spaced(packed, count or len(packed)):
            height, width = packed.sizes[number]
            yield look_at(packed.subset([number]), 1)[..., :height, :width]

    def first_batches(self, part: str, size: int, count: int) -> Iterator[Tensor]:
        """Batches of a part as training sees them, the same every time: ``count`` of (size, C, H, W) in [-1, 1]."""
        return first_batches(self.train[part], self.view, size, count)

    def condition_vectors(self, count: int) -> Tensor | None:
        """Condition vectors of pictures to train on, evenly spaced: (count or fewer, K); None without vectors."""
        return vectors_in(self.train[LABELLED], count) if LABELLED in self.parts else None

    def class_weights(self) -> list[int] | None:
        """How often each class of ``image`` comes in training, in proportion; None without classes."""
        return self._packed[LABELLED].class_weights() if LABELLED in self.parts else None

    def provenance(self) -> dict[str, Any]:
        """The pictures trained on, for the run's summary; plain values. A single part's record is not nested."""
        of_parts = {name: part.provenance() for name, part in self._packed.items()}
        first = next(iter(self._packed.values()))
        own_test = first.pictures.held_out is not None and self.holdout is None
        shared: dict[str, Any] = {
            "split": "the data set's own test part" if own_test else self._split(),
            "limit": self.limit,
            "per_class": self.preparation.per_class,
            "resize": first.policy.resize,
            "image_size": list(self.image_size),
            "pack_size": [first.policy.height, first.policy.width],
        }
        if LABELLED in self.parts:
            shared["vectors"] = self._provenance_of_vectors()
        return (of_parts[first.name] if len(of_parts) == 1 else of_parts) | shared

    def state_dict(self) -> dict[str, Any]:
        """What identifies these pictures, for checkpoints."""
        return state_of(self.packs, self.vectors_sha256)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Compare the pictures with those of the run that is resumed; see :func:`.compare_states`."""
        compare_states(self.state_dict(), state_dict)

    def _split(self) -> str:
        whole = [name for name, part in self._packed.items() if part.whole_classes]
        draw = f", draw {number}" if (number := self.preparation.holdout_draw) else ""
        by_class = f"{self.holdout or 0:g} of each class by name{draw}"
        return f"{by_class}; whole classes of {', '.join(whole)}" if whole else by_class

    def _provenance_of_vectors(self) -> dict[str, Any] | None:
        if (given := self.vectors or self.captions) is None:
            return None
        length = self.spec[LABELLED].condition_dim
        return {"file": Path(given).name, "length": length, "sha256": self.vectors_sha256}


def check_beside(beside: Sequence[str], captions: str | None) -> tuple[str, ...]:
    """What is told beside captions.

    Raises:
        UserError: it is something else, or there are no captions.
    """
    if unknown := [name for name in beside if name not in BESIDE]:
        raise UserError(f"data.beside names {unknown[0]}: give any of {', '.join(BESIDE)}.")
    if beside and captions is None:
        raise UserError("data.beside is told beside captions: set condition=text, or leave it out.")
    return tuple(name for name in BESIDE if name in beside)
