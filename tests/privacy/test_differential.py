"""Private runs: what they refuse, what they record, and that they resume exactly."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training import composed, make_pictures, train, weights

pytest.importorskip("opacus")

from impasto.base.errors import UserError
from impasto.base.files import read_json
from impasto.base.notices import forget_notices, notices
from impasto.data.poisson import PoissonSampler
from impasto.losses.adversarial import LSGAN, Hinge, NonSaturating, Relativistic, Wasserstein
from impasto.privacy.checks import couples
from impasto.privacy.differential import DifferentialPrivacy
from impasto.run.checks.configuration import check

EVERY = ["callbacks.evaluation.every_kimg=1"]
SMALL = (
    *("model=cgan", "data=image_folder", "privacy=dp", "privacy.delta=1e-3", "evaluation=none", "data.batch_size=32"),
    *("data.image_size=16", "model.discriminator.spectral_norm=false", "model.discriminator.features=4"),
    *("model.generator.features=4", "model.generator.latent_dim=4", "callbacks.samples=null", "seed=3"),
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("pictures"), each=40)


def of_pictures(folder: Path, pictures: Path, *overrides: str) -> Any:
    return composed(folder, *SMALL, f"data.root={pictures}", f"data.cache_dir={pictures.parent}/cache", *overrides)


def test_a_run_keeps_to_its_budget_and_resumes_exactly(tmp_path: Path, pictures: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = ("privacy.secret=5", "model.n_critic=2")
    train(of_pictures(whole, pictures, "kimg=0.192", *settings))
    # A run that is cut short was planned for its whole length.
    cut = of_pictures(parts, pictures, "kimg=0.192", *settings, "callbacks.stop.kimg=0.064")
    train(cut)
    train(of_pictures(parts, pictures, "kimg=0.192", *settings, f"resume={parts}"))
    record = read_json(whole / "summary.json")["privacy"]
    assert (record["steps"], record["delta"], record["secret"]) == (6, 1e-3, "given")
    assert record["sampling_rate"] == 32 / 80
    assert 9.5 < record["epsilon"] <= 10
    assert read_json(whole / "summary.json")["images_seen"] == 192  # on average, not as many as came by chance
    assert read_json(parts / "summary.json")["privacy"] == record
    first, second = weights(whole), weights(parts)
    assert first["impasto"]["privacy"] == second["impasto"]["privacy"]
    for key, value in first["state_dict"].items():
        assert torch.equal(value, second["state_dict"][key]), key
    for one, other in zip(first["optimizer_states"], second["optimizer_states"], strict=True):
        assert torch.equal(one["state"][0]["exp_avg"], other["state"][0]["exp_avg"])


def test_the_generator_learns_nothing_of_a_picture_but_through_the_discriminator(tmp_path: Path) -> None:
    """With a discriminator that never moves, other pictures with other labels make the same generator."""
    found = []
    for number, classes in enumerate((2, 2)):
        pictures = make_pictures(tmp_path / f"p{number}", classes, each=40 - 15 * number)
        settings = ("kimg=0.064", "privacy.secret=5", "privacy.epsilon=inf", "model.lr_d=0.0")
        train(of_pictures(tmp_path / f"r{number}", pictures, *settings))
        found.append(weights(tmp_path / f"r{number}")["state_dict"])
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0] if "generator" in key or "painter" in key)


def test_a_longer_run_needs_a_larger_budget() -> None:
    first = DifferentialPrivacy(epsilon=2.0, delta=1e-4)
    first.begin(5000, 50, 40)
    first.history = [(first.noise, 0.01, 40)]
    state = first.state_dict()
    same = DifferentialPrivacy(epsilon=2.0, delta=1e-4)
    same.begin(5000, 50, 40, state)
    assert (same.secret, same.noise, same.steps) == (first.secret, first.noise, 40)
    with pytest.raises(UserError, match="epsilon=2 leaves nothing for 40 more steps"):
        DifferentialPrivacy(epsilon=2.0, delta=1e-4).begin(5000, 50, 80, state)
    longer = DifferentialPrivacy(epsilon=4.0, delta=1e-4)
    longer.begin(5000, 50, 80, state)
    longer.history.append((longer.noise, 0.01, 40))
    assert 3.9 < longer.spent() <= 4.0
    with pytest.raises(UserError, match=r"The 80 steps that privacy.epsilon=4 was planned for are taken"):
        longer.privatise()
    with pytest.raises(UserError, match=r"delta=0.0001 would allow to give away one of 10,000 pictures whole"):
        DifferentialPrivacy(delta=1e-4).begin(10_000, 50, 40)


def test_secrets_differ_and_are_long() -> None:
    drawn = {DifferentialPrivacy().secret for _ in range(3)}
    assert len(drawn) == 3
    assert max(drawn) > 2**200
    assert DifferentialPrivacy(epsilon=math.inf).epsilon == math.inf


def test_each_picture_comes_by_a_chance_of_its_own() -> None:
    sampler = PoissonSampler(400, 100, secret=2**255 + 1)
    draws = [sampler.draw(i) for i in range(500)]
    sizes = np.array([len(d.pictures) for d in draws])
    assert sizes.mean() == pytest.approx(100, abs=1.5)
    assert sizes.var() == pytest.approx(400 * 0.25 * 0.75, rel=0.2)  # binomial
    times = np.bincount(np.concatenate([d.pictures for d in draws]), minlength=400)
    assert abs(times - 125).max() < 5 * math.sqrt(500 * 0.25 * 0.75)
    assert np.array_equal(PoissonSampler(400, 100, 2**255 + 1, start=7).draw(9).pictures, draws[9].pictures)
    assert not np.array_equal(PoissonSampler(400, 100, 1).draw(9).pictures, draws[9].pictures)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["model.discriminator.norm=batch"], "batch normalisation in model.discriminator mixes"),
        (["model.discriminator.norm=instance"], "no gradient of single pictures for InstanceNorm"),
        (["model.discriminator.minibatch_std=true"], "minibatch_std=false"),
        (["model.discriminator.spectral_norm=true"], "spectral_norm=false"),
        (["loss=relativistic"], "choose loss=non_saturating, hinge or lsgan"),
        (["penalty=r1"], r"penalty=r1 makes a pass of its own over private pictures.*penalty=none"),
        (["augment=ada"], "choose augment=ada_scheduled, diffaugment or none"),
        (["term=gram"], "term=gram shows the generator private pictures"),
        (["model.accumulate=2"], "set model.accumulate=1"),
        (["model.clip_grad=1.0"], "set model.clip_grad=null"),
        (["data.balanced=true"], "data.balanced=false"),
        (["data.percentiles=[1,99]"], "data.percentiles=null"),
        (["data.batch_size=16"], "at least 32"),
        (["callbacks.guard.max_rollbacks=3"], "callbacks.guard.max_rollbacks=0"),
        (
            ["evaluation=default", "callbacks.evaluation.every_kimg=1"],
            "best.ckpt would be chosen by figures of private",
        ),
        (
            [
                "evaluation=default",
                "evaluation.split=held_out",
                "data.holdout=0.2",
                "callbacks.evaluation.every_kimg=1",
            ],
            "private",
        ),
        (["compile=true"], "compile=false"),
        (["privacy.delta=0.0"], "privacy.delta"),
    ],
)
def test_what_breaks_the_guarantee_is_refused(settings: list[str], words: str, tmp_path: Path, pictures: Path) -> None:
    with pytest.raises(UserError, match=words):
        check(of_pictures(tmp_path, pictures, *settings))


def test_it_is_said_that_the_folder_of_a_run_is_not_covered(tmp_path: Path, pictures: Path) -> None:
    forget_notices()
    check(of_pictures(tmp_path, pictures))
    assert "share an export of the model, not the folder of the run" in notices()["privacy.scores"]
    forget_notices()


def test_what_keeps_the_guarantee_is_let_through(tmp_path: Path, pictures: Path) -> None:
    for settings in (["augment=diffaugment"], ["augment=ada_scheduled"], ["loss=hinge"]):
        check(of_pictures(tmp_path, pictures, *settings))
    held_out = ("evaluation=default", "evaluation.split=held_out", "data.holdout=0.2", "evaluation.metrics=[frechet]")
    check(of_pictures(tmp_path, pictures, *held_out, "callbacks.evaluation.every_kimg=1"))


def test_losses_that_compare_pictures_are_found_by_their_derivatives() -> None:
    class AgainstTheMean:
        def discriminator(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.softplus(fake.mean() - real).mean()

    assert couples(Relativistic())
    assert couples(AgainstTheMean())
    assert not any(couples(loss()) for loss in (NonSaturating, Hinge, LSGAN, Wasserstein))
