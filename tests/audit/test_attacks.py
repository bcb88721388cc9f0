"""Figures of attacks, by hand."""

import numpy as np
import pytest

from impasto.audit.attacks import attack, auc


def test_the_area_is_the_share_of_pairs() -> None:
    assert auc(np.array([3.0, 1.0]), np.array([2.0, 0.0])) == 3 / 4
    assert auc(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == (0.5 + 1) / 2  # ties count half
    assert auc(np.arange(5.0) + 10, np.arange(5.0)) == 1


def test_scores_without_difference_are_a_guess_and_shifted_ones_are_not() -> None:
    random = np.random.default_rng(1)
    same = attack(random.normal(size=800), random.normal(size=800))
    assert same.interval[0] < 0.5 < same.interval[1]
    assert same.hits == pytest.approx(0.01, abs=0.015)
    shifted = attack(random.normal(1, 1, 800), random.normal(size=800))
    assert shifted.auc == pytest.approx(0.7602, abs=0.03)  # of normal scores one deviation apart: Phi(1 / sqrt 2)
    assert 0.04 < shifted.interval[1] - shifted.interval[0] < 0.06
    assert abs(shifted.control - 0.5) < 0.06
    assert shifted.hits == pytest.approx(0.0924, abs=0.06)  # 1 - Phi(2.326 - 1)
