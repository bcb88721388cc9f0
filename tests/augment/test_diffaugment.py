"""DiffAugment: each part by hand, the identity, gradients."""

import pytest
import torch
from torch import Tensor

from impasto.augment import diffaugment
from impasto.augment.diffaugment import DiffAugment, rectangle
from impasto.base.schedules import LinearDecay


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def drawn(monkeypatch: pytest.MonkeyPatch, *rows: list[float]) -> None:
    """Lets the module draw these numbers: applied x 3, brightness, saturation, contrast, shift x 2, centre x 2."""
    monkeypatch.setattr(diffaugment, "uniform", lambda n, columns, device: torch.tensor(rows))


def test_colour_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pixel (0, 0.3, 0.6): brightness +0.2, saturation x 1.5, contrast x 0.8."""
    drawn(monkeypatch, [0, 0, 0, 0.7, 0.75, 0.3, 0.5, 0.5, 0.5, 0.5])
    x = torch.tensor([0.0, 0.3, 0.6]).view(1, 3, 1, 1)
    # brightness: 0.2 0.5 0.8; saturation about 0.5: 0.05 0.5 0.95; contrast about the picture's mean 0.5: 0.14 0.5 0.86
    y = DiffAugment(translation=0, cutout=0)(x)
    torch.testing.assert_close(y.flatten(), torch.tensor([0.14, 0.5, 0.86]))


def test_translation_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """8x4 pixels, at most 1 down and 1 (0.5 rounded up) right: draws 0 and 0.9 take from one above and one right."""
    drawn(monkeypatch, [0, 0, 0, 0.5, 0.5, 0.5, 0.0, 0.9, 0.5, 0.5])
    x = torch.arange(1.0, 33).view(1, 1, 8, 4)
    y = DiffAugment(color=False, cutout=0)(x)
    expected = torch.zeros(8, 4)
    expected[1:, :3] = x[0, 0, :7, 1:]
    assert torch.equal(y[0, 0], expected)


def test_cutout_by_hand() -> None:
    """Half of 6x4 is 3x2; centred on row 2 and column 0 it covers rows 1 to 3 and column 0."""
    inside = rectangle(torch.zeros(1, 1, 6, 4), torch.tensor([[2 / 6 + 0.01, 0.0]]), 0.5)
    expected = torch.zeros(6, 4, dtype=torch.bool)
    expected[1:4, :1] = True
    assert torch.equal(inside[0, 0], expected)


@pytest.mark.parametrize("shape", [(5, 1, 28, 28), (4, 3, 9, 14), (3, 5, 16, 7)])
def test_probability_zero_is_the_identity(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    assert torch.equal(DiffAugment(p=0.0)(x), x)
    assert not torch.equal(DiffAugment(p=1.0)(x), x)


@pytest.mark.parametrize("channels", [1, 3])
def test_gradients(channels: int) -> None:
    x = torch.randn(2, channels, 5, 6, dtype=torch.float64, requires_grad=True)
    augment = DiffAugment()

    def run(images: Tensor) -> Tensor:
        torch.manual_seed(3)
        return augment(images)

    assert torch.autograd.gradcheck(run, x)
    assert torch.autograd.gradgradcheck(run, x)


def test_each_picture_has_its_own() -> None:
    y = DiffAugment()(torch.ones(16, 3, 8, 8))
    assert len({tuple(picture.flatten().tolist()) for picture in y}) == 16


def test_probability_follows_its_schedule() -> None:
    augment = DiffAugment(p=LinearDecay(kimg=10, start=0.0, end=0.4))
    assert augment.p == 0
    augment.update(torch.zeros(4), 5.0)
    assert augment.p == pytest.approx(0.2)
    other = DiffAugment()
    other.load_state_dict(augment.state_dict())
    assert other.p == pytest.approx(0.2)
