"""The data of clips: some frames, and the one that comes next."""

from dataclasses import replace
from typing import Any, Final

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.data.module import ImageDataModule, Split
from impasto.data.packing.packed import PackedImages

FRAMES: Final = "frames"
"""What frames are called while they are packed one by one."""


class FramesDataModule(ImageDataModule):
    """The aligned parts ``content``, frames with their channels behind each other, and ``target``, the next one.

    Every frame is packed once; sequences are put together when they are read. Whole clips are held out, by their names;
    of a single clip its last frames are.

    Args:
        given: frames that the next one is predicted from.
        step: takes every so many-th frame of a clip, for motion that is slow.
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of
            :func:`~impasto.data.sources.clips.open_clips`; ``channels`` are those of a frame.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(self, *, given: Count = 4, step: Count = 1, **settings: Any) -> None:
        super().__init__(**settings)
        self.given, self.step = given, step
        if self.limit is not None:
            raise UserError(
                "data.limit takes single pictures, which leaves gaps between frames: use data.clips, or null."
            )
        if self.view.color_jitter:
            raise UserError(
                "data.color_jitter changes pictures of one frame, and here several belong together: set it to 0."
            )
        self.channels = self.channels_of["target"]
        self.channels_of["content"] = given * self.channels
        self._frames: dict[Split, PackedImages] = {}

    def prepare_data(self) -> None:
        """Open the clips, pack their frames, and put sequences together."""
        if self._packed:
            return
        clips = self.open_pictures(**self.where)
        whole = self.preparation.part(FRAMES, clips, self.channels, grouped=False, whole_classes=True)  # type: ignore[arg-type]
        train, held_out = whole.train, whole.held_out
        if held_out is None and self.holdout and len(whole.train.class_names) < 2:
            train, held_out = parted(train, self.holdout)
        self._frames = {"train": train, "held_out": train if held_out is None else held_out}
        count, longest = self.given + 1, len(train)
        sequences = [None if part is None else part.sequences(count, self.step) for part in (train, held_out)]
        if not sequences[0]:
            raise UserError(
                f"No clip has the {self.given * self.step + 1} frames that data.given={self.given} and data.step="
                f"{self.step} need (all that train are {longest}): give longer clips, or fewer frames."
            )
        if held_out is not None and not sequences[1]:
            raise UserError(
                f"What data.holdout={self.holdout} holds out is shorter than {count} frames: give longer clips, or set "
                "another share."
            )
        policy = replace(whole.policy, channels=count * self.channels)
        both = replace(
            whole, policy=policy, train=sequences[0], held_out=sequences[1], whole_classes=len(train.class_names) > 1
        )
        border = self.given * self.channels
        layers = {"content": (0, border), "target": (border, count * self.channels)}
        self._packed = {name: replace(both, name=name, layer=layers[name]) for name in self.parts}

    def sequences(self, split: Split, count: int) -> PackedImages:
        """All runs of ``count`` frames of those to train on or held out, whole on their canvas.

        If nothing is held out, those trained on are used, and :meth:`provenance` says so.

        Raises:
            UserError: no clip has so many.
        """
        found = self._frames[split].sequences(count, self.step)
        if not len(found):
            raise UserError(f"No clip of {split} has {count * self.step} frames in a row: ask for fewer ahead.")
        return found

    def longest(self, split: Split) -> int:
        """How many frames the longest run has that :meth:`sequences` can give; 0 before the clips are read."""
        if split not in self._frames:
            return 0
        count = 0
        while len(self._frames[split].sequences(count + 1, self.step)):
            count += 1
        return count

    def provenance(self) -> dict[str, Any]:
        """As of every data module, with the clips."""
        numbers = {name: len(frames) for name, frames in self._frames.items()}
        return super().provenance() | {"given": self.given, "step": self.step, "frames": numbers}


def parted(frames: PackedImages, share: float) -> tuple[PackedImages, PackedImages]:
    """The frames of one clip, cut in time: the last share of them, rounded, is held out."""
    first = len(frames) - max(round(share * len(frames)), 1)
    return frames.subset(range(first)), frames.subset(range(first, len(frames)))
