"""Which files hold measured values, and reading them by the library of their field."""

import os
import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Final

from impasto.data.sources.decode import BadImage, read_file
from impasto.data.sources.measured.measured import Measured
from impasto.data.sources.measured_names import HEAD, looks_like_dicom, named_measured
from impasto.data.sources.native_depth import decode_deep

READERS: Final = {
    "dicom": ("read_dicom", "pydicom", "medical"),
    "nifti": ("read_nifti", "nibabel", "medical"),
    "fits": ("read_fits", "astropy", "science"),
    "geotiff": ("read_geotiff", "rasterio", "science"),
    "ome": ("read_ome", "tifffile", "science"),
}
"""By format, the function of the module of that name, the library, and the extra that brings it."""
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MODEL_TRANSFORM: Final = (33550, 33922, 34264)
"""Tags of a TIFF that place it on the ground (OGC GeoTIFF 1.1, B.6)."""


def kind_of(path: Path) -> str | None:
    """The format of a file of measured values; None for any other file, or one that cannot be read."""
    if (kind := named_measured(path.name)) is not None:
        return kind
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
        if looks_like_dicom(head):
            return "dicom"
        return "geotiff" if head.startswith(_TIFF) and _is_placed(path) else None
    except (OSError, ValueError):
        return None


def read_measured(path: Path) -> Measured:
    """A file of measured values; or a usual picture of 8 or 16 bits, with its whole range as its window.

    Raises:
        BadImage: it cannot be read, or its library is not installed.
    """
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    return _read(path, changed)


@lru_cache(2)
def _read(path: Path, _changed: int) -> Measured:
    """The last two files stay read: their slices are asked for one by one."""
    kind = kind_of(path)
    if kind is None:
        return _picture(path)
    data = read_file(path)
    if not data:
        raise BadImage("the file is empty")
    function, library, extra = READERS[kind]
    try:
        import_module(library)
    except ImportError:
        raise BadImage(f"it is read by the package {library}: pip install 'impasto[{extra}]'") from None
    read: Callable[[bytes], Measured] = getattr(import_module(f"impasto.data.sources.measured.{kind}"), function)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is not to the letter; they may quote a patient's name or date
            return read(data)
    except BadImage:
        raise
    except MemoryError:
        raise BadImage("it does not fit into memory") from None
    except Exception as error:  # the libraries raise nearly every kind there is on damaged files
        # What pydicom says may quote a header, and with it a patient.
        text = "" if kind == "dicom" else " ".join(str(error).split()).rstrip(".")[:80]
        raise BadImage(f"the file is damaged ({text or type(error).__name__})") from None


def _picture(path: Path) -> Measured:
    pixels = decode_deep(path)
    top = 255.0 if pixels.dtype.itemsize == 1 else 65535.0

    def encode(_made: object, _said: str) -> bytes:
        raise AssertionError("usual pictures are written by impasto.inference.saving")

    return Measured(pixels[None].astype("float32"), encode, window=(0.0, top))


def _is_placed(path: Path) -> bool:
    from impasto.data.sources.native_depth import tiff_tags

    with path.open("rb") as file:
        data = file.read(os.path.getsize(path))  # noqa: PTH202 - of an open file, tags may lie at its end
    return any(tag in tiff_tags(data) for tag in _MODEL_TRANSFORM)
