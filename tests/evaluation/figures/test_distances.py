import math

import numpy as np
import pytest
import torch

from impasto.evaluation.figures.distances import (
    frechet,
    frechet_error,
    frechet_estimate,
    inception_score,
    kid_estimate,
    mmd_errors,
    some_positions,
    statistics,
    transport,
)
from impasto.evaluation.figures.intervals import Error, Estimate, student_interval


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
        errors.append(math.hypot(frechet_error(fake, *stats).value, frechet_error(real, *stats[::-1]).value))
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
    ratio = sum(math.hypot(*(error.value for error in mmd_errors(*draw()))) for _ in range(20)) / 20 / float(repeated)
    assert above < ratio < below


def test_jackknife_is_leaving_out_one_picture() -> None:
    torch.manual_seed(3)
    x, y = torch.randn(5, 2, dtype=torch.float64), torch.randn(6, 2, dtype=torch.float64)

    def mmd(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        k = [((u @ v.T) / 2 + 1) ** 3 for u, v in ((a, a), (b, b), (a, b))]
        n, m = len(a), len(b)
        return (k[0].sum() - k[0].trace()) / (n * n - n) + (k[1].sum() - k[1].trace()) / (m * m - m) - 2 * k[2].mean()

    def error(left: list[torch.Tensor]) -> float:
        values, n = torch.stack(left), len(left)
        return float((((values - values.mean()) ** 2).sum() * (n - 1) / n).sqrt())

    everything = torch.arange(6)
    ones = [error([mmd(x[torch.arange(5) != i], y) for i in range(5)])]
    ones += [error([mmd(x, y[everything != i]) for i in range(6)])]
    assert [found.value for found in mmd_errors(x, y)] == pytest.approx(ones)
    assert [found.pictures for found in mmd_errors(x, y)] == [5, 6]
    pictures = torch.tensor([7, 2, 2, 7, 4, 2])  # crops of three pictures, in no order
    crops = mmd_errors(x, y, (None, pictures))[1]
    assert crops.value == pytest.approx(error([mmd(x, y[pictures != i]) for i in (7, 2, 4)]))
    assert crops.pictures == 3


def test_a_picture_that_is_repeated_tells_no_more() -> None:
    source = torch.Generator().manual_seed(4)
    real, other = torch.randn(2, 40, 3, generator=source)
    stats = statistics(real), statistics(other + 1)
    once = frechet_error(real, *stats)
    repeated = frechet_error(real.repeat(5, 1), *stats, torch.arange(40).repeat(5))
    assert (repeated.value, repeated.pictures) == (pytest.approx(once.value), 40)
    assert frechet_error(real.repeat(5, 1), *stats).value < once.value / 2


def crops_of_eight(source: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """60 samples, and 128 around eight centres with the number of the centre of each."""
    pictures = torch.arange(8).repeat(16)
    real = torch.randn(8, 4, generator=source)[pictures] + torch.randn(128, 4, generator=source) / 2
    return torch.randn(60, 4, generator=source) + 0.5, real, pictures


def test_intervals_of_crops_hold_what_they_promise() -> None:
    source = torch.Generator().manual_seed(5)
    found = []
    for _ in range(100):
        fake, real, pictures = crops_of_eight(source)
        kid = {"subsets": 3, "subset_size": 60}
        estimates = [
            frechet_estimate(fake, real, None, (None, pictures)),
            kid_estimate(fake, real, pictures=(None, pictures), **kid),
            frechet_estimate(fake, real),
        ]
        found.append([(e.value, e.low, e.high) for e in estimates])
    values = torch.tensor(found, dtype=torch.float64)
    mean = values[..., 0].mean(0)
    share = ((values[..., 1] < mean) & (mean < values[..., 2])).double().mean(0)
    assert share[:2].min() > 0.88, "95% are promised"
    assert share[2] < 0.7, "taken for 128 pictures, the crops promise too much"


def test_few_pictures_give_no_interval() -> None:
    fake, real, pictures = crops_of_eight(torch.Generator().manual_seed(6))
    for estimate in (
        frechet_estimate(fake, real, None, (None, pictures % 2)),
        kid_estimate(fake, real, subsets=3, subset_size=60, pictures=(None, pictures % 2)),
    ):
        assert (estimate.low, estimate.high) == (None, None)
        assert "one side is of 2 pictures" in estimate.method
    assert frechet_estimate(fake, real, None, (None, pictures % 2)).value == frechet_estimate(fake, real).value


def test_the_half_width_is_students() -> None:
    # Two errors of 3 and 4 from 11 pictures each: sqrt(25), and 25^2 / ((81 + 256) / 10) = 18.5 degrees of freedom.
    found = Estimate.around(1.0, [Error(3.0, 11), Error(4.0, 11)], "m")
    assert found.high == pytest.approx(1 + 5 * 2.0965, abs=1e-3)
    assert Estimate.around(1.0, [Error(0.1, 10**6)], "m").high == pytest.approx(1 + 0.1 * 1.95996, abs=1e-6)


def test_positions_are_some_and_always_the_same() -> None:
    chosen = some_positions(1000, 100)
    assert len(set(chosen.tolist())) == 100
    assert (chosen == some_positions(1000, 100)).all()
    assert (np.diff(chosen) > 0).all()
    assert abs(chosen.mean() - 500) < 100
    assert some_positions(3, None).tolist() == some_positions(3, 9).tolist() == [0, 1, 2]


def test_students_interval_by_hand() -> None:
    # mean 2, deviation 1, and 4.3027 deviations of the mean for two degrees of freedom
    assert student_interval([1.0, 2.0, 3.0]) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-3)
