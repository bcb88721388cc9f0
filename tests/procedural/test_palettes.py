"""Palettes: where colours are moved to, and how wide what is drawn is."""

import colorsys

import numpy as np
import pytest

from impasto.procedural.hand import draw_hand
from impasto.procedural.palettes import LUMA, draw_palette, nearest, recoloured
from impasto.procedural.render import render

PALETTE = ((0.3, 0.4, 0.5), (0.5, 0.6, 0.5), (0.7, 0.5, 0.5))


def noise(seed: int = 0) -> np.ndarray:
    """Colours of a Gaussian, few of them outside of [0, 1]."""
    return np.random.default_rng(seed).normal((0.4, 0.5, 0.6), (0.13, 0.14, 0.12), (60, 60, 3)).astype(np.float32)


def test_colours_take_the_palettes_mean_and_covariance() -> None:
    moved = recoloured(noise(), PALETTE, 1.0, 0.0, 1.0, 1.0).reshape(-1, 3)
    assert moved.mean(0) == pytest.approx([0.5, 0.5, 0.5], abs=0.01)  # the mean of the three colours
    expected = np.cov(np.array(PALETTE).T) * 0.8 + np.eye(3) * 1.5e-3
    expected += max(0.0, 0.03 - LUMA @ expected @ LUMA)
    assert np.cov(moved.T) == pytest.approx(expected, abs=0.008)  # 0.001 was added to the noise's variance of 0.015


def test_strength_0_keeps_the_colours() -> None:
    inside = noise().clip(0, 1)
    assert recoloured(inside, PALETTE, 0.0, 0.0, 1.0, 1.0) == pytest.approx(inside, abs=1e-5)


def test_a_colour_of_the_palette_is_nearest_to_itself() -> None:
    assert nearest(np.array([PALETTE], np.float32), PALETTE).tolist() == [[0, 1, 2]]


def test_palettes_go_from_dark_to_light() -> None:
    rng = np.random.default_rng(0)
    spans = [p[-1] @ LUMA - p[0] @ LUMA for p in (np.array(draw_palette(rng, 6)) for _ in range(200))]
    assert np.mean(spans) > 0.4


def test_hands_paint_in_all_hues_not_in_ochre_alone() -> None:
    y, x = np.mgrid[0:40, 0:40].astype(np.float32) / 40
    photo = (np.stack([x, 0.5 * x + 0.3 * y, 0.2 + 0.5 * y], -1) * 255).astype(np.uint8)
    hues = []
    for seed in range(150):
        r, g, b = render(photo, draw_hand(seed), 0).reshape(-1, 3).mean(0) / 255
        hue, saturation, _ = colorsys.rgb_to_hsv(r, g, b)
        if saturation > 0.12:
            hues.append(hue)
    counts = np.histogram(hues, bins=6, range=(0, 1))[0] / len(hues)
    assert counts.min() > 0.04
    assert counts.max() < 0.45
