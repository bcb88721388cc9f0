"""How notes sound, by additive synthesis: harmonics that die away, of plucked strings, an organ, flutes and a choir.

No package carries both a synthesiser and its sounds; a SoundFont played by FluidSynth sounds better, and any program
for MIDI files has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from impasto.music.notes import Note

RATE: Final = 22_050
"""Samples in a second."""
PEAK: Final = 0.89
"""Largest sample of what is written, 1 dB below full."""


@dataclass(frozen=True)
class Timbre:
    """How a note of an instrument sounds.

    Attributes:
        slope: harmonic k has the amplitude k to the power of minus this.
        odd: factor on the even harmonics: 0 leaves the odd ones, as in a closed pipe.
        attack: seconds until it is loud.
        decay: seconds in which the first harmonic falls to a third; higher ones fall faster. 0 for one that does not.
        breath: amplitude of noise around it.
    """

    slope: float
    odd: float = 1.0
    attack: float = 0.01
    decay: float = 0.0
    breath: float = 0.0


CHOIR: Final = Timbre(1.6, attack=0.06)
ORGAN: Final = Timbre(1.2, attack=0.02)
PLUCKED: Final = Timbre(1.1, attack=0.003, decay=0.5)
FLUTE: Final = Timbre(2.6, odd=0.5, attack=0.05, breath=0.004)
HARMONICS: Final = 12
RELEASE: Final = 0.05
"""Seconds in which a note dies away when it is over."""


def frequency(pitch: float) -> float:
    """Of a MIDI pitch, in hertz; 69 is A at 440."""
    return float(440 * 2 ** ((pitch - 69) / 12))


def tone(pitch: float, seconds: float, timbre: Timbre, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """One note: float64 (n,), :data:`RELEASE` longer than ``seconds``; its loudest part is about 1."""
    time = np.arange(max(round((seconds + RELEASE) * rate), 1)) / rate
    random = np.random.default_rng([seed, round(pitch * 100)])
    wave = np.zeros(len(time))
    total = 0.0
    for k in range(1, HARMONICS + 1):
        hertz = k * frequency(pitch)
        if hertz > 0.45 * rate:
            break
        amplitude = k**-timbre.slope * (timbre.odd if k % 2 == 0 else 1.0)
        dying = np.exp(-time * k**0.7 / timbre.decay) if timbre.decay else 1.0
        wave += amplitude * dying * np.sin(2 * np.pi * hertz * time + random.uniform(0, 2 * np.pi))
        total += amplitude
    wave = wave / max(total, 1e-9) + timbre.breath * random.standard_normal(len(time))
    rising = np.clip(time / timbre.attack, 0, 1)
    falling = np.clip((seconds + RELEASE - time) / RELEASE, 0, 1)
    return wave * np.minimum(rising, falling)


def rendered(voices: Sequence[Sequence[Note]], tempo: float, timbre: Timbre = CHOIR, rate: int = RATE) -> np.ndarray:
    """Voices as sound: float32 (n,), within -1 and 1.

    Args:
        voices: notes of each.
        tempo: beats a minute.
        timbre: of all of them.
        rate: samples in a second.
    """
    second = tempo / 60
    length = max((note.end for voice in voices for note in voice), default=1.0) / second
    wave = np.zeros(round((length + 2 * RELEASE) * rate) + 1)
    for voice in voices:
        for note in voice:
            start = round(note.start / second * rate)
            sound = tone(note.pitch, (note.end - note.start) / second, timbre, rate)
            wave[start : start + len(sound)] += sound[: len(wave) - start]
    loudest = float(np.abs(wave).max())
    return (wave * (PEAK / loudest if loudest > 0 else 1.0)).astype(np.float32)
