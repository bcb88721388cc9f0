"""The data of restoration: clean pictures, and damaged versions that are made on the fly.

A batch has two parts, each float32 (N, C, H, W) in [-1, 1], of 8-bit samples:

- ``target``: the clean pictures, (N, C, H, W);
- ``content``: the same, damaged, (N, c, H / scale, W / scale). ``scale`` is 1 but for super-resolution, and if asked
  for of ``mixed``. The channels are those of the target, but for two tasks. ``inpaint`` adds a last channel, the mask:
  1 where the picture is known, -1 where it is missing; there the other channels hold mid-grey, see
  :data:`~impasto.degradations.masks.HOLE`. ``colorize`` has one channel, the brightness of ITU-R BT.601.

The spec says so by part, and ``spec["content"].task`` names the task; checkpoints hold it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.pixels import to_uint8
from impasto.base.spec import DataSpec, ImageSpec
from impasto.data.damaged import FIXED, DamagedDataset, DamagedSource, damaged, damaged_pack, fixed_damages
from impasto.data.loading import Batch, make_loader
from impasto.data.module import ImageDataModule, Split
from impasto.data.packing.packed import PackedImages
from impasto.data.parts import Part
from impasto.data.sampler import BatchSampler
from impasto.data.sources.opening import Pictures
from impasto.data.sources.unpaired import Folders, open_part
from impasto.data.transforms import to_float
from impasto.degradations.degradation import Damage, Degradation

CONTENT: Final = "content"
TARGET: Final = "target"


def open_clean(root: Folders = None) -> Pictures:
    """Open the clean pictures.

    Args:
        root: folder or folders; ``sample:KIND`` is one kind of the embedded photographs, None is all of them.

    Raises:
        UserError: a folder is not there.
    """
    return open_part("content", None) if root is None else open_part("root", root)


class RestorationDataModule(ImageDataModule):
    """The parts ``content``, damaged pictures, and ``target``, what they were; see the module's own description.

    Args:
        task: name of the degradation.
        tasks: degradations by name; the others are not used.
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of :func:`open_clean`.

    Attributes:
        degradation: what is done to pictures.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(self, *, task: str, tasks: Mapping[str, Degradation], **settings: Any) -> None:
        super().__init__(parts={CONTENT: "aligned", TARGET: "aligned"}, **settings)
        if task not in tasks:
            raise UserError(f"data.task={task} is not known: choose one of {', '.join(tasks)}.")
        if self.preparation.depth != 8 or self.preparation.percentiles is not None:
            raise UserError("Pictures are damaged in 8 bits: set data.depth=8 and data.percentiles=null.")
        if self.channels_of[TARGET] not in (1, 3):
            raise UserError(f"data.channels={self.channels_of[TARGET]} cannot be damaged: set data.channels=1 or 3.")
        self.task, self.degradation = task, tasks[task]
        self._harmed: dict[str, PackedImages] = {}
        self.channels_of[CONTENT] = self.degradation.channels(self.channels_of[TARGET])
        height, width = self.image_size
        if height % (scale := self.degradation.scale) or width % scale:
            raise UserError(
                f"data.image_size={height}x{width} cannot be made {scale} times smaller: choose multiples of {scale}."
            )

    # Lightning's steps ----------------------------------------------------------------------------------------------

    def prepare_data(self) -> None:
        """Open and pack the clean pictures; damaged ones are not kept, but for those that are measured."""
        if self._packed:
            return
        opened = self.open_pictures(**self.where)
        if not isinstance(opened, Pictures):
            raise UserError("data=restoration takes clean pictures alone: let data.pictures open one part.")
        self._packed = {TARGET: self.preparation.part(TARGET, opened, self.channels_of[TARGET], self.balanced)}

    def train_dataloader(self) -> DataLoader[Any]:
        """Endless batches of this process's share; the number of a batch decides its damage."""
        sampler = self._clean.sampler(
            self.batch_size,
            seed=self.seed,
            start=self.start_batch,
            rank=distributed.rank(),
            world_size=distributed.world_size(),
        )
        return make_loader(self._dataset, {TARGET: sampler}, self.num_workers)

    def on_after_batch_transfer(self, batch: dict[str, Batch], dataloader_idx: int) -> Batch:
        """On the device: each part float32 in [-1, 1]."""
        return {name: to_float(part["pixels"]) for name, part in batch.items()}

    # For others ----------------------------------------------------------------------------------------------------

    @property
    def expected_spec(self) -> DataSpec:
        """The spec, which is known before the pictures are read."""
        height, width = self.image_size
        scale = self.degradation.scale
        return {
            CONTENT: ImageSpec(self.channels_of[CONTENT], height // scale, width // scale, task=self.task),
            TARGET: ImageSpec(self.channels_of[TARGET], height, width),
        }

    @property
    def spec(self) -> dict[str, ImageSpec]:
        """By part, the shape of what networks see."""
        return dict(self.expected_spec)

    def evaluation_images(
        self, part: str, split: Split, strength: float | None = None, kind: str | None = None
    ) -> PackedImages:
        """Pictures to measure with, at ``image_size``, in an order that never changes; both parts in step.

        Damage is the same in every run. Without a strength, the measured strengths and the kinds come in turns; see
        :meth:`damages`. Pictures that lose nothing, such as black-and-white ones for ``colorize``, are left out. Where
        nothing is held out, the pictures trained on are used, and a notice says so.

        Args:
            part: ``content`` or ``target``.
            split: ``held_out`` or ``train``.
            strength: that all pictures are damaged with; None takes all that are measured.
            kind: likewise.

        Raises:
            UserError: there is no such kind, or the strength is out of range.
        """
        clean = self._measured(split)
        if part == TARGET:
            return clean
        damages = fixed_damages(clean, self.degradation.measured(strength, kind))
        source = DamagedSource(clean, self.degradation, damages, self._clean.source.origin)
        return damaged_pack(source, self.cache_dir)

    def damages(self, split: Split, strength: float | None = None, kind: str | None = None) -> list[Damage]:
        """Kind and strength of the damage of each of :meth:`evaluation_images`, in their order."""
        clean = self._measured(split)
        return fixed_damages(clean, self.degradation.measured(strength, kind))

    def whole(self, part: str, split: Split = "train", count: int | None = None) -> Iterator[Tensor]:
        """Whole pictures, evenly spaced, each (1, C, h, w) in [-1, 1]; content is damaged as it is measured.

        Sides are cut to multiples of the scale.

        Args:
            part: ``content`` or ``target``.
            split: those held out are those trained on where none are held out.
            count: at most; None for all.
        """
        scale, among = self.degradation.scale, self.degradation.measured()
        for i, clean in enumerate(super().whole(TARGET, split, count)):
            clean = clean[..., : clean.shape[2] // scale * scale, : clean.shape[3] // scale * scale]
            if part == TARGET:
                yield clean
                continue
            pixels = to_uint8(clean).permute(0, 2, 3, 1).contiguous().numpy()
            found = damaged(pixels, self.degradation, [(FIXED, i)], [among[i % len(among)]])
            yield to_float(torch.from_numpy(found))

    def first_batches(self, part: str, size: int, count: int) -> Iterator[Tensor]:
        """Batches of a part as training sees them, the same every time: ``count`` of (size, C, H, W) in [-1, 1]."""
        sampler = BatchSampler(len(self._clean.train), size)
        for position in range(count):
            yield to_float(self._dataset.__getitems__({TARGET: sampler.draw(position)})[part]["pixels"])

    def provenance(self) -> dict[str, Any]:
        """The pictures trained on, and what was done to them, for the run's summary; plain values."""
        clean = super().provenance()
        shared = {
            name: clean.pop(name) for name in ("split", "limit", "per_class", "resize", "image_size", "pack_size")
        }
        done = {"task": self.task, **self.degradation.record()}
        content = {**clean, "name": f"{self.task} of {clean['name']}", "degradation": done}
        return {CONTENT: content, TARGET: clean, "task": self.task, **shared}

    def state_dict(self) -> dict[str, Any]:
        """What identifies these pictures and their damage, for checkpoints."""
        return {**super().state_dict(), "degradation": {"task": self.task, **self.degradation.record()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Compare the pictures, and what is done to them, with those of the run that is resumed.

        Raises:
            UserError: the run was trained for another task, or on other pictures.
        """
        super().load_state_dict(state_dict)
        before, now = state_dict.get("degradation"), self.state_dict()["degradation"]
        if before is None or before["task"] != now["task"]:
            was = "pictures that were not damaged" if before is None else f"data.task={before['task']}"
            raise UserError(
                f"This run was trained on {was}, not data.task={self.task}: set it back, or start a new run."
            )
        if changed := [name for name in now if now[name] != before.get(name)]:
            notice(
                "data.resumed",
                f"{' and '.join(changed)} of data.task={self.task} changed since this run was trained: it goes on with "
                "the new damage.",
            )

    def _measured(self, split: Split) -> PackedImages:
        """The clean pictures to measure with."""
        clean = super().evaluation_images(TARGET, split)
        if type(self.degradation).harms is Degradation.harms:  # nothing to look for
            return clean
        if split not in self._harmed:
            harmed = [i for i in range(len(clean)) if self.degradation.harms(clean.batch([i])[0])]
            self._harmed[split] = clean if len(harmed) in (0, len(clean)) else clean.subset(harmed)
            if left_out := len(clean) - len(self._harmed[split]):
                notice(
                    f"data.unharmed.{split}",
                    f"{left_out} of {len(clean)} pictures to measure with lose nothing to data.task={self.task}: they "
                    "are left out.",
                )
        return self._harmed[split]

    @property
    def _clean(self) -> Part:
        return self._packed[TARGET]

    @property
    def _dataset(self) -> DamagedDataset:
        return DamagedDataset(self._clean.told(self._clean.train), self.degradation, self.view)
