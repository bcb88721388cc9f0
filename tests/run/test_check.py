"""Configurations that cannot work are refused with the reason, and sensible ones are not."""

import pytest
from omegaconf import OmegaConf
from torch import nn

from impasto.losses.adversarial import LSGAN, Hinge, NonSaturating, Relativistic, Wasserstein
from impasto.losses.penalties import R1, GradientPenalty, LeCam
from impasto.run.build import make_penalties
from impasto.run.check import constrained, kind_problems, mixture_problems, number_problems
from impasto.run.notices import forget_notices, notices


class Critic(nn.Module):
    def __init__(self, norm: nn.Module | None = None, sigmoid: bool = False) -> None:
        super().__init__()
        self.sigmoid = sigmoid
        self.norm = norm


@pytest.mark.parametrize("loss", [Wasserstein(), Hinge(), Relativistic(), NonSaturating()])
def test_losses_that_need_raw_scores_are_refused_behind_a_sigmoid(loss: Wasserstein) -> None:
    (problem,) = mixture_problems(loss, [], Critic(sigmoid=True))
    assert type(loss).__name__ in problem
    assert "sigmoid=true" in problem
    assert not mixture_problems(loss, [], Critic())


def test_least_squares_may_be_squashed() -> None:
    assert not mixture_problems(LSGAN(), [], Critic(sigmoid=True))


def test_gradient_penalty_through_batch_norm_is_refused_and_r1_is_not() -> None:
    (problem,) = mixture_problems(Wasserstein(), [GradientPenalty()], Critic(nn.BatchNorm2d(3)))
    assert "batch normalisation" in problem
    assert not mixture_problems(Wasserstein(), [GradientPenalty()], Critic(nn.InstanceNorm2d(3)))
    assert not mixture_problems(Hinge(), [R1(), LeCam()], Critic(nn.BatchNorm2d(3)))


def test_numbers_are_all_named_at_once() -> None:
    cfg = OmegaConf.create({"kimg": 0, "model": {"n_critic": 0, "accumulate": 8}, "data": {"batch_size": 4}})
    problems = " ".join(number_problems(cfg))
    assert "kimg is 0" in problems
    assert "model.n_critic is 0" in problems
    assert "accumulate=8" in problems


def test_what_keeps_a_critic_lipschitz() -> None:
    cfg = OmegaConf.create({"model": {"clip_weights": None}})
    spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(2, 1))
    assert not constrained(cfg, [], Critic())
    assert constrained(cfg, [R1()], Critic())
    assert constrained(cfg, [], Critic(spectral))
    assert constrained(OmegaConf.create({"model": {"clip_weights": 0.01}}), [], Critic())


def test_a_model_is_given_what_it_learns_from() -> None:
    noise, cut = type("N", (), {"needs": ("image",)}), type("C", (), {"needs": ("content", "style")})
    plain, unpaired = type("P", (), {"gives": ("image",)}), type("U", (), {"gives": ("content", "style")})
    assert not kind_problems(noise, plain)
    assert not kind_problems(cut, unpaired)
    assert "data=unpaired" in kind_problems(cut, plain)[0]
    assert "image_folder" in kind_problems(noise, unpaired)[0]
    assert not kind_problems(object, plain)


def test_numbers_for_a_penalty_that_was_not_chosen_are_named_and_left_out() -> None:
    forget_notices()
    r1 = {"_target_": "impasto.losses.penalties.R1", "gamma": 3.0}
    penalties = make_penalties(OmegaConf.create({"r1_r2": {"gamma": 1.0}, "r1": r1}))
    assert list(penalties) == ["r1"]
    assert isinstance(penalties["r1"], R1)
    assert "penalty=r1_r2" in notices()["penalty"]
    forget_notices()
