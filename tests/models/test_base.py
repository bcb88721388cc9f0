"""The adversarial step on networks small enough to work out by hand."""

import math
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.augment.ada import ADA
from impasto.augment.diffaugment import DiffAugment
from impasto.base.schedules import LinearDecay
from impasto.base.spec import ImageSpec
from impasto.losses.adversarial import Hinge, Relativistic, Wasserstein
from impasto.losses.penalties import R1, R1R2, GradientPenalty, LeCam, Penalty
from impasto.models.noise import NoiseGAN
from impasto.models.optimisation import BatchPart, frozen, split
from impasto.painters.latents import latents, slerp


class Shift(nn.Module):
    """Paints its own weight everywhere."""

    latent_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(0.25))

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.value.expand(len(z), 1, 2, 2)


class Mean(nn.Module):
    """Scores a picture by its weight times its mean."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.weight * images.flatten(1).mean(1)


def make_model(**parts: Any) -> NoiseGAN:
    defaults: dict[str, Any] = {
        "spec": {"image": parts.pop("spec", ImageSpec(1, 2, 2))},
        "loss": Wasserstein(),
        "optimizer_g": partial(torch.optim.SGD, lr=0.1),
        "optimizer_d": partial(torch.optim.SGD, lr=0.1),
        "ema_rampup": None,
    }
    networks = {"generator": parts.pop("generator", Shift()), "discriminator": parts.pop("discriminator", Mean())}
    model = NoiseGAN(**{**defaults, "networks": networks, **parts})
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers  # type: ignore[method-assign,assignment]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def batch(n: int = 4, value: float = 1.0) -> dict[str, Tensor]:
    return {"image": torch.full((n, 1, 2, 2), value)}


def test_one_step_by_hand() -> None:
    model = make_model()
    model.training_step(batch(), 0)
    # critic: loss = w * (0.25 - 1), gradient -0.75, so w = 2 + 0.075; generator: loss = -w * v, gradient -w
    assert model.discriminator.weight.item() == pytest.approx(2.075)
    assert model.generator.value.item() == pytest.approx(0.25 + 0.1 * 2.075)
    assert model.images_seen == 4


def test_generator_waits_for_n_critic_updates() -> None:
    model = make_model(n_critic=3)
    values = []
    for i in range(6):
        model.training_step(batch(), i)
        values.append(model.generator.value.item())
    assert values[0] == values[1] == 0.25
    assert values[2] == values[3] == values[4] != 0.25
    assert values[5] != values[2]
    assert model.images_seen == 24


def test_accumulating_parts_is_the_same_update() -> None:
    pictures = {"image": torch.linspace(-1, 1, 32).reshape(8, 1, 2, 2)}
    whole, parts = make_model(), make_model(accumulate=4)
    for model in (whole, parts):
        model.training_step(pictures, 0)
    assert parts.discriminator.weight.item() == pytest.approx(whole.discriminator.weight.item(), rel=1e-6)
    assert parts.generator.value.item() == pytest.approx(whole.generator.value.item(), rel=1e-6)


@pytest.mark.parametrize(("pictures", "parts"), [(10, 4), (9, 4), (7, 2), (3, 5)])
def test_parts_of_unequal_size_count_by_their_size(pictures: int, parts: int) -> None:
    numbers = {"image": torch.linspace(-1, 3, pictures * 4).square().reshape(pictures, 1, 2, 2)}
    models = make_model(), make_model(accumulate=parts)
    for model in models:
        model.training_step(numbers, 0)
    whole, split_up = ([p.item() for p in (m.discriminator.weight, m.generator.value)] for m in models)
    assert split_up == pytest.approx(whole, rel=1e-6)


def test_ema_half_life() -> None:
    model = make_model(ema_half_life_kimg=0.008)
    model.training_step(batch(n=4), 0)
    # four pictures of a half-life of eight: the average keeps 1/sqrt(2) of itself
    expected = 0.25 + (1 - 1 / math.sqrt(2)) * (model.generator.value.item() - 0.25)
    assert model.painter.network.value.item() == pytest.approx(expected, rel=1e-6)


def test_ema_ramps_up() -> None:
    model = make_model(ema_half_life_kimg=1000, ema_rampup=0.5)
    model.training_step(batch(n=4), 0)
    # the half-life is capped at 0.5 * 4 pictures: 0.5^(4/2) of the old value is left
    expected = 0.25 + 0.75 * (model.generator.value.item() - 0.25)
    assert model.painter.network.value.item() == pytest.approx(expected, rel=1e-6)


def test_lazy_penalty_is_due_every_so_often_and_as_much_stronger() -> None:
    model = make_model(penalties={"r1": R1(gamma=2, every=2)}, optimizer_d=partial(torch.optim.SGD, lr=0.0))
    totals = []
    for i in range(3):
        totals.append(model.discriminator_objective(BatchPart(), batch()["image"], torch.zeros(4, 1, 2, 2)).item())
        model.training_step(batch(), i)
    # without: -w = -2; R1 = gamma/2 * |w/4 on 4 pixels|^2 = w^2/4 = 1, twice as strong every second time
    assert totals == pytest.approx([0, -2, 0])


class Doubled(nn.Module):
    """An augmentation that is easy to differentiate."""

    def forward(self, images: Tensor) -> Tensor:
        return 2 * images


class Square(Mean):
    """Scores a picture by its weight times half its squared norm, so that the gradient is weight times the picture."""

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.weight * 0.5 * images.flatten(1).square().sum(1)


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        # w = 2 at 4 pixels of 2 * 1: with the augmentation, the score is w/2 * 4|x|^2 and its gradient 4w x = 8 at each
        (R1(gamma=2), 4 * 64),
        # likewise at the generated pictures of 0.25: gradient 4w * 0.25 = 2 at each of 4 pixels
        (R1R2(gamma=2), 4 * 64 + 4 * 4),
        # between what the discriminator sees, 2 and 0.5; with both ends at 2 it is w * 2 = 4 at each pixel, of norm 8
        (GradientPenalty(weight=1, target=0), None),
    ],
)
def test_gradients_are_penalised_with_respect_to_pictures_before_augmentation(
    penalty: Penalty, expected: float | None
) -> None:
    model = make_model(discriminator=Square(), augment=Doubled(), penalties={"p": penalty})
    real = batch()["image"]
    model.discriminator_objective(BatchPart(), real, real if expected is None else 0.25 * real)
    assert model.tracker.drain()["penalty_p"] == pytest.approx(64 if expected is None else expected, rel=1e-5)


@pytest.mark.parametrize("augment", [DiffAugment(), ADA(p=0.9, cutout=1.0)], ids=lambda a: type(a).__name__)
def test_r1_goes_through_augmentation(augment: nn.Module) -> None:
    model = make_model(discriminator=Square(), augment=augment, penalties={"r1": R1(gamma=1)})
    model.discriminator_objective(BatchPart(), torch.rand(4, 1, 8, 8), torch.rand(4, 1, 8, 8)).backward()
    assert model.discriminator.weight.grad.isfinite()


def test_penalties_are_tracked_by_their_name_in_config() -> None:
    model = make_model(penalties={"weak": R1(gamma=2), "strong": R1(gamma=6)})
    model.training_step(batch(), 0)
    found = model.tracker.drain()
    assert found["penalty_weak"] == pytest.approx(1)
    assert found["penalty_strong"] == pytest.approx(3)


def test_penalties_are_told_what_share_of_a_batch_they_see() -> None:
    model = make_model(penalties={"lecam": LeCam()}, accumulate=2)
    shares = []
    model.adversaries["discriminator"].penalties["lecam"].register_forward_pre_hook(
        lambda _, given: shares.append(given[0].share)
    )
    model.training_step(batch(n=5), 0)
    assert shares == [0.6, 0.4]


class Half(Shift):
    """Paints in bfloat16, as a layer under autocast does."""

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(z, condition).bfloat16()


class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.decide = nn.Linear(4, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.decide(images.flatten(1)).flatten()


@pytest.mark.parametrize("penalty", [GradientPenalty(), R1()])
def test_second_derivatives_of_pictures_in_half_precision(penalty: Penalty) -> None:
    model = make_model(generator=Half(), discriminator=Dense(), penalties={"p": penalty})
    with torch.autocast("cpu", dtype=torch.bfloat16):
        model.training_step(batch(), 0)
    assert model.is_finite()


class Affine(nn.Module):
    """Paints with dense layers, whose weights autocast casts and keeps."""

    latent_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 4))

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.layers(z).unflatten(1, (1, 2, 2))


@pytest.mark.parametrize("parts", [{"n_critic": 2}, {"accumulate": 2}], ids=str)
def test_no_cast_without_graph_is_left_for_the_generators_update(
    monkeypatch: pytest.MonkeyPatch, parts: dict[str, Any]
) -> None:
    model = make_model(generator=Affine(), discriminator=Dense(), **parts)
    events, forget = [], torch.clear_autocast_cache

    def noted() -> None:
        events.append("forgets")
        forget()

    monkeypatch.setattr(torch, "clear_autocast_cache", noted)
    model.generator.register_forward_pre_hook(
        lambda *_: events.append("learns" if torch.is_grad_enabled() else "paints")
    )
    for i in range(model.n_critic):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            model.training_step(batch(), i)
    # in torch that keeps casts without graph, whatever comes after painting would be given them
    assert {after for before, after in pairwise(events) if before == "paints"} == {"forgets"}
    assert events.count("learns") == model.accumulate
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.generator.parameters())


def test_weights_are_clipped() -> None:
    model = make_model(clip_weights=0.5)
    model.training_step(batch(), 0)
    assert model.discriminator.weight.item() == 0.5


def test_gradients_are_clipped() -> None:
    model = make_model(clip_grad=0.1)
    model.training_step(batch(), 0)
    assert model.discriminator.weight.item() == pytest.approx(2 + 0.1 * 0.1, rel=1e-5)


def test_learning_rate_follows_the_clock() -> None:
    model = make_model(lr_d=LinearDecay(kimg=0.008, start=1, end=0))
    for i in range(2):
        model.training_step(batch(), i)
    rates = [group["lr"] for optimizer in model.optimizers() for group in optimizer.param_groups]
    assert rates == pytest.approx([0.1, 0.05])


def test_the_generator_step_leaves_no_gradient_in_the_discriminator() -> None:
    model = make_model(loss=Hinge())
    model.training_step(batch(), 0)
    before = model.discriminator.weight.grad.clone()
    with frozen(model.discriminator):
        part = BatchPart(batch())
        model.generator_loss(part, model.paint(part)).backward()
    assert torch.equal(model.discriminator.weight.grad, before)
    assert model.discriminator.weight.requires_grad


def test_relativistic_loss_is_given_the_real_pictures() -> None:
    model = make_model(loss=Relativistic())
    fake_score, real_score = 0.5, 2.0
    part = BatchPart(batch())
    assert model.generator_loss(part, model.paint(part)).item() == pytest.approx(
        math.log1p(math.exp(real_score - fake_score)), rel=1e-6
    )


def test_what_happens_between_steps_changes_nothing() -> None:
    quiet, busy = make_model(), make_model()
    draws = []
    for model in (quiet, busy):
        for i in range(2):
            model.training_step(batch(), i)
            draws.append(torch.rand(1).item())
            if model is busy:
                torch.manual_seed(99)
    assert draws[:2] == draws[2:]


def test_split_covers_the_batch() -> None:
    parts = list(split({"image": torch.arange(10.0)}, 3))
    assert torch.equal(torch.cat([part["image"] for part in parts]), torch.arange(10.0))
    assert [len(part["image"]) for part in split({"image": torch.arange(10.0)}, 4)] == [3, 3, 2, 2]
    assert [len(part["image"]) for part in split({"image": torch.arange(2.0)}, 4)] == [1, 1]


def test_each_latent_vector_depends_on_its_number_alone() -> None:
    whole = latents("normal", 5, 10, seed=3)
    assert torch.equal(whole[4:7], latents("normal", 5, 3, seed=3, start=4))
    assert not torch.equal(whole, latents("normal", 5, 10, seed=4))
    many = latents("normal", 50, 400)
    assert many.mean().abs() < 0.03
    assert many.std().item() == pytest.approx(1, abs=0.03)
    assert latents("uniform", 4, 100).abs().max() <= 1


def test_slerp_keeps_the_length() -> None:
    first, last = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    assert slerp(first, last, torch.tensor(0.5)).tolist() == pytest.approx([math.sqrt(0.5)] * 2)


class Normed(Shift):
    """As :class:`Shift`, through batch statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.norm(super().forward(z, condition))


def test_batch_statistics_are_measured_anew_after_a_roll_back() -> None:
    model = make_model(generator=Normed())
    model.state.d_updates = 5
    model.settle()
    assert model.painter.network.norm.running_mean.item() == pytest.approx(0.25)
    model.painter.network.value.data.fill_(3.0)
    model.settle()  # nothing was updated since: the answer is still good
    assert model.painter.network.norm.running_mean.item() == pytest.approx(0.25)
    model.state.attempt = 1  # went back, and came to its fifth update again
    model.settle()
    assert model.painter.network.norm.running_mean.item() == pytest.approx(3.0)
