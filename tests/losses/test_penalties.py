"""Every penalty against numbers worked out by hand on critics whose gradients are known."""

import pytest
import torch
from torch import Tensor

from impasto.base.schedules import Cosine
from impasto.losses.penalties import R1, R1R2, Consistency, DiscriminatorPass, GradientPenalty, LeCam, Penalty
from impasto.networks.scores import Scores


def quadratic(images: Tensor) -> Tensor:
    """Half the squared norm: the gradient is the picture itself."""
    return 0.5 * images.square().flatten(1).sum(1)


def linear(images: Tensor) -> Tensor:
    """Twice the sum over 4 pixels: the gradient has norm 2 * sqrt(4) = 4 everywhere."""
    return 2 * images.flatten(1).sum(1)


def make_pass(critic: object, real: Tensor, fake: Tensor, kimg: float = 0.0) -> DiscriminatorPass:
    real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()

    def discriminate(images: Tensor) -> Scores:
        return Scores.of(critic(images))  # type: ignore[operator]

    scores = discriminate(real), discriminate(fake)
    return DiscriminatorPass(discriminate, real, fake, *scores, real, fake, kimg)


REAL = torch.tensor([1.0, 2.0]).reshape(2, 1, 1, 1).expand(2, 1, 2, 2)  # squared norms 4 and 16
FAKE = torch.tensor([3.0, 0.0]).reshape(2, 1, 1, 1).expand(2, 1, 2, 2)  # squared norms 36 and 0


def test_gradient_penalty_of_a_constant_slope() -> None:
    value = GradientPenalty(weight=10)(make_pass(linear, REAL, FAKE))
    assert value.item() == pytest.approx(10 * (4 - 1) ** 2, rel=1e-6)
    assert GradientPenalty(weight=10, target=0)(make_pass(linear, REAL, FAKE)).item() == pytest.approx(160, rel=1e-6)


def test_gradient_penalty_looks_between_real_and_fake() -> None:
    # With real == fake every point between is the picture itself: gradient norms 2 and 4.
    value = GradientPenalty(weight=1)(make_pass(quadratic, REAL, REAL))
    assert value.item() == pytest.approx(((2 - 1) ** 2 + (4 - 1) ** 2) / 2, rel=1e-5)


def test_r1_and_r1_r2() -> None:
    assert R1(gamma=10)(make_pass(quadratic, REAL, FAKE)).item() == pytest.approx(5 * (4 + 16) / 2)
    assert R1R2(gamma=2)(make_pass(quadratic, REAL, FAKE)).item() == pytest.approx((4 + 16) / 2 + (36 + 0) / 2)


def test_gamma_follows_a_schedule() -> None:
    penalty = R1(gamma=Cosine(kimg=100, start=2, end=0))
    assert penalty(make_pass(quadratic, REAL, FAKE, kimg=50)).item() == pytest.approx(0.5 * 1 * 10)


def test_penalties_are_differentiable_in_the_weights() -> None:
    weight = torch.tensor(3.0, requires_grad=True)
    R1(gamma=2)(make_pass(lambda x: weight * quadratic(x), REAL, FAKE)).backward()
    # gamma/2 * w^2 * mean(4, 16) = 10 w^2, derivative 20 w
    assert weight.grad.item() == pytest.approx(60)


SCORES = [
    (torch.tensor([2.0, 4.0]), torch.tensor([-1.0, -1.0])),
    (torch.tensor([5.0, -1.0]), torch.tensor([1.0, 3.0])),
]


def scored(real: Tensor, fake: Tensor, share: float = 1.0) -> DiscriminatorPass:
    scores = Scores.of(real), Scores.of(fake)
    return DiscriminatorPass(lambda x: Scores.of(quadratic(x)), REAL, FAKE, *scores, REAL, FAKE, share=share)


@pytest.mark.parametrize(
    ("one_sided", "second"),
    [
        # averages (3 + 2) / 2 = 2.5 and (-1 + 2) / 2 = 0.5: reals lie 4.5 above and 1.5 below 0.5, fakes 1.5
        # below and 0.5 above 2.5; only the first of either is on its own side
        (True, (20.25 + 0) / 2 + (2.25 + 0) / 2),
        (False, (20.25 + 2.25) / 2 + (2.25 + 0.25) / 2),
    ],
)
def test_lecam_over_two_updates(one_sided: bool, second: float) -> None:
    penalty = LeCam(weight=1, decay=0.5, one_sided=one_sided)
    # First: averages 3 and -1. Reals lie 3 and 5 above -1: (9 + 25)/2 = 17; fakes 4 below 3: 16.
    assert penalty(scored(*SCORES[0])).item() == pytest.approx(17 + 16)
    saved = {name: value.clone() for name, value in penalty.state_dict().items()}
    assert penalty(scored(*SCORES[1])).item() == pytest.approx(second)
    resumed = LeCam(weight=1, decay=0.5, one_sided=one_sided)
    resumed.load_state_dict(saved)
    assert resumed(scored(*SCORES[1])).item() == pytest.approx(second)


@pytest.mark.parametrize(("every", "parts"), [(1, 1), (1, 4), (2, 1), (2, 2)])
def test_the_averages_of_lecam_follow_updates_not_calls(every: int, parts: int) -> None:
    penalty = LeCam(decay=0.5, every=every)
    penalty(scored(torch.tensor([3.0]), torch.tensor([-1.0])))
    for _ in range(2 // every * parts):
        penalty(scored(torch.tensor([7.0]), torch.tensor([1.0]), share=1 / parts))
    # two updates at a decay of 0.5: a quarter of the old is left
    assert penalty.average_real.item() == pytest.approx(0.25 * 3 + 0.75 * 7)
    assert penalty.average_fake.item() == pytest.approx(0.25 * -1 + 0.75 * 1)


def test_consistency_is_zero_for_a_critic_that_does_not_care_and_not_for_one_that_does() -> None:
    torch.manual_seed(0)
    images = torch.rand(4, 1, 8, 8)

    def top_row(x: Tensor) -> Tensor:
        return x[:, :, 0].flatten(1).sum(1)

    mirrored = Consistency(weight=1, shift=0, mirror=True)
    assert mirrored(make_pass(top_row, images, images)).item() == pytest.approx(0, abs=1e-10)
    shifted = Consistency(weight=1, shift=0.5)
    assert shifted(make_pass(top_row, images, images)).item() > 0.01


def test_consistency_moves_pixels_and_fills_with_zeros() -> None:
    torch.manual_seed(0)
    images = torch.arange(1.0, 17.0).reshape(1, 1, 4, 4).expand(8, 1, 4, 4)
    moved = Consistency(shift=0.25, mirror=False).transform(images)
    for picture in moved[:, 0]:
        candidates = []
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                padded = torch.nn.functional.pad(images[0, 0], (1, 1, 1, 1))
                candidates.append(padded[1 + down : 5 + down, 1 + right : 5 + right])
        assert any(torch.equal(picture, candidate) for candidate in candidates)


def test_a_penalty_must_be_due_at_some_update() -> None:
    with pytest.raises(ValueError, match="every"):
        Penalty(every=0)
