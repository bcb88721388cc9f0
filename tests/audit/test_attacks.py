"""Figures of attacks, by hand."""

import numpy as np
import pytest

from impasto.audit.attacks import attack, auc
from impasto.audit.shadows import likelihood_ratios


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
    assert shifted.hits_interval[0] < shifted.hits < shifted.hits_interval[1]


def test_scores_are_compared_with_those_of_models_that_knew_the_picture_and_did_not() -> None:
    inside = np.array([[True, False, True], [True, True, True], [False, True, True], [False, False, True]])
    shadows = np.array([[2.0, 0.0, 1.0], [4.0, 3.0, 1.0], [1.0, 5.0, 1.0], [-1.0, 2.0, 1.0]])
    # In: means 3, 4 and 1, deviation sqrt((2 + 2 + 0) / (1 + 1 + 3)). Out: means 0 and 1, sqrt((2 + 2) / 2).
    found = likelihood_ratios(np.array([3.0, 1.0, 0.0]), shadows, inside)
    of_in, of_out = np.log(np.sqrt(0.8)), np.log(np.sqrt(2.0))
    assert found[0] == pytest.approx((0 - of_in) - (-(3**2) / 2 / 2 - of_out))
    assert found[1] == pytest.approx((-(3**2) / 0.8 / 2 - of_in) - (0 - of_out))
    assert np.isnan(found[2])  # all shadows knew it


def test_shadows_find_what_a_plain_score_hides() -> None:
    """Pictures differ in how high all models score them; a member scores a little higher than that."""
    random = np.random.default_rng(0)
    usual, inside = random.normal(0, 5, 600), random.random((8, 600)) < 0.5
    target_inside = np.arange(600) < 300
    shadows = usual + inside + random.normal(0, 0.3, inside.shape)
    target = usual + target_inside + random.normal(0, 0.3, 600)
    assert auc(target[:300], target[300:]) < 0.65
    found = likelihood_ratios(target, shadows, inside)
    known = ~np.isnan(found)
    assert auc(found[known & target_inside], found[known & ~target_inside]) > 0.9
