"""What steps give away, against closed forms."""

import math

import pytest

pytest.importorskip("opacus")

from impasto.base.errors import UserError
from impasto.privacy.accounting import epsilon_of, noise_for


def gaussian(noise: float, steps: int, delta: float) -> float:
    """Without sampling: steps * a / (2 noise^2) at order a (Mironov 2017), and the conversion of Balle et al. 2020."""
    orders = [1 + i / 1000 for i in range(1, 100_000)]
    return min(
        steps * a / (2 * noise**2) + math.log((a - 1) / a) - (math.log(delta) + math.log(a)) / (a - 1) for a in orders
    )


def test_every_picture_in_every_batch_is_the_gaussian_mechanism() -> None:
    for noise, steps in ((4.0, 1), (20.0, 50)):
        found, exact = epsilon_of([(noise, 1.0, steps)], 1e-5), gaussian(noise, steps, 1e-5)
        assert exact <= found <= exact * 1.01


def test_steps_add_up_and_sampling_helps() -> None:
    whole = epsilon_of([(1.0, 0.01, 300)], 1e-5)
    assert epsilon_of([(1.0, 0.01, 100), (1.0, 0.01, 200)], 1e-5) == pytest.approx(whole)
    assert epsilon_of([(1.0, 0.02, 300)], 1e-5) > 1.5 * whole
    assert epsilon_of([(0.0, 0.01, 1)], 1e-5) == math.inf
    assert epsilon_of([(0.0, 0.01, 0), (1.0, 0.01, 300)], 1e-5) == whole


def test_noise_just_suffices() -> None:
    noise = noise_for(3.0, 1e-5, 0.01, 500, [])
    assert 2.95 < epsilon_of([(noise, 0.01, 500)], 1e-5) <= 3.0
    more = noise_for(3.0, 1e-5, 0.01, 500, [(noise, 0.01, 250)])  # half of it is spent
    assert more > noise
    assert epsilon_of([(noise, 0.01, 250), (more, 0.01, 500)], 1e-5) <= 3.0
    assert noise_for(math.inf, 1e-5, 0.01, 500, []) == 0
    with pytest.raises(UserError, match=r"epsilon=3 leaves nothing for 10 more steps: .* are spent"):
        noise_for(3.0, 1e-5, 0.01, 10, [(noise, 0.01, 600)])
