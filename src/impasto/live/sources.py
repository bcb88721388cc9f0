"""Where pictures come from while they are painted: always the newest, so that nothing lags; imports no torch."""

import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from impasto.base.errors import UserError
from impasto.live.clock import Clock
from impasto.video.describing import BadClip
from impasto.video.endings import is_clip
from impasto.video.frame import Frame
from impasto.video.reading import Clip

AHEAD: Final = 8
"""Frames of a clip that are read ahead."""
CHASE: Final = 0.5
"""Seconds for which frames are passed over at most, before one is given."""
MOST_CAMERAS: Final = 999
"""Greatest number of a camera; OpenCV takes hundreds beyond for ways to reach one."""
PATIENCE: Final = 5.0
"""Seconds without a picture after which a camera counts as gone."""


@dataclass(frozen=True)
class Captured:
    """One picture.

    Attributes:
        pixels: uint8 (H, W, 3).
        time: seconds on the clock at which it was there, or was due.
        dropped: pictures since the one before that were passed over.
    """

    pixels: np.ndarray
    time: float
    dropped: int = 0


class Source(Protocol):
    """Gives pictures.

    Attributes:
        rate: pictures a second; 0 if it is not known.
    """

    rate: float

    def newest(self) -> Captured | None:
        """The newest picture that was not given yet, waited for if there is none; None at the end."""
        ...


class ClipSource:
    """A clip in the time in which it plays: what is due is given, and what was due before is dropped.

    Args:
        clip: that is played.
        clock: by which it is.
    """

    def __init__(self, clip: Clip, clock: Clock) -> None:
        self.rate, self._clock = float(clip.info.rate), clock
        self._frames = ahead_of(iter(clip))
        self._ahead = next(self._frames, None)
        self._start: float | None = None
        self._first = 0.0 if self._ahead is None else self._ahead.time

    def newest(self) -> Captured | None:
        """See :class:`Source`."""
        if self._ahead is None:
            return None
        if self._start is None:
            self._start = self._clock.now()
        frame, dropped, asked = self._ahead, 0, self._clock.now()
        self._ahead = next(self._frames, None)
        # Those that are due when it is asked, and not those since: a machine that is too slow to read them would pass
        # over all to the end.
        while self._ahead is not None and self._due(self._ahead) <= asked and self._clock.now() < asked + CHASE:
            frame, dropped = self._ahead, dropped + 1
            self._ahead = next(self._frames, None)
        if (wait := self._due(frame) - self._clock.now()) > 0:
            self._clock.sleep(wait)
        pixels = frame.pixels if frame.pixels.dtype == np.uint8 else (frame.pixels >> 8).astype(np.uint8)
        return Captured(pixels, self._due(frame), dropped)

    def _due(self, frame: Frame) -> float:
        return (self._start or 0.0) + frame.time - self._first


def ahead_of(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same frames, read a few ahead by a thread of its own, while another is painted."""
    waiting: queue.Queue[Frame | BaseException | None] = queue.Queue(AHEAD)
    ended = threading.Event()

    def put(item: Frame | BaseException | None) -> None:
        while not ended.is_set():
            with suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    def read() -> None:
        try:
            for frame in frames:
                put(frame)
                if ended.is_set():
                    return
            put(None)
        except Exception as problem:
            put(problem)

    threading.Thread(target=read, name="clip", daemon=True).start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        ended.set()


class CameraSource:
    """A camera, read by a thread of its own, which keeps the last picture alone: drivers queue several.

    Args:
        camera: OpenCV's, opened.
        clock: that says when a picture came.
    """

    def __init__(self, camera: Any, clock: Clock) -> None:
        self.rate = 0.0
        self._camera, self._clock = camera, clock
        self._changed = threading.Condition()
        self._last: tuple[np.ndarray, float] | None = None
        self._waiting, self._ended = 0, False
        self._thread = threading.Thread(target=self._read, name="camera", daemon=True)
        self._thread.start()

    def newest(self) -> Captured | None:
        """See :class:`Source`.

        Raises:
            UserError: the camera gives no more pictures.
        """
        with self._changed:
            there = self._changed.wait_for(lambda: self._waiting or self._ended, PATIENCE)
            if self._last is None or not self._waiting:
                if there and self._ended:
                    return None
                raise UserError(
                    f"The camera has given no picture for {PATIENCE:g} seconds: is another program using it?"
                )
            (pixels, when), dropped, self._waiting = self._last, self._waiting - 1, 0
        return Captured(np.ascontiguousarray(pixels[..., ::-1]), when, dropped)  # OpenCV has blue first

    def close(self) -> None:
        """Let the camera go."""
        self._ended = True
        self._thread.join(PATIENCE)
        self._camera.release()

    def _read(self) -> None:
        while not self._ended:
            good, pixels = self._camera.read()
            with self._changed:
                if good:
                    self._last, self._waiting = (pixels, self._clock.now()), self._waiting + 1
                self._ended |= not good
                self._changed.notify_all()


class ScreenSource:
    """The screen, grabbed when a picture is wanted, at most so many times a second.

    Args:
        rate: times a second.
        clock: by which they are counted.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        self.rate, self._clock, self._next = rate, clock, clock.now()

    def newest(self) -> Captured | None:
        """See :class:`Source`."""
        if (wait := self._next - self._clock.now()) > 0:
            self._clock.sleep(wait)
        self._next = max(self._next + 1 / self.rate, self._clock.now())
        return Captured(grabbed(), self._clock.now())


def grabbed() -> np.ndarray:
    """The screen, uint8 (H, W, 3).

    Raises:
        UserError: there is none.
    """
    from PIL import ImageGrab

    try:
        return np.array(ImageGrab.grab().convert("RGB"))
    except (OSError, ValueError) as problem:
        raise UserError(
            f"source=screen: there is no screen to be grabbed ({str(problem).strip().rstrip('.')}); give a camera's "
            "number or a clip."
        ) from None


@contextmanager
def opened(source: str, rate: float, clock: Clock) -> Iterator[Source]:
    """The source that a setting means: a clip, the number of a camera, or ``screen``.

    Args:
        source: as it was given.
        rate: pictures a second that are wanted.
        clock: see :class:`ClipSource`.

    Raises:
        UserError: there is no such clip, camera or screen.
    """
    if source == "screen":
        grabbed()
        yield ScreenSource(rate, clock)
    elif source.isdecimal():
        camera = CameraSource(open_camera(int(source)), clock)
        try:
            yield camera
        finally:
            camera.close()
    else:
        try:  # a clip may be damaged anywhere, so that what is done with it is within, too
            yield ClipSource(Clip(Path(source).expanduser()), clock)
        except BadClip as problem:
            raise UserError(f"source={source} cannot be played: {problem}.") from None


def check_source(source: str) -> None:
    """Make sure, before torch is imported, that there may be such a source.

    Raises:
        UserError: there cannot be.
    """
    if source == "screen":
        return
    if source.isdecimal():
        if int(source) > MOST_CAMERAS:
            raise UserError(f"source={source}: there is no such camera; the first is 0.")
        return
    path = Path(source).expanduser()
    if not path.is_file():
        raise UserError(f"source={source} does not exist: give a clip, the number of a camera such as 0, or screen.")
    if not is_clip(path):
        raise UserError(f"source={source} is no clip: stylize.py paints pictures; give a clip, a camera or screen.")


def open_camera(number: int) -> Any:
    """A camera by its number, OpenCV's.

    Raises:
        UserError: there is none, or another program has it.
    """
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its own report has several lines
    camera = cv2.VideoCapture(number)
    if camera.isOpened():
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return camera
    there = sorted(str(path) for path in Path("/dev").glob("video*")) if sys.platform == "linux" else []
    found = (
        f"; there are {', '.join(there)}" if there else "; this machine shows none" if sys.platform == "linux" else ""
    )
    raise UserError(f"source={number}: there is no such camera, or another program is using it{found}.")
