"""Turns any picture file into pixels of its own depth, 8 or 16 bits, and of its own number of channels."""

import io
import os
import struct
from typing import Any, Final

import numpy as np
from PIL import Image, TiffImagePlugin

from impasto.base.notices import notice
from impasto.data.sources.decode import (
    MAX_PIXELS,
    BadImage,
    check_pixels,
    checked,
    eight_bit_layers,
    has_deep_samples,
    in_range,
    on_white,
    open_image,
    orientation_of,
    read_file,
    upright,
)

EXTRA: Final = "pip install 'impasto[science]'"

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DESCRIPTION, _BITS, _SAMPLES, _PHOTOMETRIC, _EXTRA_SAMPLES, _ORIENTATION = 270, 258, 277, 262, 338, 274
_ALPHA: Final = (1, 2)
"""Kinds of extra sample that are opacity, premultiplied or not (TIFF 6.0, page 31)."""


def decode_deep(picture: bytes | os.PathLike[str] | str) -> np.ndarray:
    """Decode a picture with its own depth and channels, upright and with transparency laid on white.

    For 16-bit, single- and many-channel pictures; :func:`decode_layers` keeps opacity apart.
    8-bit pictures have the same pixels that :func:`~impasto.data.sources.decode.decode` gives. PNG of 16 bits per
    sample and grey TIFF come as uint16; so do TIFF of several channels with the optional package tifffile
    (``pip install 'impasto[science]'``). Float samples count as 0..1, 0..255 or 0..65535, the smallest range that holds
    them, and come as uint16. An ICC profile is converted to sRGB in 8-bit pictures only.

    Args:
        picture: the file's bytes, or its path.

    Returns:
        uint8 or uint16 (H, W, C); C is 1 for grey, 3 for colour, else the file's own number of channels.

    Raises:
        BadImage: it cannot be read or decoded.
    """
    pixels, alpha = decode_layers(picture)
    return pixels if alpha is None else on_white(pixels, alpha)


def decode_layers(picture: bytes | os.PathLike[str] | str) -> tuple[np.ndarray, np.ndarray | None]:
    """As :func:`decode_deep`, but with opacity apart.

    Returns:
        uint8 or uint16 (H, W, C), and the opacity (H, W, 1) of the same type; None for an opaque format.

    Raises:
        BadImage: it cannot be read or decoded.
    """
    data = picture if isinstance(picture, bytes) else read_file(picture)
    return checked(data, lambda: _layers(data))


def is_deep(data: bytes) -> bool:
    """Whether the file's header says more than 8 bits per sample; no pixel is decoded."""
    if data.startswith(_PNG):
        return data[24:25] == b"\x10"
    if data.startswith(_TIFF):
        try:
            return max(_values(tiff_tags(data), _BITS, 1)) > 8
        except (OSError, ValueError, SyntaxError, struct.error):
            return False
    return False


def is_beyond_pillow(data: bytes) -> bool:
    """Whether the file is a TIFF whose channels or depth Pillow does not read in full."""
    return data.startswith(_TIFF) and _is_beyond_pillow(tiff_tags(data))


def _layers(data: bytes) -> tuple[np.ndarray, np.ndarray | None]:
    if data.startswith(_PNG) and is_deep(data):
        return _split(_deep_png(data))
    if (
        data.startswith(_TIFF)
        and _is_beyond_pillow(tags := tiff_tags(data))
        and (found := _tiff(data, tags)) is not None
    ):
        return found
    image, orientation = open_image(data)
    if has_deep_samples(image):
        return upright(in_range(np.asarray(image)[..., None], 65535).astype(np.uint16), orientation), None
    pixels, opacity = eight_bit_layers(image)
    return upright(pixels, orientation), None if opacity is None else upright(opacity, orientation)


def _split(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Two and four channels of a PNG are grey or colour with opacity."""
    if pixels.shape[2] in (2, 4):
        return np.ascontiguousarray(pixels[..., :-1]), np.ascontiguousarray(pixels[..., -1:])
    return pixels, None


def _deep_png(data: bytes) -> np.ndarray:
    """uint16 (H, W, C); Pillow would round colours to 8 bits."""
    check_pixels(*struct.unpack(">II", data[16:24]))
    orientation = orientation_of(Image.open(io.BytesIO(data)))
    import torch  # here, since processes that pack 8-bit pictures do not need it
    from torchvision.io import ImageReadMode, decode_png

    decoded = decode_png(torch.frombuffer(bytearray(data), dtype=torch.uint8), mode=ImageReadMode.UNCHANGED)
    return upright(decoded.permute(1, 2, 0).numpy().astype(np.uint16), orientation)


def tiff_tags(data: bytes) -> TiffImagePlugin.ImageFileDirectory_v2:
    """The tags of a TIFF's first page."""
    file = io.BytesIO(data)
    header = file.read(8)
    if header[2:3] == b"+":
        header += file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(header)
    file.seek(tags.next)
    tags.load(file)
    return tags


def _values(tags: TiffImagePlugin.ImageFileDirectory_v2, tag: int, default: int) -> tuple[int, ...]:
    value: Any = tags.get(tag, default)
    return tuple(value) if isinstance(value, tuple) else (int(value),)


def _is_beyond_pillow(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """Several samples of more than 8 bits, more samples than a colour and its opacity, or channels as pages."""
    bits, (samples,) = max(_values(tags, _BITS, 1)), _values(tags, _SAMPLES, 1)
    (photometric,) = _values(tags, _PHOTOMETRIC, 1)
    extra = _values(tags, _EXTRA_SAMPLES, -1)
    description = str(tags.get(_DESCRIPTION, ""))
    as_pages = "channels=" in description or "<OME" in description
    plain = samples in (1, 3) or (samples in (2, 4) and extra[0] in _ALPHA) or (samples == 4 and photometric == 5)
    return as_pages or (bits > 8 and samples > 1) or not plain


def _tiff(data: bytes, tags: TiffImagePlugin.ImageFileDirectory_v2) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Pixels as the package tifffile reads them; None if it is missing and Pillow reads a part of them."""
    (samples,) = _values(tags, _SAMPLES, 1)
    try:
        from tifffile import TiffFile
    except ImportError:
        if samples > 4:
            raise BadImage(f"its {samples} channels are read by the package tifffile: {EXTRA}") from None
        notice(
            "data.tifffile",
            "TIFF pictures of several channels with more than 8 bits, or with channels as pages, are read with 8 bits "
            f"and by their first page: the package tifffile reads all of them, {EXTRA}.",
        )
        return None
    with TiffFile(io.BytesIO(data)) as file:
        series, page = file.series[0], file.pages.first
        if int(np.prod(series.shape)) > 8 * MAX_PIXELS:
            raise BadImage(f"its {' x '.join(map(str, series.shape))} samples are too many to be decoded")
        pixels = _channels_last(series.asarray(), series.axes)
        alpha_at = [i for i, kind in enumerate(page.extrasamples) if int(kind) in _ALPHA]
    if pixels.dtype not in (np.uint8, np.uint16):
        pixels = in_range(pixels, 65535).astype(np.uint16)
    pixels = upright(pixels, _values(tags, _ORIENTATION, 1)[0])
    if not alpha_at:
        return pixels, None
    channel = pixels.shape[2] - len(page.extrasamples) + alpha_at[0]
    return np.delete(pixels, channel, axis=2), np.ascontiguousarray(pixels[..., channel : channel + 1])


def _channels_last(samples: np.ndarray, axes: str) -> np.ndarray:
    """(H, W, C) of a stack whose axes are named by letters; of other axes, such as time, the first entry is taken."""
    for position in reversed(range(len(axes))):
        if axes[position] not in "YXSC":
            samples, axes = samples.take(0, axis=position), axes[:position] + axes[position + 1 :]
    order = [axes.index("Y"), axes.index("X"), *(i for i, axis in enumerate(axes) if axis in "SC")]
    height, width = samples.shape[order[0]], samples.shape[order[1]]
    return np.ascontiguousarray(samples.transpose(order).reshape(height, width, -1))
