"""Files of sound, through soundfile: WAV, FLAC, Ogg and others."""

import io
from math import gcd
from typing import Any, Final

import numpy as np

from impasto.base.errors import UserError

ENDINGS: Final = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")


class BadSound(Exception):  # noqa: N818 - named like BadImage, which it becomes
    """A file of sound that cannot be used; the message is a short phrase that says why."""


def soundfile() -> Any:
    """The library.

    Raises:
        UserError: it is not installed.
    """
    try:
        import soundfile
    except ImportError:
        raise UserError("Sound is read and written by the package soundfile: pip install 'impasto[audio]'.") from None
    return soundfile


def read_sound(content: bytes, rate: int) -> np.ndarray:
    """Sound as one channel at a rate: float64 (n,) within -1 and 1.

    Args:
        content: of a file.
        rate: samples in a second.

    Raises:
        BadSound: it cannot be read, or holds nothing.
        UserError: soundfile is not installed.
    """
    from scipy.signal import resample_poly

    library = soundfile()
    try:
        wave, own = library.read(io.BytesIO(content), dtype="float64", always_2d=True)
    except Exception as problem:  # soundfile's own errors, and those of what it stands on
        raise BadSound(f"no sound file, or a damaged one ({why(problem)})") from None
    if not len(wave):
        raise BadSound("it holds no sound")
    if not np.isfinite(wave).all():
        raise BadSound("it holds numbers that are not finite")
    mono = wave.mean(1)
    common = gcd(rate, int(own))
    return mono if own == rate else resample_poly(mono, rate // common, int(own) // common)


def why(problem: Exception) -> str:
    """What went wrong, in soundfile's words."""
    said = str(getattr(problem, "error_string", "") or problem) or type(problem).__name__
    return said.strip().rstrip(".")
