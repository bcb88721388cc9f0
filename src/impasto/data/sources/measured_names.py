"""Which files hold measured values, by their names and their first bytes; imports nothing."""

from typing import Final

ENDINGS: Final = {
    **dict.fromkeys((".dcm", ".dicom", ".ima"), "dicom"),
    **dict.fromkeys((".nii", ".nii.gz"), "nifti"),
    **dict.fromkeys((".fits", ".fit", ".fts", ".fits.gz"), "fits"),
    **dict.fromkeys((".ome.tif", ".ome.tiff"), "ome"),
}
"""Formats by the ends of names; GeoTIFF and DICOM without an ending are told by what they hold."""
HEAD: Final = 132
"""First bytes that tell a DICOM file."""


def named_measured(name: str) -> str | None:
    """The format of a file of measured values by its name; None for another, or one whose name does not tell."""
    lower = name.lower()
    return next((kind for ending, kind in ENDINGS.items() if lower.endswith(ending)), None)


def looks_like_dicom(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a DICOM file (PS3.10, 7.1)."""
    return head[128:132] == b"DICM"
