"""Opening a clip, and what is known of it before it is decoded."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from impasto.video.colors import BT709, UNKNOWN
from impasto.video.frame import ClipInfo, Color

STRAIGHT: Final = (1, 0, 0, 0, 1, 0, 0, 0, 1)
"""Display matrix of frames that are shown as they are coded."""
SANE_RATES: Final = (Fraction(1, 100), Fraction(1000))
"""Frames per second beyond which a file's own word is not believed."""


class BadClip(Exception):  # noqa: N818 - what is bad is the clip, not the program
    """A clip that cannot be read; ``str()`` is the reason, one short clause."""


def opened(path: Path) -> Any:
    """PyAV's container of a file.

    Raises:
        BadClip: it cannot be opened.
    """
    import av

    av.logging.set_level(av.logging.FATAL)  # what is damaged is said by us, once
    try:
        if path.stat().st_size == 0:
            raise BadClip("the file is empty")
        return av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError) as problem:
        raise BadClip(f"it cannot be opened as a clip ({problem.strerror or problem})") from None


def described(container: Any, frame: Any, matrix: tuple[int, ...], sounds: int) -> ClipInfo:
    """What is known of a clip.

    Args:
        container: of PyAV.
        frame: the first.
        matrix: how frames are to be turned.
        sounds: tracks that are kept.
    """
    video = container.streams.video[0]
    base = video.time_base
    rates = (video.average_rate, video.guessed_rate, Fraction(25))
    rate = next(rate for rate in rates if rate and SANE_RATES[0] <= rate <= SANE_RATES[1])
    duration = float(video.duration * base) if video.duration else (container.duration or 0) / 1_000_000
    aspect = video.sample_aspect_ratio or Fraction(1)
    width, height = frame.width, frame.height
    if abs(matrix[1]) > abs(matrix[0]):
        width, height, aspect = height, width, 1 / aspect
    rgb = frame.format.is_rgb
    color = Color(
        BT709 if rgb else frame.colorspace,
        frame.color_primaries,
        frame.color_trc,
        full=not rgb and (frame.color_range == 2 or frame.format.name.startswith("yuvj")),
    )
    if rgb and frame.color_primaries == UNKNOWN:
        color = Color(BT709, BT709, BT709)
    return ClipInfo(
        width,
        height,
        video.frames or round(duration * rate),
        duration,
        rate,
        base,
        max(part.bits for part in frame.format.components),
        aspect,
        color,
        tuple(stream.codec_context.name for stream in container.streams.audio if stream.codec_context),
        tuple((key, value) for key, value in container.metadata.items() if key in TAGS),
        tuple(losses(container, frame, sounds)),
    )


TAGS: Final = ("title", "album", "genre")
"""Of the file as a whole, that are kept: how it is called, and not who took it, where, when and with what."""


def packet_streams(container: Any) -> list[Any]:
    """The streams whose packets can be kept: of pictures, but for covers, and of sound."""
    from av.stream import Disposition

    shown = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    return [*shown, *(each for each in container.streams.audio if each.codec_context)]


def losses(container: Any, frame: Any, sounds: int) -> Iterator[str]:
    """Clauses about what of a clip is not kept."""
    if any(part.is_alpha for part in frame.format.components):
        yield "its transparency is left out"
    if frame.interlaced_frame:
        yield "it is interlaced, and its frames are taken whole"
    if len(container.streams.video) > 1:
        yield f"one of its {len(container.streams.video)} video streams is taken"
    if container.streams.subtitles:
        yield "its subtitles are left out"
    if len(container.streams.audio) > sounds:
        yield "sound in an unknown format is left out"


def display_matrix(frame: Any) -> tuple[int, ...]:
    """How a frame is to be turned and mirrored, as nine numbers."""
    from av.sidedata.sidedata import Type

    for data in frame.side_data:
        if data.type == Type.DISPLAYMATRIX:
            return struct.unpack("=9i", bytes(data)[:36])
    return STRAIGHT
