import pytest
import torch

from impasto.evaluation.figures import manifold
from impasto.evaluation.figures.manifold import density_coverage, distances, precision_recall, radii

# On a line: real at 0, 1, 3; the nearest other sample is 1, 1 and 2 away.
REAL = torch.tensor([[0.0], [1.0], [3.0]])
# Nearest others: 0.5, 0.5, 7.5.
FAKE = torch.tensor([[2.0], [2.5], [10.0]])


def test_radii_by_hand() -> None:
    assert radii(REAL, 1).tolist() == pytest.approx([1.0, 1.0, 4.0])
    assert radii(REAL, 2).tolist() == pytest.approx([9.0, 4.0, 9.0])


def test_precision_and_recall_by_hand() -> None:
    # 2 lies within 1 of 1 and within 2 of 3, 2.5 within 2 of 3, 10 in no ball; of the real ones, 3 is 0.5 from 2.5,
    # and only that one: 10 reaches from 2.5 to 17.5, so it holds 3 as well, but neither 0 nor 1.
    assert precision_recall(FAKE, REAL, k=1) == (pytest.approx(2 / 3), pytest.approx(1 / 3))


def test_density_and_coverage_by_hand() -> None:
    # The ball of 1 holds 2; the ball of 3 holds 2 and 2.5: three hits over three samples; two of three balls in use.
    assert density_coverage(FAKE, REAL, k=1) == (pytest.approx(1.0), pytest.approx(2 / 3))


def test_distances_do_not_depend_on_the_block() -> None:
    a, b = torch.randn(50, 7) + 100, torch.randn(40, 7) + 100
    whole = torch.cat(list(distances(a, b, 50)))
    torch.testing.assert_close(torch.cat(list(distances(a, b, 7))), whole)
    torch.testing.assert_close(whole, torch.cdist(a.double(), b.double()) ** 2)


def test_figures_do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    fake, real = torch.randn(60, 3), torch.randn(70, 3) * 1.2
    whole = precision_recall(fake, real), density_coverage(fake, real)
    monkeypatch.setattr(manifold.distances, "__defaults__", (13,))
    assert (precision_recall(fake, real), density_coverage(fake, real)) == whole


def test_a_set_against_itself_is_perfect() -> None:
    x = torch.randn(30, 4)
    assert precision_recall(x, x) == (1.0, 1.0)
    assert density_coverage(x, x)[1] == 1.0


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="3 neighbours"):
        radii(torch.zeros(3, 2), 3)
