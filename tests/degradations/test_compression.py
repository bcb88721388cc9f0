"""Compressed pictures agree with Pillow's."""

import io

import numpy as np
import pytest
from PIL import Image

from impasto.degradations.compression import jpeg, webp


def by_pillow(pixels: np.ndarray, name: str, quality: int) -> np.ndarray:
    file = io.BytesIO()
    image = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[..., 0])
    image.save(file, name, quality=quality)
    read = Image.open(file)
    return np.asarray(read.convert("RGB" if pixels.shape[2] == 3 else "L")).reshape(pixels.shape)


@pytest.mark.parametrize("quality", [5, 10, 40, 90])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_pillows(photograph: np.ndarray, quality: int, channels: int, random: np.random.Generator) -> None:
    pixels = photograph[..., :channels]
    found, expected = jpeg(pixels, quality, random).astype(int), by_pillow(pixels, "JPEG", quality).astype(int)
    assert np.abs(found - expected).max() <= 3
    assert np.abs(found - expected).mean() < 0.1


@pytest.mark.parametrize("quality", [10, 40, 90])
def test_webp_is_pillows(photograph: np.ndarray, quality: int, random: np.random.Generator) -> None:
    found, expected = webp(photograph, quality, random), by_pillow(photograph, "WEBP", quality)
    errors = [np.square(each.astype(float) - photograph).mean() for each in (found, expected)]
    assert errors[0] == pytest.approx(errors[1], rel=0.1)
    assert np.abs(found.astype(int) - expected).mean() < 1.5


@pytest.mark.parametrize("kind", [jpeg, webp])
def test_less_quality_loses_more(kind: object, photograph: np.ndarray, random: np.random.Generator) -> None:
    errors = [np.square(kind(photograph, q, random).astype(float) - photograph).mean() for q in (5, 20, 60, 95)]  # type: ignore[operator]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 3 * errors[-1]


def test_grey_stays_grey(photograph: np.ndarray, random: np.random.Generator) -> None:
    for kind in (jpeg, webp):
        assert kind(photograph[..., :1], 50, random).shape == (120, 144, 1)
