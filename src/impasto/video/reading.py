"""Reading clips: frames with their times, upright and in RGB, and the packets of their sound."""

import os
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from impasto.video.colors import to_pixels, upright
from impasto.video.decoding import Decoded, Decoding, packets
from impasto.video.describing import STRAIGHT, BadClip, described, display_matrix, opened
from impasto.video.endings import check_installed
from impasto.video.frame import Frame


class Clip:
    """A clip on disk. Iterating gives its frames, in the order in which they are shown, as often as wanted.

    A frame that is damaged or missing is replaced by the one before, at its own time, and marked; at the beginning, by
    the first that can be read. Memory does not grow with the length.

    Args:
        path: of the file.

    Attributes:
        path: likewise.
        info: what is known before it is decoded.
        sounds: PyAV's streams of sound, as templates for a writer.

    Raises:
        BadClip: it cannot be read, or has no frames.
        UserError: PyAV is missing.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        check_installed()
        self.path = Path(path)
        self._container = opened(self.path)  # stays open: the templates of the sound live in it
        if not self._container.streams.video:
            raise BadClip("it has no video stream")
        self.sounds: list[Any] = [stream for stream in self._container.streams.audio if stream.codec_context]
        self._matrix: tuple[int, ...] = STRAIGHT
        first = self._first()
        self.info = described(self._container, first, self._matrix, len(self.sounds))

    def __iter__(self) -> Iterator[Frame]:
        return (item for item in self.stream() if isinstance(item, Frame))

    def stream(self) -> Iterator[Any]:
        """Frames, and between them the packets of the sound, in the order of the file.

        Yields:
            :class:`Frame`, or ``av.Packet`` whose times count from the beginning of the clip, as those of frames do.
        """
        with opened(self.path) as container:
            video = container.streams.video[0]
            chosen = [video, *(container.streams[sound.index] for sound in self.sounds)]
            decoding = Decoding(video)
            for packet in packets(container, chosen):
                if packet.stream_index != video.index:
                    if packet.size:
                        yield shifted(packet, container.start_time)
                    continue
                for decoded in decoding.frames(packet):
                    yield self._frame(decoded, container.start_time)
            for decoded in decoding.rest():
                yield self._frame(decoded, container.start_time)

    def _first(self) -> Any:
        """The first frame that can be decoded."""
        import av

        with opened(self.path) as container:
            video = container.streams.video[0]
            for packet in packets(container, [video]):
                with suppress(av.FFmpegError):
                    for frame in packet.decode():
                        self._matrix = display_matrix(frame)
                        return frame
        raise BadClip("it has no frame that can be read")

    def _frame(self, decoded: Decoded, start: int | None) -> Frame:
        pixels = upright(to_pixels(decoded.frame, self.info.color, self.info.depth > 8), self._matrix)
        if pixels.shape[:2] != (self.info.height, self.info.width):
            raise BadClip("the size of its frames changes on the way")
        base = self.info.time_base
        ticks = decoded.ticks - offset(start, base)
        return Frame(np.ascontiguousarray(pixels), ticks, base, decoded.duration, decoded.repeated)


def offset(start: int | None, base: Fraction) -> int:
    """Ticks by which a file begins after zero; ``start`` is in microseconds."""
    return round(max(start or 0, 0) / (1_000_000 * base))


def shifted(packet: Any, start: int | None) -> Any:
    """A packet whose times count from the beginning of its file."""
    ticks = offset(start, packet.time_base)
    if ticks:
        packet.pts = None if packet.pts is None else packet.pts - ticks
        packet.dts = None if packet.dts is None else packet.dts - ticks
    return packet
