"""OME-TIFF by tifffile: channels of one plane as channels, further planes as slices; sizes of pixels are kept."""

import io
import re
from typing import Any, Final

import numpy as np

from impasto.data.sources.decode import BadImage
from impasto.data.sources.measured.measured import Measured, check_count, is_picture, whole_range

LENGTHS: Final = ("PhysicalSizeX", "PhysicalSizeXUnit", "PhysicalSizeY", "PhysicalSizeYUnit", "PhysicalSizeZ")
"""Attributes of OME-XML that are copied."""


def read_ome(data: bytes) -> Measured:
    """The first series of an OME-TIFF: axes T and Z are slices, C and S channels.

    Raises:
        BadImage: it is none, or damaged.
    """
    try:
        from tifffile import TiffFile, TiffFileError
    except ImportError:
        raise BadImage("it is read by the package tifffile: pip install 'impasto[science]'") from None
    try:
        with TiffFile(io.BytesIO(data)) as file:
            series, text = file.series[0], file.ome_metadata or ""
            check_count(*series.shape)
            stored, axes = series.asarray(), series.axes
    except (TiffFileError, ValueError, IndexError, OSError, KeyError, RuntimeError) as error:
        raise BadImage(f"the OME-TIFF is damaged ({' '.join(str(error).split())[:80]})") from None
    if not text:
        raise BadImage("the OME-TIFF is damaged: it has lost its description")
    if "Y" not in axes or "X" not in axes:
        raise BadImage("the OME-TIFF holds no picture")
    last = [axes.index(axis) for axis in "YX"] + [i for i, axis in enumerate(axes) if axis in "CS"]
    first = [i for i in range(len(axes)) if i not in last]
    moved = stored.transpose([*first, *last])
    height, width = moved.shape[len(first)], moved.shape[len(first) + 1]
    slices = int(np.prod(moved.shape[: len(first)], dtype=int))
    values = moved.reshape(slices, height, width, -1).astype(np.float32)
    lengths = {name: found[1] for name in LENGTHS if (found := re.search(rf'\b{name}="([^"]*)"', text))}
    sizes = [float(lengths[name]) for name in ("PhysicalSizeY", "PhysicalSizeX") if name in lengths]
    return Measured(
        values,
        lambda made, said: encode_ome(lengths, stored.dtype, made, said),
        window=(0.0, 255.0) if stored.dtype == np.uint8 else None,
        spacing=(sizes[0], sizes[1]) if len(sizes) == 2 else None,
        whole=whole_range(stored.dtype),
    )


def encode_ome(lengths: dict[str, str], kind: Any, made: np.ndarray, said: str) -> bytes:
    """A new OME-TIFF with the values ``made``; see :data:`~impasto.data.sources.measured.measured.Encode`.

    It has the sizes of pixels of the old one; acquisition dates, experimenters and instruments are left behind.
    """
    from tifffile import imwrite

    if is_picture(made):
        stored = made
    elif kind.kind in "iu":
        info = np.iinfo(kind)
        stored = np.rint(np.nan_to_num(made)).clip(info.min, info.max).astype(kind)
    else:
        stored = made.astype(np.float32)
    colours = is_picture(made) and made.shape[3] == 3
    planes = stored if colours else np.moveaxis(stored, 3, 1)
    numbers = {name: float(value) if not name.endswith("Unit") else value for name, value in lengths.items()}
    buffer = io.BytesIO()
    imwrite(
        buffer,
        planes,
        ome=True,
        photometric="rgb" if colours else "minisblack",
        compression="zlib",
        metadata={"axes": "ZYXS" if colours else "ZCYX", "Description": said, **numbers},
        software=said,
    )
    return buffer.getvalue()
