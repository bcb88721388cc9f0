"""ADA: matrices by hand, the identity, gradients, and the controller."""

import io
import math

import pytest
import torch
from torch import Tensor

from impasto.augment.ada import ADA
from impasto.augment.color import hue, luma_flipped, random_color, recolored, saturated
from impasto.augment.geometry import placed, quarter_turn, random_placement, rotation, scaling, translation
from impasto.base.schedules import Cosine


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("shape", [(5, 1, 28, 28), (4, 3, 9, 14), (3, 5, 16, 7)])
def test_probability_zero_is_the_identity(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    assert torch.equal(ADA(p=0.0, cutout=1.0)(x), x)
    y = ADA(p=1.0, cutout=1.0)(x)
    assert y.shape == x.shape
    assert not torch.equal(y, x)


def test_mirror_quarter_turns_and_shift_move_pixels_only() -> None:
    x = torch.randn(1, 3, 6, 6)
    one = torch.ones(1)
    torch.testing.assert_close(placed(x, scaling(-one, one)), x.flip(3))
    for turns in range(4):
        torch.testing.assert_close(placed(x, quarter_turn(torch.tensor([turns]))), x.rot90(turns, (2, 3)))
    shifted = placed(x, translation(torch.tensor([[2.0, -1.0]])))  # from 2 to the right and 1 above
    torch.testing.assert_close(shifted[:, :, 1:, :4], x[:, :, :5, 2:])
    torch.testing.assert_close(shifted[:, :, 0, :4], x[:, :, 0, 2:])  # mirrored at the edge


def test_placements_of_pictures_that_are_not_square() -> None:
    x = torch.randn(1, 1, 4, 8)
    half_turn = placed(x, quarter_turn(torch.tensor([2])))
    torch.testing.assert_close(half_turn, x.flip(2, 3))
    turned = placed(x, quarter_turn(torch.tensor([1])))  # the middle 4x4 fits and is turned as a square is
    torch.testing.assert_close(turned[..., 2:6], x[..., 2:6].rot90(1, (2, 3)))


def test_rotation_is_by_its_angle() -> None:
    matrix = rotation(torch.tensor([math.pi / 6]))
    torch.testing.assert_close(matrix[0, :2, 0], torch.tensor([math.cos(math.pi / 6), 0.5]))
    torch.testing.assert_close(matrix @ rotation(torch.tensor([math.pi / 3])), quarter_turn(torch.tensor([1])))


def test_enlarging_a_ramp_halves_its_slope() -> None:
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    larger = placed(ramp, scaling(torch.tensor([0.5]), torch.tensor([0.5])))
    torch.testing.assert_close(larger[0, 0, 0], 3.5 + (torch.arange(8.0) - 3.5) / 2)


def test_how_often_and_how_far() -> None:
    """With p = 0.5 a mirror is seen in a quarter of the pictures, and blits are whole pixels within an eighth."""
    x = torch.zeros(4000, 1, 16, 32)
    blits = random_placement(x, torch.tensor(0.5), torch.tensor(0.0))
    assert torch.equal(blits, blits.round())
    assert blits.abs().max() <= 4
    assert torch.equal(blits.det().abs(), torch.ones(4000))
    assert (blits.det() < 0).float().mean() == pytest.approx(0.25, abs=0.03)
    both = random_placement(x, torch.tensor(0.0), torch.tensor(0.3))
    # No scaling: 0.7; no rotation: 0.7 for both together; no stretching: 0.7; no shift: 0.7.
    still = (both == torch.eye(3)).flatten(1).all(1).float().mean()
    assert still == pytest.approx(0.7**4, abs=0.03)


def test_colours_by_hand() -> None:
    red, one = torch.tensor([1.0, 0.0, 0.0]), torch.ones(1)
    third = torch.full((1,), math.tau / 3)
    torch.testing.assert_close(hue(third, 3)[0] @ red, torch.tensor([0.0, 1.0, 0.0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(luma_flipped(one, 3)[0] @ red, torch.tensor([1 / 3, -2 / 3, -2 / 3]))
    torch.testing.assert_close(saturated(2 * one, 3)[0] @ red, torch.tensor([5 / 3, -1 / 3, -1 / 3]))
    torch.testing.assert_close(luma_flipped(one, 1)[0, 0, 0], torch.tensor(-1.0))
    assert torch.equal(saturated(2 * one, 1), torch.ones(1, 1, 1))
    x = torch.randn(2, 2, 3, 4)
    matrix, offset = torch.randn(2, 2, 2), torch.randn(2, 2)
    expected = torch.einsum("nij,njhw->nihw", matrix, x) + offset[:, :, None, None]
    torch.testing.assert_close(recolored(x, matrix, offset), expected)


def test_brightness_is_equal_in_all_channels_and_scaled_by_contrast() -> None:
    matrix, offset = random_color(torch.zeros(500, 3, 1, 1), torch.tensor(1.0))
    torch.testing.assert_close(offset, offset[:, :1].expand(-1, 3), atol=1e-5, rtol=1e-4)
    grey = (matrix @ torch.ones(3))[:, 0].abs()  # what contrast makes of 1: log-normal around it
    assert grey.log2().std() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("channels", [1, 3])
def test_gradients(channels: int) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        augment = ADA(p=0.8, cutout=1.0)

        def run(images: Tensor) -> Tensor:
            torch.manual_seed(3)
            return augment(images)

        images = torch.randn(3, channels, 5, 6, requires_grad=True)
        assert torch.autograd.gradcheck(run, images)
        assert torch.autograd.gradgradcheck(run, images, fast_mode=True)
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_controller_by_hand() -> None:
    """64 pictures a time, every 4th update: 256 / 500,000 up while r = 1 > 0.6, and down again for r = 0."""
    augment = ADA()
    steps = []
    for _ in range(8):
        augment.update(torch.ones(64), 0.0)
        steps.append(augment.p.item())
    step = 256 / 500_000
    assert steps == pytest.approx([0, 0, 0, step, step, step, step, 2 * step])
    for _ in range(4):
        augment.update(torch.cat([torch.ones(32), -torch.ones(32)]), 0.0)
    assert augment.p == pytest.approx(step)
    for _ in range(8):
        augment.update(-torch.ones(64), 0.0)
    assert augment.p == 0


def test_the_controller_goes_on_where_it_was() -> None:
    def updated(augment: ADA, first: int, last: int) -> ADA:
        for i in range(first, last):
            augment.update(torch.full((40 + i, 1, 3, 3), 1.0), 0.0)
        return augment

    whole = updated(ADA(speed_kimg=1), 0, 10)
    half = updated(ADA(speed_kimg=1), 0, 6)
    file = io.BytesIO()
    torch.save(half.state_dict(), file)
    file.seek(0)
    resumed = ADA(speed_kimg=1)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    assert updated(resumed, 6, 10).p == whole.p
    assert whole.p > 0


def test_least_squares_scores_have_another_threshold() -> None:
    augment = ADA(threshold=0.5, interval=1)
    augment.update(torch.full((64,), 0.4), 0.0)
    assert augment.signs == 0
    assert augment.p == 0
    augment.update(torch.full((64,), 0.9), 0.0)
    assert augment.p > 0


def test_a_scheduled_probability_does_not_adapt() -> None:
    augment = ADA(p=Cosine(kimg=10, start=0.0, end=0.3))
    augment.update(-torch.ones(64), 5.0)
    assert augment.p == pytest.approx(0.15)


def test_draws_are_for_the_global_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with the second half of the batch places its pictures as one process would."""
    x = torch.randn(6, 3, 8, 8)

    def second_half(augment: ADA) -> Tensor:
        torch.manual_seed(7)
        return augment(x[3:])

    augment = ADA(p=0.9)
    torch.manual_seed(7)
    whole = augment(x)
    monkeypatch.setattr("impasto.base.distributed.rank", lambda: 1)
    monkeypatch.setattr("impasto.base.distributed.world_size", lambda: 2)
    torch.testing.assert_close(second_half(augment), whole[3:])
