"""FITS by astropy: the first picture of a file, plane by plane; its header, with its coordinates, is kept."""

import io
import warnings
from typing import Any

import numpy as np

from impasto.data.sources.decode import BadImage
from impasto.data.sources.measured.measured import Measured, check_count, is_picture, unpacked


def read_fits(data: bytes) -> Measured:
    """The first unit of a FITS file that holds a picture; the planes of a cube are slices.

    Raises:
        BadImage: it is none, holds no picture, or is damaged.
    """
    from astropy.io import fits

    try:
        with fits.open(io.BytesIO(unpacked(data)), memmap=False) as units:
            unit = next((u for u in units if u.is_image and len(u.shape) >= 2 and min(u.shape) > 0), None)
            if unit is None:
                raise BadImage("the FITS file holds no picture, only tables or headers")
            check_count(*unit.shape)
            values, header = np.asarray(unit.data, np.float32), unit.header.copy()
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise BadImage(f"it is no FITS file, or a damaged one ({' '.join(str(error).split())[:80]})") from None
    shape = values.shape
    return Measured(
        np.ascontiguousarray(values.reshape(-1, *shape[-2:])[..., None]),
        lambda made, said: encode_fits(header, shape, made, said),
        spacing=_spacing(header),
    )


def encode_fits(header: Any, shape: tuple[int, ...], made: np.ndarray, said: str) -> bytes:
    """A new FITS file with the values ``made``; see :data:`~impasto.data.sources.measured.measured.Encode`.

    The header is the old one's, without its scaling and checksums, and says in its history how the values were made.
    Colours become three planes.
    """
    from astropy.io import fits

    kept = header.copy()
    for name in ("BSCALE", "BZERO", "BLANK", "CHECKSUM", "DATASUM"):
        kept.remove(name, ignore_missing=True)
    grey = made.shape[3] == 1
    stored = made.reshape(shape) if grey else np.moveaxis(made, 3, 1).reshape(-1, *made.shape[1:3])
    unit = fits.PrimaryHDU(stored if is_picture(made) else stored.astype(np.float32), kept)
    unit.header.add_history(said)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.HDUList([unit]).writeto(buffer, output_verify="silentfix")
    return buffer.getvalue()


def _spacing(header: Any) -> tuple[float, float] | None:
    """Degrees from row to row and from column to column, where the header says so in the plain way."""
    try:
        return abs(float(header["CDELT2"])), abs(float(header["CDELT1"]))
    except (KeyError, ValueError, TypeError):
        return None
