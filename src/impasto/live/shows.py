"""Where paintings go: a clip, a virtual camera, a line on the terminal. The page is in :mod:`impasto.live.page`."""

import logging
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from impasto.base.errors import UserError
from impasto.base.files import check_writable
from impasto.live.pipeline import Shown
from impasto.video.endings import WRITTEN
from impasto.video.frame import ClipInfo, Frame
from impasto.video.writing import ClipWriter

log = logging.getLogger("impasto")

TICKS: Final = 90_000
"""A second, as clips of television count."""


class ClipShow:
    """Writes paintings into a clip, each at the time at which its picture was captured.

    Args:
        path: of the clip.
        rate: paintings a second, about.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self.path, self.rate = path, rate
        self._writer: ClipWriter | None = None
        self._size, self._last = (0, 0), -1

    def show(self, shown: Shown) -> None:
        """See :class:`~impasto.live.pipeline.Show`."""
        if self._writer is None:
            height, width = shown.pixels.shape[:2]
            rate, base = Fraction(self.rate).limit_denominator(1000), Fraction(1, TICKS)
            self._writer = ClipWriter(self.path, ClipInfo(width, height, 0, 0.0, rate, base))
            self._size = width, height
        ticks = max(round(shown.time * TICKS), self._last + 1)
        self._last = ticks
        self._writer.write(fitted(shown.pixels, self._size), Frame(shown.pixels, ticks, Fraction(1, TICKS)))

    def close(self) -> None:
        """See :class:`~impasto.live.pipeline.Show`."""
        if self._writer is not None:
            self._writer.__exit__(None, None, None)
            log.info("Written to %s", self.path)


class VirtualCamera:
    """Other programs see paintings as a camera of this machine (pyvirtualcam: v4l2loopback, OBS).

    Args:
        rate: paintings a second.

    Raises:
        UserError: pyvirtualcam is not installed.
    """

    def __init__(self, rate: float) -> None:
        try:
            import pyvirtualcam
        except ImportError:
            raise UserError(
                "virtual_camera=true needs the package pyvirtualcam: pip install 'impasto[video]'"
            ) from None
        self._make, self.rate = pyvirtualcam.Camera, rate
        self._camera: Any = None
        self._size = (0, 0)

    def show(self, shown: Shown) -> None:
        """See :class:`~impasto.live.pipeline.Show`.

        Raises:
            UserError: the system has no virtual camera.
        """
        if self._camera is None:
            self._size = shown.pixels.shape[1], shown.pixels.shape[0]
            try:
                self._camera = self._make(*self._size, round(self.rate))
            except RuntimeError as problem:
                reason = " ".join(str(problem).split()).rstrip(".")
                raise UserError(
                    f"virtual_camera=true: this machine has no virtual camera ({reason}); on Linux load v4l2loopback, "
                    "elsewhere install OBS."
                ) from None
            log.info("The virtual camera is %s", self._camera.device)
        self._camera.send(fitted(shown.pixels, self._size))

    def close(self) -> None:
        """See :class:`~impasto.live.pipeline.Show`."""
        if self._camera is not None:
            self._camera.close()


class RateLine:
    """The rate on the terminal, on one line; where there is no terminal, a line now and then.

    Args:
        seconds: between lines where there is no terminal.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self.seconds, self._next = seconds, 0.0
        self._terminal = sys.stderr.isatty()

    def show(self, shown: Shown) -> None:
        """See :class:`~impasto.live.pipeline.Show`."""
        if shown.time < self._next:
            return
        self._next = shown.time + (0.25 if self._terminal else self.seconds)
        if self._terminal:
            print(f"\r{in_words(shown)}   ", end="", file=sys.stderr, flush=True)
        elif shown.painted > 1:
            log.info("%s", in_words(shown))

    def close(self) -> None:
        """See :class:`~impasto.live.pipeline.Show`."""
        if self._terminal:
            with suppress(OSError):
                print(file=sys.stderr)


def in_words(shown: Shown) -> str:
    """Rate, size and delay of the paintings so far."""
    height, width = shown.pixels.shape[:2]
    return (
        f"{shown.rate:.1f} a second at {width} x {height}, {shown.latency * 1000:.0f} ms behind, "
        f"{shown.painted} painted, {shown.dropped} dropped"
    )


def fitted(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A painting at the width and height of the first one."""
    return pixels if pixels.shape[1::-1] == size else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def check_output(output: object, source: str = "", overwrite: bool = False) -> Path | None:
    """The clip to write, whose ending says the format.

    Args:
        output: as it was given.
        source: of the pictures.
        overwrite: replace an earlier clip.

    Raises:
        UserError: it has another ending, exists, is the source, or its folder cannot be written.
    """
    if output is None:
        return None
    path = Path(str(output)).expanduser()
    if path.suffix.lower() not in WRITTEN:
        raise UserError(f"output={output}: give the name of a clip that ends in {', '.join(WRITTEN)}.")
    if path.exists() and path.resolve() == Path(source).expanduser().resolve():
        raise UserError(f"output={output} is the source itself: give another name.")
    if path.is_dir():
        raise UserError(f"output={output} is a folder: give the name of a clip.")
    if path.exists() and not overwrite:
        raise UserError(f"output={output} exists; give overwrite=true to replace it, or another name.")
    check_writable(path)
    return path
