"""Private runs: what they refuse, what they record, and that they resume exactly."""

import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.training import composed, make_pictures, train, weights

pytest.importorskip("opacus")

from impasto.augment.ada import ADA
from impasto.augment.diffaugment import DiffAugment
from impasto.base.errors import UserError
from impasto.base.files import read_json
from impasto.base.notices import forget_notices, notices
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.data.poisson import PoissonSampler
from impasto.losses.adversarial import LSGAN, Hinge, NonSaturating, Relativistic, Wasserstein
from impasto.losses.penalties import R1
from impasto.losses.terms.feature_matching import FeatureMatching
from impasto.networks.dcgan import DCGANDiscriminator
from impasto.privacy.checks import couples, findings
from impasto.privacy.differential import DifferentialPrivacy
from impasto.run.checks.configuration import check

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
    settings = ("privacy.secret=5", "model.n_critic=2", "privacy.painted=8")
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


DISCRIMINATOR: dict[str, Any] = {"features": 4, "max_features": 8, "norm": "none"}


def of(**changed: Any) -> Parts:
    """The parts of a run that keeps the guarantee, some of them changed."""
    parts: dict[str, Any] = {"loss": NonSaturating(), "data": SimpleNamespace(batch_size=32)}
    parts["discriminators"] = {"discriminator": DCGANDiscriminator(1, 16, 16, 2, **DISCRIMINATOR)}
    return Parts(**{**parts, **changed})


def with_layers(**changed: Any) -> Parts:
    return of(discriminators={"discriminator": DCGANDiscriminator(1, 16, 16, 2, **{**DISCRIMINATOR, **changed})})


def with_model(**changed: Any) -> Parts:
    return of(model=SimpleNamespace(**{"paints_privately": True, **changed}))


def with_data(**changed: Any) -> Parts:
    return of(data=SimpleNamespace(**{"batch_size": 32, **changed}))


def measured(every_kimg: float | None, **evaluator: Any) -> Parts:
    callback = SimpleNamespace(evaluator=SimpleNamespace(**evaluator), every_kimg=every_kimg)
    return of(callbacks={"evaluation": callback})


def refused(parts: Parts) -> list[str]:
    return [each.sentence for each in findings(parts) if isinstance(each, Refusal)]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (with_layers(norm="batch"), "batch normalisation in model.discriminator mixes"),
        (with_layers(norm="instance"), "no gradient of single pictures for InstanceNorm"),
        (with_layers(minibatch_std=True), "minibatch_std=false"),
        (with_layers(spectral_norm=True), "spectral_norm=false"),
        (of(loss=Relativistic()), "choose loss=non_saturating, hinge or lsgan"),
        (of(penalties={"r1": R1()}), "penalty=r1 makes a pass of its own over private pictures.*penalty=none"),
        (of(augment=ADA()), "choose augment=ada_scheduled, diffaugment or none"),
        (of(terms={"feature_matching": FeatureMatching()}), "term=feature_matching shows the generator"),
        (with_model(paints_privately=False), "choose model=cgan or model=dcgan"),
        (with_model(accumulate=2), "set model.accumulate=1"),
        (with_model(clip_grad=1.0), "set model.clip_grad=null"),
        (of(trainer=SimpleNamespace(world_size=2)), "set trainer.devices=1"),
        (with_data(balanced=True), "data.balanced=false"),
        (with_data(vectors="angles.csv"), "no public vectors"),
        (with_data(captions="captions.csv"), "no public captions"),
        (with_data(preparation=SimpleNamespace(percentiles=(1, 99))), "data.percentiles=null"),
        (with_data(batch_size=16), "at least 32"),
        (of(callbacks={"guard": SimpleNamespace(max_rollbacks=3)}), "callbacks.guard.max_rollbacks=0"),
        (measured(1, split="train", metrics=("frechet",)), "best.ckpt would be chosen by figures of private"),
        (measured(1, split="held_out", metrics=("frechet", "memorisation")), "best.ckpt would be chosen"),
    ],
)
def test_what_breaks_the_guarantee_is_refused_once(parts: Parts, words: str) -> None:
    found = refused(parts)
    assert len(found) == 1
    assert re.search(words, found[0])


def test_what_keeps_the_guarantee_is_let_through() -> None:
    for parts in (
        of(),
        with_model(),
        of(augment=DiffAugment()),
        of(augment=ADA(p=0.3)),
        of(loss=Hinge()),
        of(terms={"regulariser": SimpleNamespace(needs=("latent",))}),
        measured(1, split="held_out", metrics=("frechet",)),
        measured(None, split="train", metrics=("frechet",)),
    ):
        assert refused(parts) == []
    doubts = [each for each in findings(measured(None, split="train", metrics=())) if isinstance(each, Doubt)]
    assert [each.key for each in doubts] == ["privacy.scores", "privacy.figures"]


def test_a_run_asks_for_these_checks(tmp_path: Path, pictures: Path) -> None:
    forget_notices()
    check(of_pictures(tmp_path, pictures, "augment=ada_scheduled"))
    assert "share an export of the model, not the folder of the run" in notices()["privacy.scores"]
    forget_notices()
    with pytest.raises(UserError, match="minibatch_std=false") as caught:
        check(of_pictures(tmp_path, pictures, "model.discriminator.minibatch_std=true", "penalty=r1"))
    assert "penalty=none" in str(caught.value)
    with pytest.raises(UserError, match="compile=false"):
        check(of_pictures(tmp_path, pictures, "compile=true"))
    with pytest.raises(UserError, match=r"privacy\.delta"):
        DifferentialPrivacy(delta=0.0)


def test_losses_that_compare_pictures_are_found_by_their_derivatives() -> None:
    class AgainstTheMean:
        def discriminator(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.softplus(fake.mean() - real).mean()

    assert couples(Relativistic())
    assert couples(AgainstTheMean())
    assert not any(couples(loss()) for loss in (NonSaturating, Hinge, LSGAN, Wasserstein))
