"""Every loss against numbers worked out by hand."""

import math

import pytest
import torch

from impasto.losses.adversarial import LSGAN, Hinge, Minimax, NonSaturating, Relativistic, Wasserstein

REAL = torch.tensor([0.0, math.log(3.0)])  # sigmoid: 1/2, 3/4
FAKE = torch.tensor([-math.log(3.0), 0.0])  # sigmoid: 1/4, 1/2

# -log D(x): ln 2 and ln 4/3; -log(1 - D(G(z))): ln 4/3 and ln 2; -log D(G(z)): ln 4 and ln 2.
DISCRIMINATOR_BCE = (math.log(2) + math.log(4 / 3)) / 2 * 2


def test_non_saturating() -> None:
    loss = NonSaturating()
    assert loss.discriminator(REAL, FAKE).item() == pytest.approx(DISCRIMINATOR_BCE, rel=1e-6)
    assert loss.generator(FAKE).item() == pytest.approx((math.log(4) + math.log(2)) / 2, rel=1e-6)


def test_minimax_generator_is_the_other_side_of_the_discriminator() -> None:
    loss = Minimax()
    assert loss.discriminator(REAL, FAKE).item() == pytest.approx(DISCRIMINATOR_BCE, rel=1e-6)
    assert loss.generator(FAKE).item() == pytest.approx(-(math.log(4 / 3) + math.log(2)) / 2, rel=1e-6)


def test_lsgan() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 2.0])
    assert LSGAN().discriminator(real, fake).item() == pytest.approx(0.5 * (0 + 4) / 2 + 0.5 * (0 + 4) / 2)
    assert LSGAN().generator(fake).item() == pytest.approx(0.5 * (1 + 1) / 2)


def test_lsgan_without_the_generators_half() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 2.0])
    whole = LSGAN(generator_half=False)
    assert whole.generator(fake).item() == pytest.approx((1 + 1) / 2)
    assert whole.discriminator(real, fake).item() == LSGAN().discriminator(real, fake).item()


def test_hinge() -> None:
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-2.0, 0.25])
    assert Hinge().discriminator(real, fake).item() == pytest.approx((0 + 0.5) / 2 + (0 + 1.25) / 2)
    assert Hinge().generator(fake).item() == pytest.approx((2 - 0.25) / 2)


def test_wasserstein() -> None:
    real, fake = torch.tensor([2.0, 4.0]), torch.tensor([1.0, -3.0])
    assert Wasserstein().discriminator(real, fake).item() == pytest.approx(-1 - 3)
    assert Wasserstein().generator(fake).item() == pytest.approx(1)


def test_relativistic_pairs_each_real_with_one_fake() -> None:
    loss = Relativistic()
    # differences fake - real: -ln 3 both times; softplus(-ln 3) = ln(4/3), softplus(ln 3) = ln 4
    assert loss.discriminator(REAL, FAKE).item() == pytest.approx(math.log(4 / 3), rel=1e-6)
    assert loss.generator(FAKE, REAL).item() == pytest.approx(math.log(4), rel=1e-6)
    with pytest.raises(ValueError, match="real"):
        loss.generator(FAKE)


@pytest.mark.parametrize("loss", [NonSaturating(), Minimax(), LSGAN(), Hinge(), Wasserstein(), Relativistic()])
def test_discriminator_prefers_high_real_and_low_fake_scores(loss: NonSaturating) -> None:
    real, fake = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    # LSGAN is at its target for fake scores of 0, so look from a little above.
    loss.discriminator(real, fake + 0.5).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    scores = torch.zeros(3, requires_grad=True)
    loss.generator(scores, torch.zeros(3)).backward()
    assert (scores.grad < 0).all()


def test_patch_maps_weigh_every_patch_alike() -> None:
    maps = torch.tensor([[[[1.0, 3.0], [5.0, 7.0]]]])
    assert LSGAN().generator(maps).item() == pytest.approx(0.5 * (0 + 4 + 16 + 36) / 4)
