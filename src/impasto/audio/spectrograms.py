"""Mel spectrograms of sound, and sound of mel spectrograms."""

from functools import cache

import numpy as np

from impasto.base.sounds import Sound

LARGEST = 65_535
"""Of a pixel of 16 bits."""


@cache
def mel_filters(bands: int, form: Sound) -> np.ndarray:
    """Triangles that overlap by half, evenly spaced in mel, each of sum 1: float64 (bands, window / 2 + 1)."""
    hertz = np.linspace(0, form.rate / 2, form.window // 2 + 1)
    corners = from_mel(np.linspace(to_mel(40.0), to_mel(form.rate / 2), bands + 2))
    rising = (hertz - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - hertz) / (corners[2:] - corners[1:-1])[:, None]
    filters = np.clip(np.minimum(rising, falling), 0, None)
    # A band narrower than the space between two frequencies has the nearest one.
    for band, row in enumerate(filters):
        if row.sum() < 0.5:
            row[np.abs(hertz - corners[band + 1]).argmin()] = 1.0
    return filters / filters.sum(1, keepdims=True)


def to_mel(hertz: float) -> float:
    """The mel scale: 2595 log10(1 + f / 700) (O'Shaughnessy 1987)."""
    return float(2595 * np.log10(1 + hertz / 700))


def from_mel(mel: np.ndarray) -> np.ndarray:
    """The inverse of :func:`to_mel`."""
    return 700 * (10 ** (mel / 2595) - 1)


def stft(wave: np.ndarray, form: Sound) -> np.ndarray:
    """Short-time Fourier transform: complex (window / 2 + 1, frames), of Hann windows around every ``hop``-th sample.

    A sine wave of amplitude 1 has magnitude 1 in its frame. There are ``len(wave) // hop`` frames, the first around
    half a hop.
    """
    window = hann(form)
    frames = max(len(wave) // form.hop, 1)
    before = form.window // 2 - form.hop // 2
    padded = np.pad(wave, (before, form.window))
    cut = np.stack([padded[at * form.hop : at * form.hop + form.window] for at in range(frames)])
    return np.fft.rfft(cut * window, axis=1).T * (2 / window.sum())


def istft(spectrum: np.ndarray, form: Sound) -> np.ndarray:
    """Sound whose :func:`stft` is nearest to a spectrum: float64 (frames * hop,) (Griffin and Lim 1984, equation 6)."""
    window = hann(form)
    frames = spectrum.shape[1]
    pieces = np.fft.irfft(spectrum.T * (window.sum() / 2), form.window, axis=1) * window
    before = form.window // 2 - form.hop // 2
    wave = np.zeros(frames * form.hop + 2 * form.window)
    weight = np.zeros_like(wave)
    for at, piece in enumerate(pieces):
        wave[at * form.hop : at * form.hop + form.window] += piece
        weight[at * form.hop : at * form.hop + form.window] += window**2
    return (wave / np.maximum(weight, 1e-3))[before : before + frames * form.hop]


@cache
def hann(form: Sound) -> np.ndarray:
    """The window, periodic: float64 (window,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(form.window) / form.window)


def log_mel(wave: np.ndarray, form: Sound, bands: int) -> np.ndarray:
    """Loudness in decibels: float64 (bands, frames), ``floor`` to 0, the lowest band first."""
    power = np.abs(stft(wave, form)) ** 2
    return np.clip(10 * np.log10(mel_filters(bands, form) @ power + 1e-12), form.floor, 0)


def as_pixels(decibels: np.ndarray, form: Sound) -> np.ndarray:
    """Decibels (bands, frames) as a picture: uint16 (bands, frames, 1), the lowest band at the bottom."""
    return np.rint((1 - decibels / form.floor) * LARGEST).astype(np.uint16)[::-1, :, None]


def as_decibels(picture: np.ndarray, form: Sound) -> np.ndarray:
    """The inverse, of values from -1 to 1: float (..., bands, frames), the lowest band at the bottom, to decibels."""
    return np.clip((1 - (picture[..., ::-1, :] + 1) / 2) * form.floor, form.floor, 0)


def with_gain(wave: np.ndarray, before: np.ndarray, after: np.ndarray, form: Sound) -> np.ndarray:
    """Sound whose bands are made softer, never louder: float64 (n,).

    Args:
        wave: float (n,).
        before: its loudness in decibels, (bands, frames).
        after: that which is wanted.
        form: of the spectrograms.
    """
    gain = 10 ** (np.clip(after - before, form.floor, 0) / 20)
    filters = mel_filters(len(gain), form)
    share = filters / np.maximum(filters.sum(0), 1e-12)
    spread = share.T @ gain
    covered = filters.sum(0) > 0
    spread[~covered] = spread[covered][0]  # below the lowest band
    padded = np.pad(wave, (0, -len(wave) % form.hop))
    spectrum = stft(padded, form)
    return istft(spectrum * spread[:, : spectrum.shape[1]], form)[: len(wave)]


def made_anew(decibels: np.ndarray, form: Sound, rounds: int = 32, seed: int = 0) -> np.ndarray:
    """Sound of loudness (bands, frames) alone: float64 (frames * hop,), by Griffin and Lim 1984.

    The magnitudes are the smallest whose bands are so loud; phases begin at random and are made consistent.
    """
    filters = mel_filters(len(decibels), form)
    power = np.clip(np.linalg.pinv(filters) @ 10 ** (decibels / 10), 0, None)
    # The pseudo-inverse has negative values, which are cut off; two steps towards the bands make up for it.
    wanted = 10 ** (decibels / 10)
    for _ in range(2):
        power *= filters.T @ (wanted / np.maximum(filters @ power, 1e-12)) / np.maximum(filters.sum(0), 1e-12)[:, None]
    magnitude = np.sqrt(power)
    phases = np.exp(2j * np.pi * np.random.default_rng(seed).random(magnitude.shape))
    for _ in range(rounds):
        again = stft(istft(magnitude * phases, form), form)
        phases = again / np.maximum(np.abs(again), 1e-9)
    return istft(magnitude * phases, form)
