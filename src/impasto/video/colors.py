"""Frames as FFmpeg has them to pixels, and back."""

from typing import Any, Final

import numpy as np

from impasto.video.frame import Color

BT709: Final = 1
UNKNOWN: Final = 2
HD: Final = 720
"""Rows from which a clip that does not name its matrix counts as one of BT.709, as players have it; else BT.601."""
MATRICES: Final = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""Numbers of H.273 to those of FFmpeg's scaler."""


def scaler_matrix(color: Color, height: int) -> int:
    """The matrix by FFmpeg's number, guessed from the height if the clip names none."""
    return MATRICES.get(color.matrix, 1 if height >= HD else 5)


def flags() -> int:
    """How colours are resampled: cubic, with exact rounding and chroma at every pixel."""
    from av.video.reformatter import Interpolation

    return int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)


def to_pixels(frame: Any, color: Color, deep: bool) -> np.ndarray:
    """Pixels of a frame as it is coded: uint8 or, if ``deep``, uint16 (H, W, 3), RGB of full range.

    Args:
        frame: of PyAV.
        color: how it is coded.
        deep: give 16 bits.
    """
    matrix = scaler_matrix(color, frame.height)
    full, limited = 2, 1
    rgb = frame.reformat(
        format="rgb48le" if deep else "rgb24",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=full if color.full else limited,
        dst_color_range=full,
        interpolation=flags(),
    )
    return np.ascontiguousarray(rgb.to_ndarray())


def to_frame(pixels: np.ndarray, color: Color, form: str) -> Any:
    """A frame of PyAV to encode.

    Args:
        pixels: uint8 or uint16 (H, W, 3), RGB of full range.
        color: how it is to be coded.
        form: name of FFmpeg's pixel format.
    """
    import av

    matrix = scaler_matrix(color, pixels.shape[0])
    full, limited = 2, 1
    rgb = av.VideoFrame.from_ndarray(
        np.ascontiguousarray(pixels), format="rgb48le" if pixels.dtype == np.uint16 else "rgb24"
    )
    return rgb.reformat(
        format=form,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=full,
        dst_color_range=full if color.full else limited,
        interpolation=flags(),
    )


def upright(pixels: np.ndarray, matrix: tuple[int, ...]) -> np.ndarray:
    """Pixels (H, W, C) turned and mirrored as a display matrix says; one that is no quarter turn is left out.

    Args:
        pixels: as they are coded.
        matrix: nine numbers row by row, of which the first two of the first two rows count (ISO/IEC 14496-12, 6.2.2).
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if abs(b) > abs(a):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    pixels = pixels[:, ::-1] if a < 0 else pixels
    return pixels[::-1] if d < 0 else pixels
