"""Clips for video synthesis: one's own by class, or made by code with motion that is known."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.ranges import Count, Seed
from impasto.data.sources.clips import find_clips
from impasto.data.sources.idx import CLASSES, IdxSource
from impasto.data.sources.opening import SAMPLES, Pictures
from impasto.data.sources.source import Item, Origin
from impasto.procedural.loops import EFFECTS, draw_loop
from impasto.procedural.moving_figures import MovingFigure, kinds_of

Made = Literal["shapes", "digits", "loops"]
MADE_VERSION: Final = 1
"""Raised when the same settings make something else."""
TITLES: Final = {"shapes": "moving shapes", "digits": "moving digits", "loops": "loops of fire and water"}


@dataclass(frozen=True)
class MadeClips:
    """The frames of clips made by code, clip by clip; each clip is a class, whose name begins with what it shows.

    Attributes:
        made: what they show.
        clips: how many; kinds come in turn.
        frames: of each.
        side: pixels of the frames' sides.
        seed: of all of them; more clips leave the earlier ones as they are.
    """

    made: Made
    clips: int
    frames: int
    side: int
    seed: int
    origin: Origin = field(default="sample", init=False)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What clips may show."""
        return EFFECTS if self.made == "loops" else kinds_of(self.made)

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """One for each clip."""
        return tuple(f"{self.kinds[clip % len(self.kinds)]}/{clip:05d}" for clip in range(self.clips))

    @property
    def length(self) -> int:
        """Frames of all clips."""
        return self.clips * self.frames

    def fingerprint(self) -> str:
        """A hash of all settings."""
        return hashlib.sha256(f"{self!r} {MADE_VERSION}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The frames from position ``start`` on."""
        for clip in range(start // self.frames, self.clips):
            frames = self.clip(clip)
            for number in range(max(start - clip * self.frames, 0), self.frames):
                yield Item(f"{self.class_names[clip]}/{number + 1:04d}", frames[number], clip)

    def clip(self, number: int) -> list[np.ndarray]:
        """The frames of one clip: uint8 (side, side, C) each."""
        kind, seed = self.kinds[number % len(self.kinds)], (self.seed, number)
        if self.made == "loops":
            return list(draw_loop(kind, seed, self.frames, self.side))
        digit = None
        if self.made == "digits":
            of_kind = digits()[int(kind)]
            digit = of_kind[np.random.default_rng([*seed, 1]).integers(len(of_kind))]
        figure = MovingFigure(seed, "digit" if digit is not None else kind, self.side, digit)
        return [figure.frame(i) for i in range(self.frames)]


@cache
def digits() -> tuple[np.ndarray, ...]:
    """The embedded digits of MNIST, by class: uint8 (n, 28, 28) each."""
    source = IdxSource(SAMPLES / "mnist", "train", CLASSES["mnist"], "sample")
    assert source.labels is not None
    return tuple(source.images[source.labels == digit] for digit in range(10))


def open_made_clips(
    root: str | None = None,
    made: Made = "shapes",
    clips: Count = 1500,
    length: Count = 16,
    size: Count = 32,
    drawing_seed: Seed = 0,
) -> Pictures:
    """Open the frames of clips to learn to make more of, clip by clip.

    Args:
        root: a folder of clips, see :func:`~impasto.data.sources.clips.open_clips`; a folder in it for each class. None
            makes clips by code.
        made: what those show: ``shapes``, ``digits`` or ``loops``.
        clips: how many of those.
        length: frames of each.
        size: pixels of their sides.
        drawing_seed: of those.

    Raises:
        UserError: there are no clips, or a number is out of range.
    """
    if root is not None:
        name = f"clips in {Path(root).expanduser().resolve().name}"
        return Pictures(name, find_clips(root), label="folder")
    if length < 2 or size < 16:
        raise UserError(f"data.length={length}, data.size={size}: give 2 frames and 16 pixels or more.")
    notice(
        "data.source", f"No clips are given, so {clips} {TITLES[made]} are made: set data.root to a folder of clips."
    )
    source = MadeClips(made, clips, length, size, drawing_seed)
    return Pictures(f"{clips} made clips: {TITLES[made]}", source, label="kind", opacity=made == "loops")
