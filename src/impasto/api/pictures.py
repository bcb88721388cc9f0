"""Pictures as Python code has them: files, Pillow's images and NumPy arrays."""

import io
import os
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from impasto.base.errors import UserError
from impasto.data.sources.decode import BadImage, on_white
from impasto.data.sources.frames import Frames, Layers, layers_of_image

Picture = str | os.PathLike[str] | Image.Image | np.ndarray
"""A file, an image of Pillow, or an array uint8 or uint16 (H, W), (H, W, 1), (H, W, 3) or, with opacity, (H, W, 4)."""
Kind = TypeVar("Kind", bound=Image.Image | np.ndarray)


def layers_of(picture: Picture, channels: int = 3) -> Layers:
    """The pixels of a picture, upright and in sRGB, with its opacity apart; of an animation the first frame.

    Args:
        picture: file, image or array.
        channels: that are wanted: an array with as many has no opacity among them.

    Returns:
        uint8 or uint16 (H, W, C), and the opacity (H, W, 1) of the same type or None.

    Raises:
        UserError: it cannot be read, or its array has another shape or type.
    """
    try:
        if isinstance(picture, np.ndarray):
            return layers_of_array(picture, channels)
        if isinstance(picture, Image.Image):
            return layers_of_image(picture)
        if not isinstance(picture, str | os.PathLike):
            raise UserError(
                f"A picture is a file, an image of Pillow or a NumPy array, and this is {type(picture).__name__}: give "
                "one of them."
            )
        return next(iter(Frames(Path(picture).expanduser())))
    except BadImage as problem:
        named = "The picture" if isinstance(picture, Image.Image) else picture
        raise UserError(f"{named} cannot be read: {problem}.") from None


def layers_of_array(array: np.ndarray, channels: int) -> Layers:
    """As :func:`layers_of`, of an array.

    Raises:
        UserError: it has another shape or type.
    """
    pixels = array[..., None] if array.ndim == 2 else array
    if pixels.ndim != 3 or 0 in pixels.shape or pixels.dtype not in (np.uint8, np.uint16):
        raise UserError(
            f"A picture as an array is uint8 or uint16 of shape (H, W) or (H, W, C), and this is {array.dtype} of "
            f"shape {array.shape}: scale floats to 0..255, and put channels last."
        )
    if pixels.shape[2] in (2, 4) and pixels.shape[2] != channels:
        return own(pixels[..., :-1]), own(pixels[..., -1:])
    return own(pixels), None


def own(array: np.ndarray) -> np.ndarray:
    """An array as torch takes it: contiguous, and one that may be written."""
    return np.require(array, requirements=["C", "W"])


def like(picture: Picture, pixels: np.ndarray, opacity: np.ndarray | None) -> Image.Image | np.ndarray:
    """A painting as the picture was given: an array for an array, otherwise an image of Pillow.

    Args:
        picture: that was painted.
        pixels: (H, W, C).
        opacity: (H, W, 1) of the same type, or None.

    Raises:
        UserError: Pillow has no image of so many channels.
    """
    if isinstance(picture, np.ndarray):
        whole = pixels if opacity is None else np.concatenate([pixels, opacity], 2)
        return whole[..., 0] if picture.ndim == 2 and whole.shape[2] == 1 else whole
    if pixels.shape[2] not in (1, 3):
        raise UserError(f"Pillow has no images of {pixels.shape[2]} channels: give the picture as an array.")
    if pixels.dtype == np.uint16:
        return Image.fromarray(pixels[..., 0])
    whole = pixels if opacity is None else np.concatenate([pixels, opacity], 2)
    return Image.fromarray(whole[..., 0] if whole.shape[2] == 1 else whole)


def on_paper(picture: Picture) -> np.ndarray:
    """A picture uint8 (H, W, 3) on white, as one of a style is looked at.

    Raises:
        UserError: it cannot be read, or has other channels.
    """
    pixels, opacity = layers_of(picture)
    if pixels.shape[2] not in (1, 3):
        raise UserError(f"A picture of a style is grey or has 3 colours, and this has {pixels.shape[2]} channels.")
    pixels = pixels if opacity is None else on_white(pixels, opacity)
    pixels = pixels if pixels.dtype == np.uint8 else np.rint(pixels / 257).astype(np.uint8)
    return np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels


def as_file(picture: Picture) -> bytes:
    """The bytes of a picture's file; of an image or array those of a PNG."""
    if isinstance(picture, str | os.PathLike):
        return Path(picture).expanduser().read_bytes()
    image = Image.fromarray(np.squeeze(picture)) if isinstance(picture, np.ndarray) else picture
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
