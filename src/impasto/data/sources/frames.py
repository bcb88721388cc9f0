"""All frames of an animation, all pages of a TIFF, or the one picture of any other file."""

import io
import os
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from PIL import Image

from impasto.data.sources.decode import (
    MAX_PIXELS,
    BadImage,
    checked,
    eight_bit_layers,
    formats,
    has_deep_samples,
    in_range,
    orientation_of,
    read_file,
    upright,
)
from impasto.data.sources.native_depth import decode_layers, is_beyond_pillow

Layers = tuple[np.ndarray, np.ndarray | None]
"""uint8 or uint16 (H, W, C), and the opacity (H, W, 1) of the same type; None for an opaque format."""

_WITH_FRAMES: Final = ("GIF", "WEBP", "PNG", "AVIF", "TIFF", "HEIF")
"""Pillow's names of formats whose frames are all pictures; those of others are previews and layers."""


class Frames:
    """The frames of a picture file, decoded one after the other as :func:`decode_layers` does.

    Args:
        picture: the file's bytes, or its path.

    Attributes:
        count: number of frames.
        durations: of each frame in milliseconds, known once it is decoded; empty for pages and single pictures.
        animation: Pillow's options for writing the animation as a whole.

    Raises:
        BadImage: the file cannot be read, or all frames together have more pixels than are decoded.
    """

    def __init__(self, picture: bytes | os.PathLike[str] | str) -> None:
        self._data = picture if isinstance(picture, bytes) else read_file(picture)
        self.durations: list[float] = []
        self.animation: dict[str, Any] = {}
        self.count = checked(self._data, self._count)

    def _count(self) -> int:
        if is_beyond_pillow(self._data):
            return 1
        self._image = Image.open(io.BytesIO(self._data), formats=formats())
        count = getattr(self._image, "n_frames", 1) if self._image.format in _WITH_FRAMES else 1
        if count == 1:
            return 1
        width, height = self._image.size
        if width * height * count > MAX_PIXELS:
            raise BadImage(f"its {count} frames of {width} x {height} pixels are more than the {MAX_PIXELS:,} decoded")
        self.animation = {k: v for k, v in self._image.info.items() if k in ("loop", "default_image")}
        return count

    def __iter__(self) -> Iterator[Layers]:
        if self.count == 1:
            yield decode_layers(self._data)
            return
        for number in range(self.count):
            yield checked(self._data, lambda number=number: self._frame(number))  # type: ignore[misc]

    def _frame(self, number: int) -> Layers:
        self._image.seek(number)
        self._image.load()
        if (duration := self._image.info.get("duration")) is not None:
            self.durations.append(duration)
        return layers_of_image(self._image)


def layers_of_image(image: Image.Image) -> Layers:
    """A loaded picture upright, in sRGB, with its opacity apart: uint16 of one channel for deep greys, else uint8.

    Raises:
        BadImage: its samples are no finite numbers that 16 bits hold.
    """
    orientation = orientation_of(image)
    if has_deep_samples(image):
        return upright(in_range(np.asarray(image)[..., None], 65535).astype(np.uint16), orientation), None
    pixels, opacity = eight_bit_layers(image)
    return upright(pixels, orientation), None if opacity is None else upright(opacity, orientation)
