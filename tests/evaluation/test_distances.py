import math

import numpy as np
import pytest
import torch

from impasto.evaluation.distances import (
    frechet,
    frechet_error,
    frechet_estimate,
    inception_score,
    kid_estimate,
    mmd_error,
    some_positions,
    statistics,
    transport,
)


def test_frechet_of_two_gaussians_by_hand() -> None:
    # |(1, 2)|^2 + tr(diag(4, 9) + diag(1, 1) - 2 diag(2, 3)) = 5 + 15 - 10
    one = {"mu": np.zeros(2, np.float32), "sigma": np.diag([4.0, 9.0])}
    two = {"mu": np.array([1, 2], np.float32), "sigma": np.eye(2)}
    assert frechet(one, two) == pytest.approx(10.0)


def test_transport_maps_one_covariance_on_the_other() -> None:
    torch.manual_seed(0)
    a, b = (m @ m.T for m in torch.randn(2, 3, 3, dtype=torch.float64))
    t = transport(a, b)
    torch.testing.assert_close(t @ a @ t.T, b)
    torch.testing.assert_close(t, t.T)


def test_kid_by_hand() -> None:
    # One dimension, kernel (xy + 1)^3, x = {0, 1}, y = {2, 2}: within x 1, within y 125, across (1 + 1 + 27 + 27) / 4
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [2.0]])
    assert kid_estimate(x, y, subsets=3, subset_size=2).value == pytest.approx(1 + 125 - 2 * 14)


def test_inception_score_by_hand() -> None:
    logits = torch.tensor([[40.0, 0.0], [0.0, 40.0]]).repeat(4, 1)
    assert inception_score(logits, splits=1).value == pytest.approx(2.0, abs=1e-6)
    assert inception_score(torch.zeros(8, 5), splits=2).value == pytest.approx(1.0)


@pytest.mark.parametrize("shift", [0.5, 0.0])
def test_frechet_interval_is_as_wide_as_repeating_says(shift: float) -> None:
    source = torch.Generator().manual_seed(1)
    mix = torch.randn(6, 6, generator=source) / 2

    def draw() -> tuple[torch.Tensor, torch.Tensor]:
        real, fake = torch.randn(2, 400, 6, generator=source)
        return fake + shift, real @ mix

    values = torch.tensor([frechet_estimate(*draw()).value for _ in range(200)])
    errors = []
    for _ in range(20):
        fake, real = draw()
        stats = statistics(fake), statistics(real)
        errors.append(math.hypot(frechet_error(fake, *stats), frechet_error(real, *stats[::-1])))
    assert sum(errors) / len(errors) == pytest.approx(float(values.std()), rel=0.2)


@pytest.mark.parametrize(("shift", "above", "below"), [(0.6, 0.85, 1.3), (0.0, 0.95, 2.0)])
def test_kid_interval_is_at_least_as_wide_as_repeating_says(shift: float, above: float, below: float) -> None:
    source = torch.Generator().manual_seed(2)

    def draw() -> tuple[torch.Tensor, torch.Tensor]:
        return torch.randn(120, 5, generator=source) + shift, torch.randn(150, 5, generator=source)

    def whole(x: torch.Tensor, y: torch.Tensor) -> float:
        a, b, c = (((u @ v.T) / 5 + 1) ** 3 for u, v in ((x, x), (y, y), (x, y)))
        n, m = len(x), len(y)
        within = (a.sum() - a.trace()) / (n * (n - 1)) + (b.sum() - b.trace()) / (m * (m - 1))
        return float(within - 2 * c.mean())

    repeated = torch.tensor([whole(*draw()) for _ in range(300)]).std()
    ratio = sum(mmd_error(*draw()) for _ in range(20)) / 20 / float(repeated)
    assert above < ratio < below


def test_jackknife_is_leaving_out_one() -> None:
    torch.manual_seed(3)
    x, y = torch.randn(5, 2, dtype=torch.float64), torch.randn(4, 2, dtype=torch.float64)

    def mmd(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        k = [((u @ v.T) / 2 + 1) ** 3 for u, v in ((a, a), (b, b), (a, b))]
        n, m = len(a), len(b)
        return (k[0].sum() - k[0].trace()) / (n * n - n) + (k[1].sum() - k[1].trace()) / (m * m - m) - 2 * k[2].mean()

    def without(t: torch.Tensor, i: int) -> torch.Tensor:
        return torch.cat([t[:i], t[i + 1 :]])

    left_x = torch.stack([mmd(without(x, i), y) for i in range(5)])
    left_y = torch.stack([mmd(x, without(y, i)) for i in range(4)])
    wanted = 4 / 5 * ((left_x - left_x.mean()) ** 2).sum() + 3 / 4 * ((left_y - left_y.mean()) ** 2).sum()
    assert mmd_error(x, y) == pytest.approx(float(wanted.sqrt()))


def test_positions_are_some_and_always_the_same() -> None:
    chosen = some_positions(1000, 100)
    assert len(set(chosen.tolist())) == 100
    assert (chosen == some_positions(1000, 100)).all()
    assert (np.diff(chosen) > 0).all()
    assert abs(chosen.mean() - 500) < 100
    assert some_positions(3, None).tolist() == some_positions(3, 9).tolist() == [0, 1, 2]
