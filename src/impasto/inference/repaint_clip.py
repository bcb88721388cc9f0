"""Repainting a clip: frame by frame into a file, steadied, with the sound it came with."""

from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.notices import log
from impasto.inference.events import Painted, Progress
from impasto.inference.masks import ClipMasks, read_mask
from impasto.inference.repaint import Look
from impasto.inference.restore import MaskOf, repainting_of
from impasto.inference.steady import TURN, Steadying
from impasto.painters.painter import Painter
from impasto.video.codecs import DEFAULT, Encoding
from impasto.video.frame import Frame
from impasto.video.reading import Clip
from impasto.video.writing import ClipWriter

CUT_SHORT: Final = 0.95
"""Share of the length that a file claims below which it counts as cut short."""


@dataclass(frozen=True)
class Film:
    """How clips are painted and written.

    Attributes:
        temporal: frames for which strokes stay on what they are painted on, see :mod:`~impasto.inference.steady`; 1
            paints each frame by itself.
        encoding: codec and quality.
    """

    temporal: int = TURN
    encoding: Encoding = DEFAULT

    def check(self) -> None:
        """Make sure that the settings make sense.

        Raises:
            UserError: one does not.
        """
        check_number("temporal", self.temporal, 1)
        self.encoding.check()


FILM: Final = Film()
"""Steady, and coded so that it plays nearly everywhere."""


def repaint_clip(
    painter: Painter,
    source: Path,
    target: Path,
    look: Look,
    film: Film = FILM,
    masks: ClipMasks | None = None,
    keep: Callable[[np.ndarray, np.ndarray], None] | None = None,
) -> Generator[Progress, None, Painted]:
    """Repaint one clip. Memory does not grow with its length.

    Frames keep their times, and the sound its packets. A frame that is damaged or missing is the painting before once
    more. If painting is interrupted, what is painted so far stays in ``NAME.partial.ENDING`` and plays.

    Args:
        painter: takes content.
        source: the clip.
        target: where it goes.
        look: how the paintings should look.
        film: how they follow each other and are written.
        masks: where its frames are painted; None for everywhere.
        keep: gets the first frame before and after, for a sheet.

    Yields:
        Progress by tiles of all frames.
    """
    if painter.gives.channels not in (1, 3):
        raise UserError(f"a clip holds colours, and this model paints {painter.gives.channels} channels")
    clip = Clip(source)
    steady = Steadying(painter, film.temporal) if film.temporal > 1 and look.strength else None
    frames = _Frames(painter, clip, look, masks, steady)
    writer = ClipWriter(target, clip.info, film.encoding, clip.sounds)
    try:
        with writer, steady or nullcontext():
            for item in clip.stream():
                if not isinstance(item, Frame):
                    writer.copy(item)
                    continue
                for done, total in frames.paint(item):
                    yield Progress(source, done, total)
                if frames.number == 1 and keep is not None:
                    keep(item.pixels, frames.painted)
                writer.write(frames.painted, item)
    except (KeyboardInterrupt, GeneratorExit):
        if writer.partial.is_file():
            log.warning("%s: stopped after %d frames; %s plays up to there.", source, frames.number, writer.partial)
        raise
    return Painted(source, target, (*clip.info.notes, *writer.notes, *frames.damage()))


class _Frames:
    """Paints the frames of a clip one after the other.

    Attributes:
        painted: the last one, uint8 or uint16 (H, W, C).
        number: how many are painted.
    """

    def __init__(
        self, painter: Painter, clip: Clip, look: Look, masks: ClipMasks | None, steady: Steadying | None
    ) -> None:
        self.painter, self.info, self.look, self.masks, self.steady = painter, clip.info, look, masks, steady
        # Of the frame at hand alone, and the one before, which may have the same: memory must not grow.
        self.read_mask = lru_cache(2)(partial(read_mask, soft=not painter.mask_channels))
        self.painted = np.empty((0, 0, 3), np.uint8)
        self.number = self.repeated = 0
        self.end = 0.0

    def paint(self, frame: Frame) -> Iterator[tuple[int, int]]:
        """Paint the next frame: tiles of all frames that are done, and that there are, as far as the clip says."""
        if not (frame.repeated and self.number):
            if self.steady is not None:
                self.steady.look(frame.pixels)
            deep = self.info.depth > 8
            mask_of: MaskOf | None = None
            if self.masks is not None:
                mask_of = partial(self.read_mask, self.masks.file(self.number + 1))
            repainting = repainting_of(self.painter, frame.pixels, None, self.look, deep, mask_of)
            for done, tiles in repainting:
                total = max(self.info.frames, self.number + 1) * tiles
                yield min(self.number * tiles + done, total - 1), total
            self.painted = repainting.result
            if self.steady is not None:
                mask = None if mask_of is None else mask_of(*self.painted.shape[:2])
                self.painted = self.steady.steadied(self.painted, mask)
        self.number += 1
        self.repeated += frame.repeated
        self.end = float((frame.ticks + frame.duration) * frame.time_base)

    def damage(self) -> Iterator[str]:
        """Clauses about frames that could not be read, or have no mask."""
        if self.masks is not None and (said := self.masks.note(self.number)):
            yield said
        if self.repeated:
            yield f"{self.repeated} of its {self.number} frames cannot be read, and the one before is shown instead"
        if self.end < CUT_SHORT * self.info.duration:
            yield f"only the first {self.end:.1f} of its {self.info.duration:.1f} seconds can be read"
