"""GeoTIFF by rasterio: any number of bands; projection, place and names of bands are kept."""

from typing import Any

import numpy as np

from impasto.data.sources.decode import BadImage
from impasto.data.sources.measured.measured import Measured, check_count, is_picture, whole_range


def read_geotiff(data: bytes) -> Measured:
    """A GeoTIFF, whose bands are channels; what it marks as no data is NaN.

    Raises:
        BadImage: it cannot be read.
    """
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with rasterio.MemoryFile(data) as file, file.open() as opened:
            check_count(opened.count, opened.height, opened.width)
            bands = opened.read(masked=True)
            profile, names = dict(opened.profile), tuple(opened.descriptions)
            down, right = abs(opened.transform.e), abs(opened.transform.a)
    except RasterioError as error:
        raise BadImage(f"the GeoTIFF is damaged ({' '.join(str(error).split())[:80]})") from None
    values = np.ma.filled(bands.astype(np.float32), np.nan)
    whole = np.dtype(profile["dtype"]) == np.uint8
    return Measured(
        np.ascontiguousarray(np.moveaxis(values, 0, 2)[None]),
        lambda made, said: encode_geotiff(profile, names, made, said),
        window=(0.0, 255.0) if whole else None,
        spacing=(float(down), float(right)),
        whole=whole_range(profile["dtype"]),
    )


def encode_geotiff(profile: dict[str, Any], names: tuple[str | None, ...], made: np.ndarray, said: str) -> bytes:
    """A new GeoTIFF with the values ``made``; see :data:`~impasto.data.sources.measured.measured.Encode`.

    Measurements keep the old file's type and mark of no data; colours and numbers of classes have 8 bits.
    """
    import rasterio

    kept: dict[str, Any] = {"driver": "GTiff", "compress": "deflate"}
    for name in ("crs", "transform", "width", "height"):
        kept[name] = profile[name]
    bands = np.moveaxis(made[0], 2, 0)
    if is_picture(made):
        stored, kind = bands, np.dtype(np.uint8)
    else:
        kind, blank = np.dtype(profile["dtype"]), profile.get("nodata")
        filled = bands if blank is None else np.where(np.isfinite(bands), bands, blank)
        if kind.kind in "iu":
            info = np.iinfo(kind)
            filled = np.rint(np.nan_to_num(filled)).clip(info.min, info.max)
            kept["nodata"] = blank
        elif blank is not None:
            kept["nodata"] = blank
        stored = filled.astype(kind)
    kept |= {"count": len(stored), "dtype": str(kind)}
    with rasterio.MemoryFile() as file:
        with file.open(**kept) as opened:
            opened.write(stored)
            if len(names) == len(stored) and not is_picture(made):
                for number, band in enumerate(names, 1):
                    opened.set_band_description(number, band or "")
            opened.update_tags(TIFFTAG_SOFTWARE=said)
        return bytes(file.read())
