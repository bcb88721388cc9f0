"""Decoding the frames of a clip, and finding those that are lost."""

import heapq
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple


class Decoded(NamedTuple):
    """A frame as it comes from the decoder.

    Attributes:
        frame: of PyAV.
        ticks: when it is shown, in the stream's time base.
        duration: in ticks; 0 if it is not known.
        repeated: whether it stands for one that is damaged or missing.
    """

    frame: Any
    ticks: int
    duration: int
    repeated: bool


class Decoding:
    """Decodes the packets of a video stream, and finds out which frames are lost.

    Every packet says when its frame is shown. A time that is still open when a later frame comes out is that of a lost
    frame: decoders give frames in the order in which they are shown.
    """

    def __init__(self, video: Any) -> None:
        video.thread_type = "SLICE"
        self._open: list[tuple[int, int]] = []
        self._shown: Any = None
        self._last = -(2**63)
        self._hides = video.codec_context.name == "vp8"

    def frames(self, packet: Any) -> Iterator[Decoded]:
        """Frames that a packet brings out: each with its time, its duration, and whether it is a repetition."""
        import av

        hidden = self._hides and packet.size and not bytes(packet)[0] & 16  # VP8 (RFC 6386, 9.1): not to be shown
        if packet.size and packet.pts is not None and not packet.is_discard and not hidden:
            heapq.heappush(self._open, (packet.pts, packet.duration or 0))
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            return
        for frame in decoded:
            yield from self._next(frame)

    def _next(self, frame: Any) -> Iterator[Decoded]:
        ticks = frame.pts if frame.pts is not None else self._last + max(frame.duration or 1, 1)
        bad = bool(frame.is_corrupt)
        shown = self._shown if bad and self._shown is not None else frame
        duration = frame.duration or 0
        while self._open and self._open[0][0] <= ticks:
            at, length = heapq.heappop(self._open)
            if at == ticks:
                duration = length or duration
            elif at > self._last:
                yield self._given(Decoded(frame if self._shown is None else self._shown, at, length, True))
        if ticks > self._last:  # one whose time has been repeated already comes too late
            yield self._given(Decoded(shown, ticks, duration, bad))

    def _given(self, decoded: Decoded) -> Decoded:
        self._shown, self._last = decoded.frame, decoded.ticks
        return decoded

    def rest(self) -> Iterator[Decoded]:
        """Repetitions for frames that were lost at the end."""
        while self._open and self._shown is not None:
            at, length = heapq.heappop(self._open)
            if at > self._last:
                yield self._given(Decoded(self._shown, at, length, True))


def packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    """Packets up to the end, or to damage behind which nothing is found."""
    import av

    with suppress(av.FFmpegError):
        yield from container.demux(*streams)
