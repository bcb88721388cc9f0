"""Luminance bit for bit, as Pillow computes it."""

import numpy as np
import pytest
from PIL import Image

from impasto.inference.luminance import luminance, with_luminance


def test_luminance_is_pillows() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.array_equal(luminance(pixels), np.asarray(Image.fromarray(pixels).convert("L")))
    greys = np.arange(256, dtype=np.uint8)[None, :, None]
    assert np.array_equal(luminance(np.repeat(greys, 3, 2)), greys[..., 0])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_colors_get_the_luminance_and_hardly_move(kind: type) -> None:
    g, most = np.random.default_rng(0), np.iinfo(kind).max
    pixels = g.integers(0, most, (100, 100, 3), dtype=kind, endpoint=True)
    off = luminance(pixels).astype(np.int64) + g.integers(-1, 2, (100, 100))
    wanted = off.clip(0, most).astype(kind)
    found = with_luminance(pixels, wanted)
    assert np.array_equal(luminance(found), wanted)
    moved = np.abs(found.astype(np.int64) - pixels)
    assert moved.max() <= 9
    assert (moved.max(2) <= 1).mean() > 0.99
    kept = luminance(pixels) == wanted
    assert np.array_equal(found[kept], pixels[kept])


def test_colors_that_are_far_off_turn_grey() -> None:
    found = with_luminance(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), np.array([[200, 29]], np.uint8))
    assert found.tolist() == [[[200, 200, 200], [0, 0, 255]]]  # 7471 * 255 is 29.07 in 65536ths
