"""Configurations that cannot work are refused with the reason, and sensible ones are not."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from impasto.errors import UserError
from impasto.losses.adversarial import LSGAN, Hinge, NonSaturating, Relativistic, Wasserstein
from impasto.losses.penalties import R1, GradientPenalty, LeCam
from impasto.run.build import make_penalties
from impasto.run.check import check, check_data, constrained, kind_problems, mixture_problems
from impasto.run.notices import forget_notices, notices
from impasto.run.ranges import number_problems, processes
from tests.test_config import choices
from tests.training import composed


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
    cfg = OmegaConf.create({"kimg": 0, "model": {"n_critic": 0}, "data": {"batch_size": 4}, "seed": -1})
    problems = " ".join(number_problems(cfg))
    assert "kimg is 0" in problems
    assert "model.n_critic is 0" in problems
    assert "seed is -1" in problems


@pytest.mark.parametrize(
    ("accumulate", "batch", "trainer", "says"),
    [
        (8, 4, {"devices": 1}, "cannot split a batch of 4;"),
        (3, 8, {"devices": 4}, "cannot split a batch of 2 of 8 among 4 processes"),
        (2, 8, {"devices": 4}, None),
        (2, 8, {"devices": [0, 1], "num_nodes": 2}, None),
        (1, 9, {"devices": "0,1"}, "divided evenly among 2 processes"),
    ],
)
def test_a_batch_and_its_parts(accumulate: int, batch: int, trainer: Any, says: str | None) -> None:
    content = {"kimg": 1, "seed": 0, "model": {"accumulate": accumulate}, "data": {"batch_size": batch}}
    problems = number_problems(OmegaConf.create({**content, "trainer": trainer}))
    assert len(problems) == (says is not None)
    assert says is None or says in problems[0]


def test_processes_that_only_the_machine_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert processes({"devices": "auto", "accelerator": "gpu"}) == 3
    assert processes({"devices": -1, "accelerator": "gpu", "num_nodes": 2}) == 6
    assert processes({"devices": "auto", "accelerator": "cpu"}) == 1
    assert processes(None) == 1


SMALL = ("data=image_folder", "data.root=nowhere", "evaluation=none")


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["seed=-1"], "seed is -1; give a whole number, 0 or more."),
        (["kimg=soon"], "kimg is soon; give a positive number."),
        (["minutes=0"], "minutes is 0"),
        (["data.batch_size=0"], "data.batch_size is 0; give a whole number, 1 or more."),
        (["data.batch_size=null"], "data.batch_size is None"),
        (["data.image_size=0"], "data.image_size=0 is not a size"),
        (["data.image_size=6.5"], "data.image_size=6.5 is not a size"),
        (["data.channels=2"], "data.channels=1 or 3"),
        (["data.resize=squeeze"], "data.resize=squeeze is not known"),
        (["data.holdout=1"], "data.holdout is 1; give a share"),
        (["model.optimizer_g.lr=-1"], "model.optimizer_g.lr is -1; give a positive number."),
        (["model.optimizer_d.betas=[2,0]"], "model.optimizer_d cannot be built: Invalid beta parameter"),
        (["callbacks.samples.every_kimg=-1"], "callbacks.samples.every_kimg is -1"),
        (["model.generator.norm=foo"], "There is no normalisation 'foo'"),
        (["model.generator.features=-4"], "features=-4; give 1 or more."),
        (["model.discriminator.features=many"], "model.discriminator cannot be built: "),
        (["+model.generator.colour=1"], "unexpected keyword argument 'colour'"),
        (["+model.colour=1"], "unexpected keyword argument 'colour'"),
        (["model._target_=impasto.models.noise.NoizeGAN"], "model._target_=impasto.models.noise.NoizeGAN cannot be"),
        (["data._target_=nowhere.Data"], "data._target_=nowhere.Data cannot be imported"),
        (["evaluation=default", "evaluation.metrics=[fidd]"], "evaluation.metrics: fidd not among"),
        (["evaluation=default", "evaluation.split=held_out"], "no pictures are held out: set data.holdout"),
        (["evaluation=default", "evaluation.split=heldout"], "evaluation.split=heldout is not known"),
        (["precision=half"], "precision=half is not known"),
        (["precision=16-mixed", "model.clip_grad=1"], "model.clip_grad cannot measure"),
    ],
)
def test_mistakes_are_sentences_before_data_is_read(tmp_path: Path, overrides: list[str], says: str) -> None:
    with pytest.raises(UserError) as problem:
        check(composed(tmp_path, *SMALL, *overrides))
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)seed is -1.*There is no normalisation 'foo'"):
        check(composed(tmp_path, *SMALL, "seed=-1", "model.generator.norm=foo"))


@pytest.mark.parametrize("model", choices("model"))
def test_every_model_passes_without_a_word(tmp_path: Path, model: str) -> None:
    forget_notices()
    data = ["data=unpaired"] if model in ("cut", "fastcut") else ["data=image_folder", "data.root=nowhere"]
    check(composed(tmp_path, *data, f"model={model}"))
    assert "augment" not in notices()
    assert "loss" not in notices()


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["loss=relativistic", "augment=ada"], "set augment.p"),
        (["loss=relativistic", "augment=ada", "augment.p=0.2"], None),
        (["loss=lsgan", "augment=ada"], "set augment.threshold=0.5"),
        (["loss=lsgan", "augment=ada", "augment.threshold=0.5"], None),
        (["loss=hinge", "augment=ada"], None),
    ],
)
def test_adaptive_augmentation_without_a_sign_to_go_by(tmp_path: Path, overrides: list[str], says: str | None) -> None:
    forget_notices()
    check(composed(tmp_path, *SMALL, *overrides))
    assert (says or "") in notices().get("augment", "")
    assert ("augment" in notices()) == (says is not None)
    forget_notices()


class LooksAtItsWeights(nn.Module):
    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.latent_dim = int(torch.linspace(4, 8, 2)[0].item())


def test_a_network_that_needs_real_weights_is_let_through(tmp_path: Path) -> None:
    name = f"{LooksAtItsWeights.__module__}.{LooksAtItsWeights.__qualname__}"
    cfg = composed(tmp_path, *SMALL)
    cfg.model.generator = {"_target_": name, "_partial_": True}
    check(cfg)


def test_what_turns_out_not_to_be_held_out_is_said_once_the_data_is_read(tmp_path: Path) -> None:
    data = type("Data", (), {"held_out": None})
    cfg = composed(tmp_path, *SMALL, "evaluation=default", "data.holdout=0.1", "evaluation.split=held_out")
    check(cfg)
    with pytest.raises(UserError, match="no pictures are held out"):
        check_data(cfg, data())
    check_data(composed(tmp_path, *SMALL), data())


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
