"""sRGB samples and linear light (IEC 61966-2-1)."""

from typing import Final

import numpy as np

MID_GREY: Final = 0.5
"""The sample, of 1, at which strengths of noise are told."""
_FINE: Final = 2**16 - 1


def decoded(samples: np.ndarray) -> np.ndarray:
    """Samples in [0, 1] to linear light in [0, 1]."""
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] to samples in [0, 1]."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


_DECODED: Final = decoded(np.arange(256) / 255).astype(np.float32)
_ENCODED: Final = np.rint(255 * encoded(np.arange(_FINE + 1) / _FINE)).astype(np.uint8)

SLOPE: Final = 1.055 / 2.4 * float(decoded(np.array(MID_GREY))) ** (1 / 2.4 - 1)
"""Derivative of samples by linear light at mid-grey."""


def to_linear(pixels: np.ndarray) -> np.ndarray:
    """uint8 samples to linear light, float32 in [0, 1]."""
    return _DECODED[pixels]


def from_linear(light: np.ndarray) -> np.ndarray:
    """Linear light, clipped to [0, 1], to the nearest uint8 samples, by a table: powers would take ten times as long.

    Light is rounded to 16 bits before, which moves the darkest samples by 0.03 levels at most.
    """
    return _ENCODED[np.rint(np.clip(light, 0, 1) * _FINE).astype(np.uint16)]
