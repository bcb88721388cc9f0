"""How near a sound is to the one wanted."""

import numpy as np

from impasto.audio.spectrograms import log_mel
from impasto.base.sounds import Sound


def si_sdr(sound: np.ndarray, wanted: np.ndarray) -> float:
    """Scale-invariant ratio of signal to distortion in decibels (Le Roux et al. 2019, equation 5); higher is nearer.

    Args:
        sound: float (n,).
        wanted: likewise.
    """
    scale = float(sound @ wanted) / max(float(wanted @ wanted), 1e-12)
    target = scale * wanted
    return float(10 * np.log10(max(float(target @ target), 1e-12) / max(float(((sound - target) ** 2).sum()), 1e-12)))


def spectral_distance(sound: np.ndarray, wanted: np.ndarray, form: Sound, bands: int = 64) -> float:
    """Mean difference in decibels of the loudness of mel bands; lower is nearer. Arguments as of :func:`si_sdr`."""
    return float(np.abs(log_mel(sound, form, bands) - log_mel(wanted, form, bands)).mean())


def spectral_subtraction(sound: np.ndarray, form: Sound, percentile: float = 20.0, least: float = 0.1) -> np.ndarray:
    """Sound without what is always there (Boll 1979): of each frequency, a percentile of its magnitudes is taken away.

    Args:
        sound: float (n,).
        form: of the transform.
        percentile: over time.
        least: share of a magnitude that is left.
    """
    from impasto.audio.spectrograms import istft, stft

    spectrum = stft(np.pad(sound, (0, -len(sound) % form.hop)), form)
    magnitude = np.abs(spectrum)
    always = np.percentile(magnitude, percentile, axis=1, keepdims=True)
    gain = np.maximum(1 - always / np.maximum(magnitude, 1e-9), least)
    return istft(spectrum * gain, form)[: len(sound)]
