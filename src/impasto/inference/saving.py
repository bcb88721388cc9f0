"""Writing paintings: 8 or 16 bits, any number of channels, single or in frames."""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.data.sources.frames import Layers
from impasto.inference.formats import Format, endings_written, format_of


def save(
    frames: Sequence[Layers],
    path: Path,
    durations: Sequence[float] = (),
    animation: Mapping[str, Any] = {},
    description: str | None = None,
    made: str | None = None,
) -> None:
    """Write a picture, an animation or pages; the file is there whole or not at all.

    Args:
        frames: pixels and opacity of each; uint16 only for a format that is ``deep``. A format without transparency
            drops the opacity.
        path: of the file; its ending says the format.
        durations: of each frame in milliseconds; empty for pages and single pictures.
        animation: Pillow's options for the animation as a whole.
        description: written into the file, as EXIF's ImageDescription where the format holds that.
        made: with what, see :func:`~impasto.inference.provenance.made_with`; as EXIF's Software.

    Raises:
        UserError: the ending cannot be written, or its format does not hold the channels.
    """
    kind = format_of(path)
    if kind is None:
        raise UserError(f"{path.suffix} cannot be written here; give one of {', '.join(endings_written())}")
    # Encoded first, to distinguish a full disk from a picture that cannot be encoded.
    layers = [(pixels, alpha if kind.alpha else None) for pixels, alpha in frames]
    encoded = encode(layers, kind, durations, animation, description, made)
    with whole_or_not(path) as temporary:
        temporary.write_bytes(encoded)


def encode(
    frames: Sequence[Layers],
    kind: Format,
    durations: Sequence[float],
    animation: Mapping[str, Any],
    description: str | None = None,
    made: str | None = None,
) -> bytes | memoryview:
    """The bytes of the file."""
    pixels, alpha = frames[0]
    channels = pixels.shape[2] + (alpha is not None)
    deep = pixels.dtype == np.uint16
    if deep and kind.name == "PNG" and pixels.shape[2] in (1, 3):
        return encode_deep_png(pixels if alpha is None else np.concatenate((pixels, alpha), 2), description, made)
    if pixels.shape[2] not in (1, 3) or (deep and channels > 1):
        return encode_tiff(pixels, alpha, kind, description, made)
    images = [as_image(*frame) for frame in frames]
    options = dict(kind.options)
    if len(images) > 1:
        # Frames of an animation may differ in whether they are grey or transparent, but the file has one mode.
        if kind.name != "TIFF":
            bands = {band for image in images for band in image.getbands()}
            images = [image.convert("RGBA" if "A" in bands else "RGB") for image in images]
            options |= animation
        options |= {"save_all": True, "append_images": images[1:]}
        if durations:
            options["duration"] = [round(duration) for duration in durations]
        if kind.name == "GIF":
            options["disposal"] = 2  # a transparent frame must not show the previous one
    if said := ". ".join(filter(None, (description, made))):
        options |= {"comment": said} if kind.name == "GIF" else {"exif": exif_of(description, made)}
    buffer = io.BytesIO()
    images[0].save(buffer, kind.name, **options)
    return buffer.getbuffer()


def exif_of(description: str | None, made: str | None = None) -> bytes:
    """EXIF data that holds a description, and with what a picture was made."""
    exif = Image.Exif()
    for tag, text in ((ExifTags.Base.ImageDescription, description), (ExifTags.Base.Software, made)):
        if text is not None:
            exif[tag] = text
    return exif.tobytes()


def as_image(pixels: np.ndarray, alpha: np.ndarray | None) -> Image.Image:
    """Grey or colour, with opacity, as Pillow has it."""
    image = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha.squeeze(2)))
    return image


def encode_tiff(
    pixels: np.ndarray,
    alpha: np.ndarray | None,
    kind: Format,
    description: str | None = None,
    made: str | None = None,
) -> bytes | memoryview:
    """A TIFF of many channels, or of 16 bits in several, which Pillow does not write."""
    if kind.name != "TIFF":
        raise UserError(f"{kind.name} does not hold {pixels.shape[2]} channels; write a .tif")
    try:
        from tifffile import imwrite
    except ImportError:
        raise UserError("TIFF of this depth is written by the package tifffile: pip install tifffile") from None
    buffer = io.BytesIO()
    imwrite(
        buffer,
        pixels if alpha is None else np.concatenate((pixels, alpha), 2),
        photometric="rgb" if pixels.shape[2] == 3 else "minisblack",
        planarconfig="contig",
        extrasamples=None if alpha is None else ("unassalpha",),
        compression="zlib",
        description=description,
        software=made,
        metadata=None if description is not None else {},
    )
    return buffer.getbuffer()


def encode_deep_png(pixels: np.ndarray, description: str | None = None, made: str | None = None) -> bytes:
    """A PNG of 16 bits per sample, which Pillow writes of grey alone (PNG specification, third edition).

    Args:
        pixels: uint16 (H, W, C): grey, grey and opacity, colour, or colour and opacity.
        description: see :func:`save`.
        made: likewise.
    """
    height, width, channels = pixels.shape
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    step = 2 * channels
    compressor = zlib.compressobj()
    data = []
    for top in range(0, height, 256):
        rows = pixels[top : top + 256].astype(">u2").reshape(-1, width * channels).view(np.uint8)
        filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        filtered[:, 0] = 1  # filter Sub: the difference to the pixel on the left
        filtered[:, 1 : 1 + step] = rows[:, :step]
        filtered[:, 1 + step :] = rows[:, step:] - rows[:, :-step]
        data.append(compressor.compress(filtered.tobytes()))
    data.append(compressor.flush())
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    exif = exif_of(description, made).removeprefix(b"Exif\0\0")
    said = () if description is None and made is None else ((b"eXIf", exif),)
    chunks = ((b"IHDR", header), *said, (b"IDAT", b"".join(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
