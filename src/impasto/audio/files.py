"""Files of sound, through soundfile: WAV, FLAC, Ogg and others."""

import io
from math import gcd
from typing import Any, Final

import numpy as np

from impasto.base.errors import UserError

ENDINGS: Final = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")
MOST: Final = 2**28
"""Samples of all channels of a file that are read, 50 minutes of a compact disc; few bytes can promise more."""
RATES: Final = (1000, 1_000_000)
"""Samples in a second, least and most: other rates would be brought to that of a model by filters without end."""


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
        with library.SoundFile(io.BytesIO(content)) as file:
            own, count = int(file.samplerate), int(file.frames) * int(file.channels)
            if not RATES[0] <= own <= RATES[1]:
                raise BadSound(f"it says that it has {own:,} samples in a second")
            if count > MOST:
                raise BadSound(
                    f"it says that it has {count:,} samples, and {MOST:,} are the most that are read: cut it"
                )
            wave = file.read(dtype="float64", always_2d=True)
    except BadSound:
        raise
    except Exception as problem:  # soundfile's own errors, and those of what it stands on
        raise BadSound(f"no sound file, or a damaged one ({why(problem)})") from None
    if not len(wave):
        raise BadSound("it holds no sound")
    if not np.isfinite(wave).all():
        raise BadSound("it holds numbers that are not finite")
    mono = wave.mean(1)
    common = gcd(rate, own)
    return mono if own == rate else resample_poly(mono, rate // common, own // common)


def why(problem: Exception) -> str:
    """What went wrong, in soundfile's words."""
    said = str(getattr(problem, "error_string", "") or problem) or type(problem).__name__
    return said.strip().rstrip(".")
