"""Lossy compression: JPEG and WebP."""

from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np

from impasto.degradations.degradation import Degradation, Degrade


def jpeg(pixels: np.ndarray, quality: float, _random: np.random.Generator) -> np.ndarray:
    """Through a JPEG file of a quality from 1 to 100, with colours at half the resolution (4:2:0)."""
    return through(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def webp(pixels: np.ndarray, quality: float, _random: np.random.Generator) -> np.ndarray:
    """Through a lossy WebP file of a quality from 1 to 100."""
    return through(pixels, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def through(pixels: np.ndarray, ending: str, setting: int, quality: float) -> np.ndarray:
    """A picture encoded and decoded: uint8 (H, W, 1 or 3)."""
    colored = pixels.shape[2] == 3
    given = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if colored else pixels
    _, data = cv2.imencode(ending, given, [setting, round(quality)])
    read = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB if colored else cv2.IMREAD_GRAYSCALE)
    assert read is not None, "what was just encoded can be decoded"
    return np.asarray(read).reshape(pixels.shape)


class Compression(Degradation):
    """Lossy compression, whose strength is the quality: the lower, the more is lost."""

    known: ClassVar[Mapping[str, Degrade]] = {"jpeg": jpeg, "webp": webp}
    unit: ClassVar[str] = "quality, 1 to 100; lower loses more"
    limits: ClassVar[tuple[float, float]] = (1.0, 100.0)
