"""What excerpts of music are like, in numbers, one for each excerpt.

They are those that work on symbolic music reports: used pitch classes of a bar (Dong et al. 2018, "MuseGAN"), the
share of notes in a scale (Mogren 2016, "C-RNN-GAN"), pitch class histograms (Yang and Lerch 2020), and the similarity
of the grooves of bars (Wu and Yang 2020, "The Jazz Transformer"); and how consonant the voices are.
"""

from itertools import pairwise
from typing import Final

import numpy as np

from impasto.base.rolls import Roll
from impasto.music.keys import MAJOR_SCALE
from impasto.music.rolls import begins_of, pitches_of

CONSONANT: Final = (0, 3, 4, 7, 8, 9)
"""Intervals of two voices, in semitones modulo an octave: unison, thirds, fifth, sixths."""


def pitch_classes(pitches: np.ndarray) -> np.ndarray:
    """Share of the sounding steps of each pitch class, C first.

    Args:
        pitches: int (N, voices, W), -1 for silence.

    Returns:
        float64 (N, 12), rows of sum 1, or 0 for silence.
    """
    counts = np.stack([((pitches % 12 == tone) & (pitches >= 0)).sum((1, 2)) for tone in range(12)], 1)
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def used_pitch_classes(pitches: np.ndarray, bar: int) -> np.ndarray:
    """How many pitch classes sound in a bar, the mean over the bars: float64 (N,). ``bar`` is its length in steps."""
    bars = [pitches[..., at : at + bar] for at in range(0, pitches.shape[-1], bar)]
    return np.mean([(pitch_classes(each) > 0).sum(1) for each in bars], 0)


def in_scale(pitches: np.ndarray) -> np.ndarray:
    """Share of the sounding steps in the diatonic scale that holds most of them: float64 (N,), 7/12 to 1 as a rule."""
    shares = pitch_classes(pitches)
    scales = np.stack([np.isin(np.arange(12), [(tonic + step) % 12 for step in MAJOR_SCALE]) for tonic in range(12)])
    return (shares @ scales.T).max(1)


def groove_similarity(begins: np.ndarray, bar: int) -> np.ndarray:
    """How alike the rhythms of bars are that follow each other: float64 (N,), 1 for the same.

    One less the share of steps at which a note begins in one bar and none in the next, over all voices together.

    Args:
        begins: bool (N, voices, W).
        bar: its length in steps; there are at least two.
    """
    onsets: np.ndarray = np.asarray(begins.any(1))
    bars = [onsets[:, at : at + bar] for at in range(0, onsets.shape[-1], bar)]
    return np.mean([1 - (a != b).mean(1) for a, b in pairwise(bars)], 0)


def consonance(pitches: np.ndarray) -> np.ndarray:
    """Share of consonant intervals among those of all pairs of voices at all steps: float64 (N,); 1 without pairs."""
    voices = pitches.shape[1]
    good, pairs = np.zeros(len(pitches)), np.zeros(len(pitches))
    for first in range(voices):
        for second in range(first + 1, voices):
            both = (pitches[:, first] >= 0) & (pitches[:, second] >= 0)
            interval = np.abs(pitches[:, first] - pitches[:, second]) % 12
            good += (np.isin(interval, CONSONANT) & both).sum(1)
            pairs += both.sum(1)
    return np.where(pairs > 0, good / np.maximum(pairs, 1), 1.0)


def statistics_of(rolls: np.ndarray, form: Roll) -> dict[str, np.ndarray]:
    """All of them, by name.

    Args:
        rolls: uint8 (N, voices, H, W).
        form: of them.

    Returns:
        float64 (N, k): twelve numbers of the pitch classes, one of each other.
    """
    pitches, begins = pitches_of(rolls, form), begins_of(rolls, form)
    found = {
        "pitch_class_histogram": pitch_classes(pitches),
        "used_pitch_classes": used_pitch_classes(pitches, form.bar)[:, None],
        "in_scale": in_scale(pitches)[:, None],
        "groove": groove_similarity(begins, form.bar)[:, None],
    }
    if rolls.shape[1] > 1:
        found["consonance"] = consonance(pitches)[:, None]
    return found


def bars_of(rolls: np.ndarray, form: Roll) -> list[bytes]:
    """The notes of each bar of each roll, to find the same again: pitches and beginnings of all voices."""
    pitches, begins = pitches_of(rolls, form).astype(np.int16), begins_of(rolls, form)
    return [
        p[:, at : at + form.bar].tobytes() + b[:, at : at + form.bar].tobytes()
        for p, b in zip(pitches, begins, strict=True)
        for at in range(0, rolls.shape[-1], form.bar)
    ]
