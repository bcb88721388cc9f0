"""Controls that learn from pairs find what is there to be found."""

import numpy as np
import pytest
from scipy.ndimage import correlate

from impasto.evaluation.protocols.learnt_controls import LEARNERS, noise_of

RANDOM = np.random.default_rng(0)


def smooth_pictures(count: int, side: int = 32) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] / side
    waves = [127 + 80 * np.sin(5 * rows + i) * np.cos(4 * columns + 2 * i) for i in range(count)]
    return np.stack(waves).round().astype(np.uint8)[..., None]


def test_the_noise_found_is_that_added() -> None:
    noisy = smooth_pictures(1)[0] + RANDOM.normal(0, 10, (32, 32, 1))
    assert noise_of(noisy.round().clip(0, 255).astype(np.uint8)) * 255 == pytest.approx(10, rel=0.15)


@pytest.mark.parametrize("name", ["gaussian", "median", "non_local_means", "total_variation", "linear_filter"])
def test_filters_take_noise_away(name: str) -> None:
    clean = smooth_pictures(4)
    noisy = (clean + RANDOM.normal(0, 20, clean.shape)).round().clip(0, 255).astype(np.uint8)
    restore, learnt = LEARNERS[name][1](noisy[:3], clean[:3])
    restored = restore(noisy[3])
    before, after = (np.square(each.astype(float) - clean[3]).mean() for each in (noisy[3], restored))
    assert restored.shape == clean[3].shape
    assert after < before / 2
    assert set(learnt) == ({"pixels"} if name == "linear_filter" else {"strength"})


def test_the_linear_filter_is_the_one_that_made_the_targets() -> None:
    kernel = RANDOM.normal(0, 0.2, (5, 5))
    given = RANDOM.integers(80, 176, (3, 24, 24, 1), dtype=np.uint8)
    made = np.stack([correlate(each[..., 0] / 255.0, kernel, mode="mirror") for each in given])[..., None]
    low, high = made.min(), made.max()
    target = np.rint(255 * (made - low) / (high - low)).astype(np.uint8)  # a linear filter and a constant
    restore, _ = LEARNERS["linear_filter"][1](given[:2], target[:2])
    assert np.abs(restore(given[2]).astype(int) - target[2]).max() <= 1


def test_a_colour_table_gives_the_mean_of_what_a_value_became() -> None:
    given = np.array([[[10], [10], [200]]], np.uint8)[None]
    target = np.array([[[0, 0, 0], [100, 50, 0], [9, 8, 7]]], np.uint8)[None]
    restore, learnt = LEARNERS["colour_table"][1](given, target)
    assert learnt == {"values": 2}
    assert restore(np.array([[[10], [90], [255]]], np.uint8)).tolist() == [[[50, 25, 0], [50, 25, 0], [9, 8, 7]]]
