"""DICOM by pydicom: values after the modality's rescaling; what is written says nothing of the patient."""

import io
import secrets
from functools import cache
from typing import Any, Final

import numpy as np

from impasto.data.sources.decode import BadImage
from impasto.data.sources.measured.measured import Measured, Window, check_count, is_picture

KEPT: Final = (
    *("Modality", "Rows", "Columns", "PixelSpacing", "ImagerPixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    *("ImagePositionPatient", "ImageOrientationPatient", "SliceLocation", "InstanceNumber", "NumberOfFrames"),
    *("RescaleType", "WindowCenter", "WindowWidth", "PresentationLUTShape"),
)
"""What is copied of a file: how it is to be shown, and where its pixels lie. All else is left behind."""
OF_FRAMES: Final = ("PixelMeasuresSequence", "PlanePositionSequence", "PlaneOrientationSequence")
"""Likewise of the frames of enhanced multi-frame files."""
OWNERS: Final = ("PatientID", "PatientName", "StudyInstanceUID")
"""What tells whose a file is, the first that is there; read to split by patient, and never written."""
SECONDARY: Final = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary capture, PS3.4 B.5: for colours, and for files that do not say what they are."""


def read_dicom(data: bytes) -> Measured:
    """A DICOM file, of one frame or several.

    Raises:
        BadImage: it is none, it is damaged, or its pixels are compressed in a way that is not read here.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        found = dcmread(io.BytesIO(data))
    except InvalidDicomError:
        raise BadImage("it is no DICOM file, or its beginning is damaged") from None
    if "PixelData" not in found:
        raise BadImage("the DICOM file holds no pixels, or ends before them")
    if str(found.get("PhotometricInterpretation", "")) == "PALETTE COLOR":
        raise BadImage("its pixels are numbers of a palette, which is not read")
    frames, samples = int(found.get("NumberOfFrames") or 1), int(found.get("SamplesPerPixel", 1))
    check_count(frames, found.Rows, found.Columns, samples)
    try:
        stored = found.pixel_array
    except (RuntimeError, NotImplementedError, ImportError):
        syntax = getattr(found.file_meta.get("TransferSyntaxUID"), "name", "unknown")
        raise BadImage(f"its pixels are compressed ({syntax}), which takes pip install pylibjpeg[all]") from None
    stored = stored.reshape(frames, int(found.Rows), int(found.Columns), samples)
    slope, intercept = rescaling(found)
    values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    owner = next((str(found.get(tag)) for tag in OWNERS if found.get(tag)), None)
    notes: tuple[str, ...] = ()
    if str(found.get("BurnedInAnnotation", "NO")).upper() == "YES":
        notes = ("its pixels themselves hold writing, perhaps a name, which is painted too",)
    return Measured(
        values,
        lambda made, said: encode_dicom(found, made, said),
        window=window_of(found) if samples == 1 else (0.0, 255.0),
        spacing=spacing_of(found),
        owner=owner,
        inverted=str(found.get("PhotometricInterpretation", "")) == "MONOCHROME1",
        notes=notes,
    )


def rescaling(found: Any) -> tuple[float, float]:
    """Slope and intercept from stored values to the modality's (PS3.3 C.11.1), also of enhanced files.

    Raises:
        BadImage: frames have different ones.
    """
    if "RescaleSlope" in found:
        return _line(found)
    groups = (found.get(f"{whose}FunctionalGroupsSequence") or () for whose in ("Shared", "PerFrame"))
    values = [group.get("PixelValueTransformationSequence") for several in groups for group in several]
    lines = {_line(value[0]) for value in values if value}
    if len(lines) > 1:
        raise BadImage("its frames are rescaled each in its own way, which is not read")
    return lines.pop() if lines else (1.0, 0.0)


def _line(values: Any) -> tuple[float, float]:
    return float(values.get("RescaleSlope") or 1), float(values.get("RescaleIntercept") or 0)


def window_of(found: Any) -> Window | None:
    """The first window of the file: the ends of the linear function of PS3.3 C.11.2.1.2.1; None without one."""
    centre, width = (_first(found.get(tag)) for tag in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or width <= 1:
        return None
    return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2


def spacing_of(found: Any) -> tuple[float, float] | None:
    """Millimetres from row to row and from column to column; None if it is not said."""
    for tag in ("PixelSpacing", "ImagerPixelSpacing"):
        if found.get(tag):
            return float(found.get(tag)[0]), float(found.get(tag)[1])
    if "SharedFunctionalGroupsSequence" in found:
        measures = found.SharedFunctionalGroupsSequence[0].get("PixelMeasuresSequence")
        if measures:
            return spacing_of(measures[0])
    return None


def encode_dicom(like: Any, made: np.ndarray, said: str) -> bytes:
    """A new DICOM file with the values ``made``; see :data:`~impasto.data.sources.measured.measured.Encode`.

    It is built of :data:`KEPT` alone. Unique identifiers are drawn anew in every process; slices of one series get the
    same ones, so that they stay together.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    new = Dataset()
    for tag in KEPT:
        if tag in like:
            new[tag] = like[tag]
    _copy_frames(like, new)
    colours = made.shape[3] == 3
    same_class = not is_picture(made) and like.get("SOPClassUID")
    new.SOPClassUID = like.SOPClassUID if same_class else SECONDARY
    new.SOPInstanceUID = _uid(f"instance {like.get('SOPInstanceUID') or secrets.token_hex(8)}")
    for tag in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        if like.get(tag) or tag != "FrameOfReferenceUID":
            setattr(new, tag, _uid(f"{tag} {like.get(tag)}"))
    new.PatientName, new.PatientID, new.PatientIdentityRemoved = "", "", "YES"
    new.PatientBirthDate, new.PatientSex, new.StudyDate, new.StudyTime = "", "", "", ""
    new.AccessionNumber, new.ReferringPhysicianName, new.StudyID, new.SeriesNumber = "", "", "", None
    new.DeidentificationMethod = "A new file with the geometry of the old one alone"
    new.ImageType, new.Manufacturer = ["DERIVED", "SECONDARY"], "Impasto"
    new.SeriesDescription, new.DerivationDescription = "Impasto: not for diagnosis", said[:1024]
    new.NumberOfFrames = len(made)
    if len(made) == 1:
        del new.NumberOfFrames
    new.SamplesPerPixel = 3 if colours else 1
    new.PhotometricInterpretation = "RGB" if colours else _grey(like, made)
    if colours:
        new.PlanarConfiguration = 0
    _store(like, new, made)
    new.file_meta = FileMetaDataset()
    new.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    new.file_meta.MediaStorageSOPClassUID = new.SOPClassUID
    new.file_meta.MediaStorageSOPInstanceUID = new.SOPInstanceUID
    buffer = io.BytesIO()
    new.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _grey(like: Any, made: np.ndarray) -> str:
    own = str(like.get("PhotometricInterpretation", ""))
    return own if own == "MONOCHROME1" and not is_picture(made) else "MONOCHROME2"


def _store(like: Any, new: Any, made: np.ndarray) -> None:
    """Pixels: of pictures 8 bits, of measurements as the old file stored them."""
    if is_picture(made):
        bits, signed, stored = 8, 0, made
        for tag in ("WindowCenter", "WindowWidth", "RescaleType"):
            if tag in new:
                del new[tag]
        bits_stored = 8
    else:
        bits, signed = int(like.get("BitsAllocated", 16)), int(like.get("PixelRepresentation", 0))
        bits_stored = int(like.get("BitsStored", bits))
        slope, intercept = rescaling(like)
        new.RescaleSlope, new.RescaleIntercept = slope, intercept
        low, high = (-(2 ** (bits_stored - 1)), 2 ** (bits_stored - 1) - 1) if signed else (0, 2**bits_stored - 1)
        kind = np.dtype(f"{'i' if signed else 'u'}{bits // 8}")
        stored = np.rint((made.astype(np.float64) - intercept) / slope).clip(low, high).astype(kind)
    new.BitsAllocated, new.BitsStored, new.HighBit, new.PixelRepresentation = bits, bits_stored, bits_stored - 1, signed
    content = np.ascontiguousarray(stored).tobytes()
    new.PixelData = content + b"\0" * (len(content) % 2)
    new["PixelData"].VR = "OB" if bits == 8 else "OW"


def _copy_frames(like: Any, new: Any) -> None:
    """The geometry of an enhanced file's frames."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        if name in like:
            groups = []
            for group in like[name].value:
                kept = Dataset()
                for tag in OF_FRAMES:
                    if tag in group:
                        kept[tag] = group[tag]
                groups.append(kept)
            setattr(new, name, Sequence(groups))


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value) if not hasattr(value, "__iter__") or isinstance(value, str) else float(value[0])


@cache
def _secret() -> str:
    """So that a new identifier does not tell the old one."""
    return secrets.token_hex(16)


def _uid(old: str) -> Any:
    from pydicom.uid import generate_uid

    return generate_uid(entropy_srcs=[old, _secret()])
