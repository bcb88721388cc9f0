"""Predicting the frames that come after those of clips."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.data.packing.sizing import adapt_channels
from impasto.data.sources.clips import ClipFrames, find_clips
from impasto.data.sources.decode import decode
from impasto.inference.brush import reader
from impasto.inference.events import Done, Event, Painted, Skipped, Started, reason_to_skip
from impasto.inference.places import output_folder
from impasto.inference.saving import save
from impasto.inference.tiles import paint_in_tiles
from impasto.painters.painter import Painter
from impasto.video.reading import Clip

DIGITS: Final = 4
"""Of the numbers in the names of predicted frames, unless those given have more."""


def predict(
    painter: Painter, source: str | Path, output: str | Path, count: int, overwrite: bool = False
) -> Iterator[Event]:
    """Write the frames that come after those of a clip, or of each clip in a folder.

    Args:
        painter: of the next frame, such as of ``model=next_frame``.
        source: see :func:`~impasto.data.sources.clips.find_clips`.
        output: folder; of several clips each gets one of its name in it. Frames are numbered on from the last one
            given, and written as PNG.
        count: frames to predict.
        overwrite: also replace those that are there.

    Yields:
        ``Started``, ``Painted`` for each frame or ``Skipped`` for a clip, and ``Done``.

    Raises:
        UserError: there is no clip, or a setting is out of range.
    """
    check_predictor(painter)
    check_number("ahead", count, 1)
    clips, folder = find_clips(str(source), "input").clips, output_folder(output)
    if folder.is_dir() and any(clip.path.resolve() == folder.resolve() for clip in clips):
        raise UserError(f"output={output} is where the frames themselves are: give another folder.")
    yield Started(count * len(clips))
    written = skipped = 0
    for clip in clips:
        target = folder / clip.name if len(clips) > 1 else folder
        try:
            last, step, given = frames_before(clip, painter)
            target.mkdir(parents=True, exist_ok=True)
            for number, frame in enumerate(frames_after(painter, given, count), 1):
                path = target / f"{last + number * step:0{max(DIGITS, len(str(last)))}d}.png"
                if path.exists() and not overwrite:
                    skipped += 1
                    yield Skipped(path, "it is there already; overwrite=true writes it again")
                    continue
                save([(frame, None)], path, [], {})
                written += 1
                yield Painted(clip.path, path)
        except Exception as problem:
            skipped += 1
            yield Skipped(clip.path, reason_to_skip(problem))
    yield Done(written, skipped, folder)


def check_predictor(painter: Painter) -> None:
    """Make sure that a painter predicts frames.

    Raises:
        UserError: it does not.
    """
    if painter.content is None or painter.content.frames < 2:
        raise UserError(
            f"ahead= predicts frames, and {painter.origin.path} does not: leave it out, or give a run of "
            "model=next_frame."
        )


def refuse_predictor(painter: Painter) -> None:
    """Make sure that a painter repaints pictures.

    Raises:
        UserError: it predicts frames.
    """
    if painter.content is not None and painter.content.frames > 1:
        raise UserError(f"{painter.origin.path} predicts the next frames of a clip: say how many, such as ahead=8.")


def frames_before(clip: ClipFrames, painter: Painter) -> tuple[int, int, list[np.ndarray]]:
    """Number of a clip's last frame, the step between frames in training, and the last frames, as many as are given.

    Raises:
        UserError: the clip is too short, or its frames have several sizes.
        BadImage, BadClip: a frame cannot be read.
    """
    assert painter.content is not None
    step = int(painter.origin.config.get("data", {}).get("step", 1))
    wanted = (painter.content.frames - 1) * step + 1
    if clip.numbered:
        kept = [decode(path) for _, path in clip.numbered[-wanted:]]
        last = clip.numbered[-1][0]
    else:
        kept, last = [], 0
        for frame in Clip(clip.path):
            pixels = frame.pixels if frame.pixels.dtype == np.uint8 else (frame.pixels // 257).astype(np.uint8)
            kept, last = [*kept[1 - wanted :], pixels], last + 1
    kept = kept[::-1][::step][::-1]
    if len(kept) < painter.content.frames:
        raise UserError(f"it has {last if not clip.numbered else len(clip.numbered)} frames, and {wanted} are needed")
    if len({frame.shape for frame in kept}) > 1:
        raise UserError("its frames have several sizes")
    return last, step, [adapt_channels(frame, painter.gives.channels) for frame in kept]


@torch.no_grad()
def frames_after(painter: Painter, given: Sequence[np.ndarray], count: int) -> Iterator[np.ndarray]:
    """The frames that come next, each from those given and those predicted before: uint8 (H, W, C).

    Args:
        painter: of the next frame.
        given: uint8 (H, W, C) each, of any size; the earliest first.
        count: frames to predict.
    """
    height, width = given[0].shape[:2]
    images = [torch.from_numpy(frame).permute(2, 0, 1)[None].to(painter.device) for frame in given]
    known = [image.float() / 127.5 - 1 for image in images]

    def paint(content: Tensor) -> Tensor:
        return painter(content=content)

    for _ in range(count):
        read = reader(torch.cat(known, 1))
        strips = [tile.strip for tile in paint_in_tiles(painter.network, paint, read, height, width)]
        following = torch.cat([strip for strip in strips if strip is not None], 2)
        known = [*known[1:], following]
        yield ((following[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
