"""Writing clips: frames at their times, with the sound they came with, playable whenever writing ends."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np

from impasto.video.codecs import DEFAULT, Encoding
from impasto.video.colors import to_frame
from impasto.video.frame import ClipInfo, Frame

FRAGMENTED: Final = (".mp4", ".m4v", ".mov")
"""Written in fragments, each of which can be played, and put in order at the end: a process that is killed leaves a
file that plays. Matroska is so by itself. Without ``delay_moov`` sound and pictures would not begin together."""

STEM: Final = 100
"""Letters of a name that the partial file keeps, so that its own is not too long."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within the block Ctrl-C waits for its end: encoders hold back frames, which another Ctrl-C would lose."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears of it
        yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard and callable(before):
        before(heard[0], None)


def partial_of(path: Path) -> Path:
    """The name of a file while it is written; it keeps its ending, by which formats are known."""
    return path.with_name(f"{path.stem[:STEM]}.partial{path.suffix}")


class ClipWriter:
    """Writes a clip into ``NAME.partial.ENDING``, which gets its own name once it is whole.

    If writing ends with an error, or is interrupted, the partial file is closed and stays: it plays up to there.

    Args:
        path: of the file; its folder is made, and its ending says the format.
        info: of the clip that the frames come from: their times, shape of pixels, colours and depth are kept.
        encoding: codec and quality.
        sounds: streams of sound whose packets will be copied, as :attr:`~impasto.video.reading.Clip.sounds`.

    Attributes:
        notes: clauses about what could not be kept.
    """

    def __init__(self, path: Path, info: ClipInfo, encoding: Encoding = DEFAULT, sounds: Sequence[Any] = ()) -> None:
        self.path, self.info, self._sounds = path, info, list(sounds)
        self.partial = partial_of(path)
        self.notes: tuple[str, ...] = ()
        self._codec = encoding.chosen(path, info.depth)
        self._crf = self._codec.quality if encoding.crf is None else encoding.crf
        self._container: Any = None
        self._waiting: list[Any] = []
        self._tracks: dict[int, Any] = {}

    def __enter__(self) -> "ClipWriter":
        self.partial.unlink(missing_ok=True)  # of an earlier call, which would pass for what this one wrote
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with uninterrupted():
            if problem is None:
                self._close()
                self.partial.replace(self.path)
                return
            with suppress(Exception):  # the first problem is the one to tell
                self._close()

    def write(self, pixels: np.ndarray, at: Frame) -> None:
        """Write a frame.

        Args:
            pixels: uint8 or uint16 (H, W, 1 or 3); all frames have the size of the first.
            at: the frame whose time it takes.
        """
        if pixels.shape[2] == 1:
            pixels = pixels.repeat(3, 2)
        if self._container is None:
            self._open(*pixels.shape[:2])
        frame = to_frame(pixels, self.info.color, self._video.pix_fmt)
        frame.pts, frame.time_base, frame.duration = at.ticks, at.time_base, at.duration
        frame.colorspace, frame.color_range = self.info.color.matrix, 2 if self.info.color.full else 1
        self._container.mux(self._video.encode(frame))

    def copy(self, packet: Any) -> None:
        """Write a packet of sound as it is."""
        if self._container is None:  # the size of the frames is not known yet
            self._waiting.append(packet)
        elif (track := self._tracks.get(packet.stream_index)) is not None and packet.dts is not None:
            packet.stream = track
            self._container.mux(packet)

    def _open(self, height: int, width: int) -> None:
        import av

        self.path.parent.mkdir(parents=True, exist_ok=True)
        options = {}
        if self.path.suffix.lower() in FRAGMENTED:
            options = {"movflags": "hybrid_fragmented+delay_moov", "video_track_timescale": str(self._scale())}
        self._container = av.open(str(self.partial), "w", container_options=options)
        self._container.metadata.update(self.info.tags)
        self._video = self._container.add_stream(self._codec.encoder, rate=self.info.rate, options=self._options())
        self._set_up(self._video.codec_context, height, width)
        for sound in self._sounds:
            try:
                self._tracks[sound.index] = self._container.add_stream_from_template(sound)
                self._tracks[sound.index].metadata.clear()
                if "language" in sound.metadata:
                    self._tracks[sound.index].metadata["language"] = sound.metadata["language"]
            except (ValueError, av.FFmpegError):
                name = sound.codec_context.name
                self.notes += (f"its sound ({name}) does not go into a {self.path.suffix} and is left out",)
        waiting, self._waiting = self._waiting, []
        for packet in waiting:
            self.copy(packet)

    def _set_up(self, context: Any, height: int, width: int) -> None:
        """Tell the encoder shape, times and colours."""
        odd, deep = bool(height % 2 or width % 2), self.info.depth > 8
        context.width, context.height = width, height
        context.pix_fmt = self._codec.forms[2 * odd + deep]
        context.time_base = self.info.time_base
        context.flags |= 1 << 23  # AV_CODEC_FLAG_FRAME_DURATION: the last frame's too
        if self.info.pixel_aspect != 1:
            context.sample_aspect_ratio = self.info.pixel_aspect
        color = self.info.color
        context.color_range = 2 if color.full else 1
        context.colorspace, context.color_primaries = color.matrix, color.primaries
        context.color_trc = color.transfer
        if self._codec.encoder == "libx265" and self.path.suffix.lower() in FRAGMENTED:
            context.codec_tag = "hvc1"  # the one that Apple's players show
        if odd and "444" in self._codec.forms[2]:
            self.notes += ("its odd size needs 4:4:4 colour, which some players do not show; codec=vp9 does not",)

    def _options(self) -> dict[str, str]:
        options = dict(self._codec.options)
        return options if self._crf is None else options | {"crf": str(self._crf), "b": "0"}

    def _scale(self) -> int:
        """Ticks per second of the file: those of the clip, as far as they are whole."""
        return int(self.info.time_base.denominator)

    def _close(self) -> None:
        container, self._container = self._container, None
        if container is None:
            return
        try:
            container.mux(self._video.encode(None))
        finally:
            container.close()
