"""Phrases made by code, whose truth is known: plucked strings, flutes and an organ, clean and in noise."""

from typing import Final

import numpy as np

from impasto.music.notes import Note
from impasto.music.synthesis import FLUTE, ORGAN, PLUCKED, Timbre, rendered

TIMBRES: Final[dict[str, Timbre]] = {"plucked": PLUCKED, "flute": FLUTE, "organ": ORGAN}
PENTATONIC: Final = (0, 2, 4, 7, 9)
VERSION: Final = 1
"""Raised when a seed makes another phrase."""


def phrase(seed: int, timbre: Timbre, seconds: float, rate: int) -> np.ndarray:
    """A tune with a few notes a second: float64 (n,), its loudest sample between 0.2 and 0.9.

    The notes, their times and the loudness depend on the seed alone, so that two timbres can play the same.
    """
    random = np.random.default_rng([seed, VERSION])
    notes: list[Note] = []
    now = float(random.uniform(0, 0.1))
    tonic = int(random.integers(52, 64))
    while now < seconds:
        length = float(random.uniform(0.15, 0.5))
        pitch = tonic + PENTATONIC[int(random.integers(5))] + 12 * int(random.integers(2))
        notes.append(Note(now, min(now + length, seconds), pitch))
        now += length
    voices = [notes]
    if random.random() < 0.5:  # and a lower note held below them
        voices.append([Note(0.0, seconds, tonic - 12)])
    loudness = float(random.uniform(0.2, 0.9))
    wave = rendered(voices, 60, timbre, rate)[: round(seconds * rate)].astype(np.float64)
    wave = np.pad(wave, (0, round(seconds * rate) - len(wave)))
    return wave * loudness / max(float(np.abs(wave).max()), 1e-9)


def noise(seed: int, count: int, rate: int) -> np.ndarray:
    """Noise of mean square 1: hiss, white to pink, and in half the cases a hum of mains: float64 (n,)."""
    random = np.random.default_rng([seed, VERSION, 1])
    spectrum = np.fft.rfft(random.standard_normal(count))
    tilt = float(random.uniform(0, 1))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** (tilt / 2)
    wave = np.fft.irfft(spectrum, count)
    wave /= wave.std()
    if random.random() < 0.5:
        time = np.arange(count) / rate
        mains = float(random.choice([50.0, 60.0]))
        hum = sum(np.sin(2 * np.pi * k * mains * time + random.uniform(0, 6)) / k for k in (1, 2, 3))
        wave += float(random.uniform(0.3, 1.0)) * hum
    return wave / np.sqrt((wave**2).mean())


def in_noise(wave: np.ndarray, seed: int, rate: int, loudness: tuple[float, float]) -> np.ndarray:
    """A sound in noise that is so many decibels softer, drawn evenly between two numbers."""
    low, high = loudness
    decibels = float(np.random.default_rng([seed, VERSION, 2]).uniform(low, high))
    level = np.sqrt(max(float((wave**2).mean()), 1e-12)) * 10 ** (-decibels / 20)
    return wave + level * noise(seed, len(wave), rate)
