"""The data of clips that are made from noise: frames whose channels lie behind each other, by class."""

from dataclasses import replace
from typing import Any

import numpy as np

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.data.module import ImageDataModule
from impasto.data.packing.packed import PackedImages
from impasto.data.parts import LABELLED


class ClipsDataModule(ImageDataModule):
    """The part ``image``: clips of ``frames`` frames. Whole clips are held out, by their names.

    A clip's class is the first folder of its name if all clips lie in such folders, and there are several.

    Args:
        frames: of a clip, 2 or more.
        step: takes every so many-th frame, for motion that is slow.
        labelled: whether clips have classes.
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of
            :func:`~impasto.data.sources.made_clips.open_made_clips`; ``channels`` are those of a frame.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(self, *, frames: Count = 16, step: Count = 1, labelled: bool = True, **settings: Any) -> None:
        super().__init__(**settings)
        self.frames, self.step, self.labelled = frames, step, labelled
        if frames < 2:
            raise UserError(f"data.frames={frames} is no clip: give 2 or more.")
        if self.limit is not None or self.preparation.per_class is not None:
            raise UserError(
                "data.limit and data.per_class take single pictures, which leaves gaps between frames: set data.clips, "
                "and both to null."
            )
        if self.view.color_jitter:
            raise UserError(
                "data.color_jitter changes one frame at a time, and here several belong together: set it to 0."
            )
        self.frame_channels = self.channels_of[LABELLED]
        self.channels_of[LABELLED] = frames * self.frame_channels

    def prepare_data(self) -> None:
        """Open the clips, pack their frames, and put them together."""
        if self._packed:
            return
        opened = self.open_pictures(**self.where)
        whole = self.preparation.part("frames", opened, self.frame_channels, grouped=False, whole_classes=True)  # type: ignore[arg-type]
        names = whole.train.class_names
        kinds = [name.split("/")[0] if "/" in name else "" for name in names]
        classes = tuple(sorted(set(kinds)))
        labelled = self.labelled and "" not in classes and len(classes) > 1
        found = [
            None if part is None else self._clips(part, kinds, classes, labelled)
            for part in (whole.train, whole.held_out)
        ]
        if found[0] is None or not len(found[0]):
            raise UserError(
                f"No clip has the {(self.frames - 1) * self.step + 1} frames that data.frames={self.frames} and "
                f"data.step={self.step} need: give longer clips, or fewer frames."
            )
        policy = replace(whole.policy, channels=self.frames * self.frame_channels)
        held_out = found[1] if found[1] is not None and len(found[1]) else None
        part = replace(whole, name=LABELLED, policy=policy, train=found[0], held_out=held_out, grouped=self.balanced)
        self._packed = {LABELLED: part}

    def _clips(self, frames: PackedImages, kinds: list[str], classes: tuple[str, ...], labelled: bool) -> PackedImages:
        """Runs of frames, labelled by what their clip shows."""
        clips = frames.sequences(self.frames, self.step)
        if not labelled or clips.labels is None:
            return replace(clips, labels=None, class_names=())
        of_clip = np.array([classes.index(kind) for kind in kinds])
        return replace(clips, labels=of_clip[clips.labels], class_names=classes)

    def provenance(self) -> dict[str, Any]:
        """As of every data module, with the clips."""
        return super().provenance() | {"frames": self.frames, "step": self.step}
