"""Configurations that cannot work are refused with the reason, and sensible ones are not."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hydra.utils import get_class
from omegaconf import OmegaConf
from torch import nn

from impasto.base.errors import UserError
from impasto.base.instantiate import make
from impasto.base.notices import forget_notices, notices
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.losses.adversarial import LSGAN, Hinge, NonSaturating, Relativistic, Wasserstein
from impasto.losses.penalties import R1, GradientPenalty, LeCam
from impasto.run.build import make_chosen
from impasto.run.checks.configuration import check, check_data, kind_problems, refusals
from tests.test_config import choices
from tests.training import composed


class Critic(nn.Module):
    def __init__(self, norm: nn.Module | None = None, sigmoid: bool = False) -> None:
        super().__init__()
        self.sigmoid = sigmoid
        self.norm = norm


def mixed(loss: object, penalties: list[nn.Module], discriminator: nn.Module, **parts: Any) -> Parts:
    named = {f"p{i}": penalty for i, penalty in enumerate(penalties)}
    return Parts(loss=loss, penalties=named, discriminators={"discriminator": discriminator}, **parts)


@pytest.mark.parametrize("loss", [Wasserstein(), Hinge(), Relativistic(), NonSaturating()])
def test_losses_that_need_raw_scores_are_refused_behind_a_sigmoid(loss: Wasserstein) -> None:
    (problem,) = refusals(mixed(loss, [], Critic(sigmoid=True)))
    assert type(loss).__name__ in problem
    assert "model.discriminator.sigmoid=true" in problem
    assert not refusals(mixed(loss, [], Critic()))


def test_least_squares_may_be_squashed() -> None:
    assert not refusals(mixed(LSGAN(), [], Critic(sigmoid=True)))


def test_gradient_penalty_through_batch_norm_is_refused_and_r1_is_not() -> None:
    (problem,) = refusals(mixed(Wasserstein(), [GradientPenalty()], Critic(nn.BatchNorm2d(3))))
    assert "batch normalisation" in problem
    assert not refusals(mixed(Wasserstein(), [GradientPenalty()], Critic(nn.InstanceNorm2d(3))))
    assert not refusals(mixed(Hinge(), [R1(), LeCam()], Critic(nn.BatchNorm2d(3))))


UNPAIRED = ["model=cut", "data=unpaired", "data.content=nowhere"]
SMALL = ("data=image_folder", "data.root=nowhere", "evaluation=none")


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["seed=-1"], "seed is -1; give a whole number, 0 or more"),
        (["kimg=soon"], "kimg is soon; give a positive number."),
        (["minutes=0"], "minutes is 0"),
        (["data.batch_size=0"], "data.batch_size is 0; give a whole number, 1 or more."),
        (["data.batch_size=null"], "data.batch_size is null"),
        (["data.image_size=0"], "data.image_size=0 is not a size"),
        (["data.image_size=6.5"], "data.image_size=6.5 is not a size"),
        (["data.channels=0"], "data.channels is 0"),
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
        (["precision=16-mixed"], "precision=16-mixed needs a GPU"),
        (["seed=18446744073709551616"], "seed is 18446744073709551616; give a whole number"),
        (["data.image_size=true"], "data.image_size=true is not a size"),
        (["data.duplicates=maybe"], "data.duplicates=maybe is not known: choose one of skip, keep."),
        (["model.ema_half_life_kimg=null"], "model.ema_half_life_kimg is null"),
        (["model.lr_g=null"], "model.lr_g is null"),
        (["model.beta2=x"], "model.beta2 is x"),
        (["model=r3gan", "model.beta2.end=x"], "model.beta2.end=x is not a number"),
        (["model.optimizer_g.lr=null"], "model.optimizer_g.lr is null"),
        (["penalty=r1", "penalty.r1.gamma=null"], "penalty.r1.gamma is null; give 0 or more."),
        (["penalty=r1", "penalty.r1.gamma=x"], "penalty.r1.gamma is x"),
        (["penalty=r1", "penalty.r1.every=auto"], "penalty.r1.every is auto"),
        (["penalty=lecam", "penalty.lecam.weight=-1"], "penalty.lecam.weight is -1"),
        (["penalty=r1", "penalty.r1.every=0"], "penalty.r1.every is 0"),
        (["augment=ada", "augment.p=2", "augment.target=-1"], "augment.p is 2; give a number from 0 to 1."),
        (["callbacks.guard.collapse=3"], "callbacks.guard.collapse is 3"),
        (["callbacks.guard.max_rollbacks=-1"], "callbacks.guard.max_rollbacks is -1"),
        (["evaluation=default", "evaluation.seed=-1"], "evaluation.seed is -1"),
        (["trainer.devices=0"], "trainer.devices=0 leaves nothing to compute on"),
        (["trainer.accelerator=zzz"], "trainer.accelerator=zzz is not known: choose one of auto, gpu, "),
        (["trainer.strategy=zzz"], "trainer.strategy=zzz is not known"),
        (["trainer.devices=some"], "trainer cannot be built: "),
        (["model=gan", "data.batch_size=1"], "model.generator cannot normalise over a batch of 1 (data.batch_size=1"),
        (["model=gan", "data.batch_size=4", "model.accumulate=3"], "model.accumulate=3): give 2 pictures or more"),
        (
            ["model=gan", "data.batch_size=1", "model.discriminator.norm=batch", "model.discriminator.depth=2"],
            "model.generator and model.discriminator cannot normalise",
        ),
    ],
)
def test_mistakes_are_sentences_before_data_is_read(tmp_path: Path, overrides: list[str], says: str) -> None:
    with pytest.raises(UserError) as problem:
        check(composed(tmp_path, *SMALL, *overrides))
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (
            ["data.image_size=16", "data.pack_size=50", "model.discriminator.layers=4"],
            "pictures of at least 64x64 pixels, not 16x16",
        ),
        (
            ["data.image_size=[30,33]"],
            "not 30x33 (height x width): choose another size, such as data.image_size=[32,32]",
        ),
        (["data.image_size=[32,8]"], "such as data.image_size=[32,16]"),
        (["data.image_size=32"], None),
        (["data.image_size=[32,36]", "model.discriminator.spectral_norm=true", "model.generator.dropout=0.1"], None),
    ],
)
def test_sizes_that_a_translation_cannot_take(tmp_path: Path, overrides: list[str], says: str | None) -> None:
    cfg = composed(tmp_path, "model=cut", "data=unpaired", "data.content=nowhere", *overrides)
    with nullcontext() if says is None else pytest.raises(UserError, match=re.escape(says)):
        check(cfg)


@pytest.mark.parametrize(
    ("model", "task", "says"),
    [
        (
            "pix2pix",
            "super_resolution",
            "turns pictures of 128x128 into 128x128, but content has 64x64 and target 128x128",
        ),
        ("pix2pix", "inpaint", None),
        ("pix2pix", "colorize", None),
        ("restoration", "super_resolution", None),
        ("restoration", "inpaint", None),
        (
            "cut",
            "super_resolution",
            "learns from content and style, the data has content and target: set data=unpaired.",
        ),
        ("gan", "denoise", "learns from image, the data has content and target: set another data="),
    ],
)
def test_models_that_cannot_restore_say_so(tmp_path: Path, model: str, task: str, says: str | None) -> None:
    cfg = composed(tmp_path, f"model={model}", "data=restoration", f"data.task={task}", "evaluation=none")
    with nullcontext() if says is None else pytest.raises(UserError, match=re.escape(says)) as problem:
        check(cfg)
    assert says is None or str(problem.value).count(": ") == 1  # type: ignore[union-attr]


DDP = "trainer.strategy=ddp_find_unused_parameters_true"


@pytest.mark.parametrize("accelerator", ["gpu", "cuda", "mps"])
def test_a_gpu_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accelerator: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=f"accelerator={accelerator}, but no such GPU is found here: set trainer=cpu"):
        check(composed(tmp_path, *SMALL, f"trainer.accelerator={accelerator}", "precision=32-true"))


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=cgan", "data.batch_size=1"],  # maps have values enough
        ["model=gan", "data.batch_size=1", "model.generator.norm=layer"],
        ["model=gan", "data.batch_size=4", "model.accumulate=2"],
        ["model=gan", "data.batch_size=2", "trainer.devices=2", DDP],  # statistics of both processes
        ["data=unpaired", "model=cut", "model.generator.norm=batch"],
    ],
)
def test_single_pictures_that_can_be_normalised(tmp_path: Path, overrides: list[str]) -> None:
    small = [] if "data=unpaired" in overrides else SMALL
    check(composed(tmp_path, *small, *overrides))


@pytest.mark.parametrize(
    ("overrides", "key", "says"),
    [
        (["model=sngan", "kimg=0.1", "data.batch_size=64"], "model.n_critic", "is over after 2 updates"),
        (["model=sngan", "kimg=0.32", "data.batch_size=64"], "model.n_critic", None),
        (["model.discriminator.attention=[1000]"], "model.discriminator.attention", "goes to 32, the"),
        (
            ["model=dcgan", "model.generator.attention=[64]"],
            "model.generator.attention",
            "are 64x64: attention goes to 32",
        ),
        (["model=dcgan", "model.generator.attention=[32,8]"], "model.generator.attention", None),
        (["model=sagan", "model.generator.attention=[1]"], "model.generator.attention", "attention goes to 8, the"),
        (["model=sagan", "model.generator.attention=[64]"], "model.generator.attention", None),
        (["model=sagan", "model.generator.attention=[16,12]"], "model.generator.attention", "goes to 16, the"),
        (
            ["model=r3gan", "model.discriminator.attention=[2,64]"],
            "model.discriminator.attention",
            "goes to 4, 64, the",
        ),
        (
            ["model=sagan", "data.image_size=[28,40]"],
            "model.generator.attention",
            "are 28x40: attention goes to 28, the",
        ),
        (["model.discriminator.attention=[16]"], "model.discriminator.attention", None),
        (
            ["model=wgan_gp", "model.discriminator.minibatch_std=true"],
            "penalty.gradient_penalty",
            "set model.discriminator.minibatch_std=false",
        ),
        (["model=wgan_gp"], "penalty.gradient_penalty", None),
        ([*UNPAIRED, "model.generator.norm=none"], "model.generator.init_gain", "set model.generator.init_gain=1."),
        ([*UNPAIRED, "model.generator.norm=none", "model.generator.init_gain=1"], "model.generator.init_gain", None),
        (UNPAIRED, "model.discriminator.init_gain", None),
        (["penalty=r1", "model.discriminator.minibatch_std=true"], "penalty.gradient_penalty", None),
        (["model=dcgan", "data.balanced=true"], "data.balanced", "measured against the pictures as they are"),
        (["model=dcgan", "data.balanced=false"], "data.balanced", None),
        (["model=cgan", "data.balanced=true"], "data.balanced", None),
    ],
)
def test_what_does_nothing_is_said(tmp_path: Path, overrides: list[str], key: str, says: str | None) -> None:
    forget_notices()
    check(composed(tmp_path, *([] if "data=unpaired" in overrides else SMALL), *overrides))
    assert (says or "") in notices().get(key, "")
    assert (key in notices()) == (says is not None)
    forget_notices()


@pytest.mark.parametrize(
    ("node", "says"),
    [
        (
            {"_target_": "tests.run.checks.test_configuration.refuses"},
            "tests.run.checks.test_configuration.refuses cannot be built: none of this.",
        ),
        ({"a": {"_target_": "tests.run.checks.test_configuration.refuses"}}, "a cannot be built: none of this."),
        ({"_target_": "torch.nn.Linear", "in_features": 1}, "required positional argument: 'out_features'."),
        ({"_target_": "nowhere.Thing"}, "cannot be built: Error locating target 'nowhere.Thing'."),
    ],
)
def test_what_cannot_be_built_says_so_in_its_own_words(node: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as problem:
        make(OmegaConf.create(node))
    assert str(problem.value).endswith(says)
    assert "full_key" not in str(problem.value)
    assert "\n" not in str(problem.value)


def refuses() -> None:
    """What a part of someone's own may do."""
    raise ValueError("none\nof this!")


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)seed is -1.*There is no normalisation 'foo'"):
        check(composed(tmp_path, *SMALL, "seed=-1", "model.generator.norm=foo"))


@pytest.mark.parametrize("model", choices("model"))
def test_every_model_passes_without_a_word(tmp_path: Path, model: str) -> None:
    forget_notices()
    translations = {"cut": "unpaired", "fastcut": "unpaired", "cyclegan": "unpaired", "pix2pix": "paired"}
    translations |= {"style": "style", "adain": "style", "personal_style": "personal"}
    translations |= {"multi_generator_paired": "paired", "multi_generator_unpaired": "unpaired"}
    translations |= {"restoration": "restoration", "sequence_cycle": "restyled_text", "video": "clips"}
    translations |= {"piano_roll_cycle": "music_styles", "piano_roll_paired": "accompaniment"}
    translations |= dict.fromkeys(("sequence", "sequence_transformer", "sequence_wgan_gp"), "dna")
    own = [f"data={translations[model]}"] if model in translations else []
    own += ["evaluation=dna"] if translations.get(model) == "dna" else []
    if not own and "image" in get_class(composed(tmp_path, f"model={model}").model._target_).needs:
        own = ["data=image_folder", "data.root=nowhere"]  # others name their data themselves
    check(composed(tmp_path, *own, f"model={model}"))
    assert "augment" not in notices()
    assert "loss" not in notices()


def test_published_settings_of_pix2pix_hd_go_with_small_pictures_too(tmp_path: Path) -> None:
    forget_notices()
    check(composed(tmp_path, "model=pix2pix_hd", "data=label_maps", "data.image_size=64"))
    assert "2 of 3 scales judge pictures of 64x64" in notices()["model.discriminator.scales"]
    assert "1 of 2 scales of the discriminator judge" in notices()["model.global_share"]
    forget_notices()


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
    data = type("Data", (), {"held_out": {"image": None}})
    cfg = composed(tmp_path, *SMALL, "evaluation=default", "data.holdout=0.1", "evaluation.split=held_out")
    with pytest.raises(UserError, match="no pictures are held out"):
        check_data(replace(check(cfg), data=data()))
    check_data(replace(check(composed(tmp_path, *SMALL)), data=data()))


def test_what_keeps_a_critic_lipschitz() -> None:
    free, clipped = (SimpleNamespace(clip_weights=limit) for limit in (None, 0.01))
    plain, spectral = nn.Linear(2, 1), nn.utils.parametrizations.spectral_norm(nn.Linear(2, 1))

    def doubts(penalties: list[nn.Module], critic: nn.Module, model: Any) -> list[str]:
        found = mixed(Wasserstein(), penalties, critic, model=model).findings()
        return [finding.key for finding in found if isinstance(finding, Doubt)]

    assert doubts([], plain, free) == ["loss"]
    assert doubts([R1()], plain, free) == doubts([], spectral, free) == doubts([], plain, clipped) == []


class Shy:
    """A part from outside that does not go with everything."""

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        key = parts.key_of(self)
        if isinstance(parts.loss, Hinge):
            yield Refusal(f"{key} does not go with loss=hinge.")
        if parts.penalties:
            yield Doubt(key, f"{key} does not need penalties.")


def test_a_part_from_outside_says_what_it_does_not_go_with(tmp_path: Path) -> None:
    forget_notices()
    node = f"+callbacks.shy={{_target_: {Shy.__module__}.{Shy.__qualname__}}}"
    with pytest.raises(UserError, match=r"callbacks.shy does not go with loss=hinge\."):
        check(composed(tmp_path, *SMALL, "loss=hinge", node))
    check(composed(tmp_path, *SMALL, "loss=lsgan", "penalty=r1", node))
    assert notices()["callbacks.shy"] == "callbacks.shy does not need penalties."
    forget_notices()


def test_what_is_checked_is_what_runs(tmp_path: Path) -> None:
    parts = check(composed(tmp_path, *SMALL, "augment=ada", "penalty=[r1,lecam]"))
    assert set(parts.penalties) == {"r1", "lecam"}
    assert list(parts.trainer.callbacks)[: len(parts.callbacks)] == list(parts.callbacks.values())
    assert not parts.augment.p.is_meta
    assert parts.data.where["root"] == "nowhere"


def test_a_model_is_given_what_it_learns_from() -> None:
    noise, cut = type("N", (), {"needs": ("image",)}), type("C", (), {"needs": ("content", "style")})
    plain, unpaired = type("P", (), {"parts": ("image",)}), type("U", (), {"parts": ("content", "style")})
    assert not kind_problems(noise, plain)
    assert not kind_problems(cut, unpaired)
    assert "data=unpaired" in kind_problems(cut, plain)[0]
    assert "image_folder" in kind_problems(noise, unpaired)[0]
    assert not kind_problems(object, plain)


def test_numbers_for_a_penalty_that_was_not_chosen_are_named_and_left_out() -> None:
    forget_notices()
    r1 = {"_target_": "impasto.losses.penalties.R1", "gamma": 3.0}
    penalties = make_chosen("penalty", OmegaConf.create({"r1_r2": {"gamma": 1.0}, "r1": r1}))
    assert list(penalties) == ["r1"]
    assert isinstance(penalties["r1"], R1)
    assert "penalty=r1_r2" in notices()["penalty"]
    forget_notices()
