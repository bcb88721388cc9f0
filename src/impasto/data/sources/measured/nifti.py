"""NIfTI by nibabel: volumes slice by slice along their third axis; what is written says nothing of the patient."""

from typing import Any

import numpy as np

from impasto.data.sources.decode import BadImage
from impasto.data.sources.measured.measured import Measured, check_count, is_picture, unpacked


def read_nifti(data: bytes) -> Measured:
    """A NIfTI volume, packed by gzip or not; time comes as further slices.

    Raises:
        BadImage: it is none, or damaged.
    """
    import gzip
    import zlib

    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    try:
        content = unpacked(data)
        second = content[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c")  # 540, the size of its header
        image = (nibabel.Nifti2Image if second else nibabel.Nifti1Image).from_bytes(content)
        check_count(*image.shape)
        volume = _volume(image)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise BadImage("the file is truncated, or not packed by gzip") from None
    except (ImageFileError, HeaderDataError, ValueError, OSError, TypeError) as error:
        raise BadImage(f"it is no NIfTI file, or a damaged one ({' '.join(str(error).split())[:80]})") from None
    shape = volume.shape[:-1]
    if len(shape) < 2:
        raise BadImage("the NIfTI file holds no picture of two or more axes")
    values = volume.reshape(*shape[:2], -1, volume.shape[-1]).transpose(2, 1, 0, 3)
    low, high = float(image.header["cal_min"]), float(image.header["cal_max"])
    zooms = image.header.get_zooms()
    return Measured(
        np.ascontiguousarray(values),
        lambda made, said: encode_nifti(image, shape, made, said),
        window=(low, high) if high > low else None,
        spacing=(float(zooms[1]), float(zooms[0])),
    )


def _volume(image: Any) -> np.ndarray:
    """float32 (x, y, ..., C): C is 3 for colours, else 1."""
    if image.get_data_dtype().names is None:
        return np.asarray(image.get_fdata(dtype=np.float32))[..., None]
    stored = np.asanyarray(image.dataobj)
    return np.stack([stored[name] for name in ("R", "G", "B")], -1).astype(np.float32)


def encode_nifti(like: Any, shape: tuple[int, ...], made: np.ndarray, said: str) -> bytes:
    """A new NIfTI file with the values ``made``; see :data:`~impasto.data.sources.measured.measured.Encode`.

    It has the affine, the spacing and the units of the old one, and none of its text or extensions. Measurements are
    stored as the old file's type if that holds whole numbers without scaling, else in 32-bit floats; colours as RGB.
    """
    kind = type(like)
    volume = made.transpose(2, 1, 0, 3)  # x, y, slices, channels
    if made.shape[3] == 3 and is_picture(made):
        colours = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
        stored = np.ascontiguousarray(volume).view(colours)[..., 0].reshape(shape)
    elif is_picture(made):
        stored = volume[..., 0].reshape(shape)
    else:
        own, scaled = like.get_data_dtype(), like.dataobj.slope != 1 or like.dataobj.inter != 0
        values = volume[..., 0].reshape(shape)
        whole = own.kind in "iu" and not scaled
        info = np.iinfo(own) if whole else None
        stored = values.astype(np.float32) if info is None else np.rint(values).clip(info.min, info.max).astype(own)
    new = kind(stored, None)
    new.header.set_zooms(like.header.get_zooms()[: stored.ndim])
    new.header.set_xyzt_units(*like.header.get_xyzt_units())
    for name in ("sform", "qform"):
        affine, code = getattr(like, f"get_{name}")(coded=True)
        if affine is not None:
            getattr(new, f"set_{name}")(affine, int(code))
    if not is_picture(made):
        new.header["cal_min"], new.header["cal_max"] = like.header["cal_min"], like.header["cal_max"]
    new.header["descrip"] = said.encode("ascii", "replace")[:79]
    return new.to_bytes()
