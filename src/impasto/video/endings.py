"""Names of clips: which files are read as clips, and under which name a clip is written; imports no PyAV."""

import importlib.util
import os
from pathlib import Path
from typing import Final

from impasto.base.errors import UserError

WRITTEN: Final = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
"""Endings under which clips are written."""
CLIP_ENDINGS: Final = (
    *WRITTEN,
    *(".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".m2v", ".vob", ".ts", ".mts", ".m2ts", ".3gp", ".3g2", ".ogv", ".mxf"),
    *(".asf", ".f4v", ".y4m", ".nut"),
)
"""Endings of files that are read as clips. An animated GIF, PNG or WebP is a picture of several frames."""
EXTRA: Final = "pip install 'impasto[video]'"


def is_clip(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a clip, by its name."""
    return Path(path).suffix.lower() in CLIP_ENDINGS


def clip_name(name: str) -> str:
    """The name of what is made of a clip: the same, with .mp4 added to formats that are only read."""
    return name if Path(name).suffix.lower() in WRITTEN else f"{name}.mp4"


def check_installed() -> None:
    """Make sure that clips can be read and written.

    Raises:
        UserError: PyAV is missing.
    """
    if importlib.util.find_spec("av") is None:
        raise UserError(f"Clips are read and written by the package av, which is missing: {EXTRA}")
