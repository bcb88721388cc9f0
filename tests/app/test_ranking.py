"""Rankings and agreement against an independent implementation, and numbers worked out by hand."""

import numpy as np
import pytest
from scipy.optimize import minimize

from impasto.app.ranking import agreement, bradley_terry, consistency, ranking
from impasto.app.votes import Vote


def by_likelihood(wins: np.ndarray, prior: float) -> np.ndarray:
    """Bradley-Terry by a general optimiser on the logarithms."""
    count = len(wins)
    wins = wins + prior * (1 - np.eye(count))

    def loss(theta: np.ndarray) -> float:
        difference = theta[:, None] - theta[None, :]
        return float((wins * np.log1p(np.exp(-difference))).sum() - np.trace(wins) * np.log(2))

    found = minimize(loss, np.zeros(count), method="BFGS", options={"gtol": 1e-10}).x
    return np.asarray(found - found.mean())


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("prior", [0.0, 0.5])
def test_strengths_are_those_of_the_largest_likelihood(seed: int, prior: float) -> None:
    wins = np.random.default_rng(seed).integers(1, 12, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)
    np.testing.assert_allclose(bradley_terry(wins, prior), by_likelihood(wins, prior), atol=1e-5)


def test_two_contenders_by_hand() -> None:
    # 3 to 1 without a prior: the odds are 3, their logarithm is shared between both.
    np.testing.assert_allclose(
        bradley_terry(np.array([[0, 3], [1, 0.0]]), 0), [np.log(3) / 2, -np.log(3) / 2], atol=1e-8
    )
    # Won all three: with half a win for each, 3.5 to 0.5.
    np.testing.assert_allclose(bradley_terry(np.array([[0, 3], [0, 0.0]]))[0], np.log(7) / 2, atol=1e-8)


def vote(left: str, right: str, chosen: str, picture: str = "p", rater: str = "A", check: bool = False) -> Vote:
    return Vote(rater, picture, left, right, chosen, check)


def test_the_ranking_has_intervals_and_leaves_checks_out() -> None:
    votes = [vote("good", "bad", "left", picture=str(i)) for i in range(9)]
    votes += [vote("bad", "good", "left", picture="9"), vote("bad", "good", "left", picture="9", check=True)]
    best, worst = ranking(votes)
    # 9.5 to 1.5: the odds 6.33 are shared, and over an average one the square root remains.
    odds = (9.5 / 1.5) ** 0.5
    assert (best.name, worst.name, best.votes) == ("good", "bad", 10)
    assert best.share == pytest.approx(odds / (1 + odds), abs=1e-6)
    assert worst.share == pytest.approx(1 - best.share)
    assert 0.5 < best.low <= best.share <= best.high < 1
    assert ranking(votes) == [best, worst]
    assert ranking([]) == []


def test_agreement_does_not_depend_on_sides() -> None:
    votes = [
        *(vote("x", "y", "left", "1"), vote("y", "x", "right", "1", "B")),  # both x
        *(vote("x", "y", "left", "2"), vote("x", "y", "right", "2", "B")),  # x, y
        *(vote("x", "y", "neither", "3"), vote("x", "y", "neither", "3", "B")),
        *(vote("x", "y", "right", "4"), vote("x", "y", "right", "4", "B"), vote("x", "y", "right", "5")),
    ]
    found = agreement(votes)
    # 3 of 4 pairs of votes are the same; 2 of 8 votes are neither: chance is 0.75^2 / 2 + 0.25^2 = 0.34375.
    assert (found.pairs, found.same) == (4, 0.75)
    assert found.beyond_chance == pytest.approx((0.75 - 0.34375) / (1 - 0.34375))


def test_three_raters_make_three_pairs_and_one_rater_none() -> None:
    votes = [vote("x", "y", chosen, "1", rater) for rater, chosen in zip("ABC", ("left", "left", "right"), strict=True)]
    assert (agreement(votes).pairs, agreement(votes).same) == (3, pytest.approx(1 / 3))
    assert agreement(votes[:1]).same is None
    always = [vote("x", "y", "neither", "1", rater) for rater in "AB"]
    assert agreement(always).beyond_chance is None


def test_consistency_compares_check_pairs_with_the_first_vote() -> None:
    votes = [
        *(vote("x", "y", "left", "1"), vote("y", "x", "right", "1", check=True)),  # x again
        *(vote("x", "y", "left", "2"), vote("y", "x", "left", "2", check=True)),  # x, then y
        vote("x", "y", "left", "3", "B", check=True),  # of a first vote that is lost
    ]
    assert (consistency(votes).pairs, consistency(votes).same) == (2, 0.5)
