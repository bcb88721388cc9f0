"""Mel spectrograms, sound made of them, phrases and scores, against numbers worked out by hand."""

import io

import numpy as np
import pytest
from scipy.io import wavfile

from impasto.audio.files import BadSound, read_sound
from impasto.audio.phrases import TIMBRES, in_noise, noise, phrase
from impasto.audio.scores import si_sdr, spectral_distance, spectral_subtraction
from impasto.audio.spectrograms import (
    as_decibels,
    as_pixels,
    istft,
    log_mel,
    made_anew,
    mel_filters,
    stft,
    with_gain,
)
from impasto.base.sounds import Sound

FORM = Sound(rate=8000, window=256, hop=64)
N = 64 * 40


def sine(hertz: float, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(N) / FORM.rate)


def test_sound_is_its_transform() -> None:
    wave = np.random.default_rng(0).standard_normal(N)
    assert istft(stft(wave, FORM), FORM) == pytest.approx(wave)
    spectrum = np.abs(stft(sine(1000), FORM))
    assert spectrum.shape == (129, 40)
    assert spectrum[:, 20].argmax() == 32  # 1000 of 31.25 hertz each
    assert spectrum[32, 20] == pytest.approx(0.5, rel=1e-3)


def test_bands_are_triangles_between_their_neighbours() -> None:
    filters = mel_filters(20, FORM)
    assert filters.sum(1) == pytest.approx(np.ones(20))
    middles = filters.argmax(1)
    assert (np.diff(middles) > 0).all()
    assert (np.diff(middles)[-3:] > np.diff(middles)[:3].max()).all()  # wider towards the top


def test_pixels_are_decibels() -> None:
    decibels = np.array([[-80.0, -40.0], [0.0, -20.0]])
    pixels = as_pixels(decibels, FORM)
    assert pixels[..., 0].tolist() == [[65535, 49151], [0, 32768]]  # the lowest band at the bottom
    assert as_decibels(pixels[..., 0] / 32767.5 - 1, FORM) == pytest.approx(decibels, abs=2e-3)


def test_a_gain_makes_bands_softer_and_never_louder() -> None:
    low, high = sine(300), sine(3000)
    before, wanted = log_mel(low + high, FORM, 32), log_mel(low, FORM, 32)
    assert si_sdr(with_gain(low + high, before, wanted, FORM), low) > 25
    assert si_sdr(low + high, low) == pytest.approx(0, abs=0.1)
    assert with_gain(low, before, before + 10, FORM) == pytest.approx(low)


def test_sound_made_anew_is_as_loud_as_was_wanted() -> None:
    wave = phrase(3, TIMBRES["flute"], N / FORM.rate, FORM.rate)
    again = made_anew(log_mel(wave, FORM, 32), FORM)
    assert len(again) == N
    assert spectral_distance(again, wave, FORM, 32) < 0.3 * spectral_distance(np.zeros(N), wave, FORM, 32)


def test_scores_by_hand() -> None:
    wanted = np.array([1.0, 0.0, -1.0, 0.0])
    assert si_sdr(np.array([3.0, 0.3, -3.0, 0.3]), wanted) == pytest.approx(10 * np.log10(18 / 0.18))
    hiss = 0.05 * noise(1, N, FORM.rate)
    assert spectral_distance(0.1 * hiss, hiss, Sound(8000, 256, 64, floor=-200.0), 16) == pytest.approx(20, abs=0.01)
    wanted = sine(1000) * (np.arange(N) > N // 2)
    assert si_sdr(spectral_subtraction(wanted + hiss, FORM), wanted) > si_sdr(wanted + hiss, wanted) + 1


def test_phrases_are_the_same_tune_in_another_timbre_and_noise_is_as_loud_as_said() -> None:
    clean = phrase(5, TIMBRES["organ"], 0.5, FORM.rate)
    assert 0.2 <= np.abs(clean).max() <= 0.9
    assert (clean == phrase(5, TIMBRES["organ"], 0.5, FORM.rate)).all()
    assert not np.allclose(clean, phrase(5, TIMBRES["flute"], 0.5, FORM.rate))
    given = in_noise(clean, 5, FORM.rate, (6.0, 6.0))
    assert 10 * np.log10((clean**2).sum() / ((given - clean) ** 2).sum()) == pytest.approx(6, abs=0.01)


def test_files_are_brought_to_one_rate_and_channel_and_broken_ones_are_told() -> None:
    buffer = io.BytesIO()
    both = np.stack([sine(500), sine(500)], 1)
    wavfile.write(buffer, 16_000, (both * 32767).astype(np.int16))
    read = read_sound(buffer.getvalue(), 8000)
    assert read.shape == (N // 2,)
    assert np.abs(stft(read, FORM))[:, 10].argmax() == 32  # at half the rate the tone is at 1000 of 8000
    with pytest.raises(BadSound, match="no sound file, or a damaged one"):
        read_sound(b"RIFF and nothing else", 8000)


def test_files_that_promise_too_much_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    wavfile.write(buffer, 16_000, np.zeros(64, np.int16))
    content = bytearray(buffer.getvalue())
    content[24:28] = (2**31 - 1).to_bytes(4, "little")  # the rate
    with pytest.raises(BadSound, match="2,147,483,647 samples in a second"):
        read_sound(bytes(content), 8000)
    monkeypatch.setattr("impasto.audio.files.MOST", 63)
    with pytest.raises(BadSound, match="says that it has 64 samples, and 63 are the most"):
        read_sound(buffer.getvalue(), 8000)
