"""Penalties whose strength follows the discriminator, against numbers worked out by hand."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from impasto.base.parts import Parts
from impasto.losses.adaptive_gamma import AdaptiveGamma
from impasto.losses.adversarial import LSGAN, NonSaturating
from impasto.losses.adversarial_examples import AdversarialExamples
from impasto.losses.penalties import R1, R1R2
from impasto.networks.scores import Scores
from tests.losses.test_penalties import FAKE, REAL, linear, make_pass, quadratic


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


@pytest.mark.parametrize("steps", [3, 5])
def test_the_worst_pictures_within_the_budget_of_a_linear_critic(steps: int) -> None:
    """Its score falls by 2 a pixel: 4 pixels that move by 51 levels (0.4) change it by 3.2."""
    grey = torch.zeros(2, 1, 2, 2)
    found = AdversarialExamples(weight=2, budget=51, steps=steps)(make_pass(linear, grey, grey))
    assert found.item() == pytest.approx(2 * (softplus(3.2) + softplus(3.2)), rel=1e-5)
    bright = torch.ones(2, 1, 2, 2)  # no pixel is brighter than 1: generated pictures cannot be raised
    found = AdversarialExamples(budget=51, steps=steps)(make_pass(linear, grey, bright))
    assert found.item() == pytest.approx(softplus(3.2) + softplus(8), rel=1e-5)


def test_generated_pictures_are_moved_and_judged_under_conditions_of_their_own() -> None:
    """As where the style model shows targets under a wrong style beside painted pictures, twice as many as real."""
    grey, twice = torch.zeros(2, 1, 2, 2), torch.zeros(4, 1, 2, 2)
    p = replace(make_pass(linear, grey, twice), discriminate_fake=lambda x: Scores.of(3 * linear(x)))
    found = AdversarialExamples(budget=51, steps=3)(p)
    assert found.item() == pytest.approx(softplus(3.2) + softplus(9.6), rel=1e-5)


def test_the_search_leaves_no_gradient_behind_and_trains_the_critic() -> None:
    weight = torch.tensor(1.0, requires_grad=True)
    p = make_pass(lambda x: weight * linear(x), REAL / 4, FAKE / 4)
    value = AdversarialExamples(budget=10, steps=2)(p)
    assert weight.grad is None
    value.backward()
    assert weight.grad is not None
    assert weight.grad.item() != 0


def test_the_budget_in_use_follows_how_many_are_judged_rightly() -> None:
    def after(real: float, fake: float) -> float:
        pictures = (torch.full((10, 1, 2, 2), value) for value in (real, fake))
        penalty = AdversarialExamples(budget=1, target=0.7, speed_kimg=0.1)
        penalty.strength.fill_(0.5)
        penalty(make_pass(linear, *pictures))
        return penalty.strength.item()

    assert after(0.5, -0.5) == pytest.approx(0.6), "all are: 10 of 100 pictures further"
    assert after(-0.5, -0.5) == pytest.approx(0.4), "half are"


def test_auto_starts_by_size_and_batch_and_follows_sureness() -> None:
    real = torch.full((4, 1, 8, 16), 0.5)
    published = 0.0002 * 8 * 16 / 4

    def at(penalty: R1, scores: float) -> float:
        def critic(x: Tensor) -> Tensor:
            return quadratic(x) - quadratic(x).detach() + scores

        p = make_pass(critic, real, real)
        penalty(p)
        return penalty.gamma.strength.item()

    penalty = R1(gamma="auto", every=5)
    penalty.gamma.speed = 50.0  # octaves for each kimg: 4 pictures, 5 updates apart, are one
    assert at(penalty, 1.0) == pytest.approx(2 * published), "sure of all: r is 1, above the target"
    assert at(penalty, -1.0) == pytest.approx(published)
    assert at(penalty, -1.0) == pytest.approx(published / 2)
    for _ in range(20):
        at(penalty, 1.0)
    assert penalty.gamma.strength.item() == pytest.approx(published * 2**12), "no farther"
    assert any("octave" in name for name in penalty.state_dict()), "saved and resumed"


def test_auto_is_half_of_gamma_times_the_gradients() -> None:
    real = torch.full((2, 1, 2, 2), 1.0)  # squared gradient norm 4, and R2's likewise
    gamma = 0.0002 * 4 / 2
    for penalty, gradients in ((R1(gamma="auto"), 4), (R1R2(gamma="auto"), 8)):
        found = penalty(make_pass(quadratic, real, real)).item()
        grown = 2 ** (0.5 * 2 / 1000)  # two pictures that it is sure of
        assert found == pytest.approx(0.5 * gamma * grown * gradients, rel=1e-5)


def test_auto_doubts_losses_whose_scores_have_no_sign() -> None:
    def doubts(loss: object) -> list[object]:
        return list(R1(gamma="auto").check_with(Parts(loss=loss)))

    assert doubts(NonSaturating()) == []
    assert len(doubts(LSGAN())) == 1
    assert list(R1(gamma=1.0).check_with(Parts(loss=LSGAN()))) == []


def test_strength_is_a_number_on_the_device() -> None:
    scores = make_pass(quadratic, REAL, FAKE).real_scores
    found = AdaptiveGamma().at(REAL, scores, 0.5, 1)
    assert isinstance(found, Tensor)
    assert found.item() == pytest.approx(0.0002 * 4 / 4 * 2 ** (0.5 * 2 / 1000)), "the whole batch has four pictures"
