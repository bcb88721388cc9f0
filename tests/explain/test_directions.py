"""Directions of a generator whose latent space is known, and what they are measured to change."""

import math

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.explain.attributes import as_name, choose_attributes, figure, score
from impasto.explain.directions import alone, closed_form, principal, supervised
from impasto.explain.disentanglement import measure_changes
from impasto.explain.found import find
from impasto.explain.noise import Noise, centred, draw
from impasto.explain.projection import project
from impasto.explain.settings import Settings
from tests.explain.painting_planes import STRENGTHS, planes

LEVEL, RIGHT, DOWN, NOTHING = torch.eye(4)


def level(images: Tensor) -> Tensor:
    return images.mean((1, 2, 3))


def slope(images: Tensor) -> Tensor:
    return (images[..., -1] - images[..., 0]).mean((1, 2))


def test_closed_form_finds_what_the_weights_enlarge_most_first() -> None:
    found = closed_form(planes(), draw(planes(), 4, 0), 3)
    # The slope's pattern has a third of the level's energy: 0.1^2 / 3, 0.05^2 / 3 and 0.02^2 are in this order.
    torch.testing.assert_close(found, torch.stack([RIGHT, DOWN, LEVEL]), atol=1e-4, rtol=0)


def test_principal_components_of_the_pictures_are_the_same_where_all_is_linear() -> None:
    found, share = principal(planes(), draw(planes(), 4000, 0), 3)
    cosines = (found * torch.stack([RIGHT, DOWN, LEVEL])).sum(1)
    assert (cosines > 0.995).all()
    energy = torch.tensor(
        [STRENGTHS[1] ** 2 * 3 / 7, STRENGTHS[2] ** 2 * 3 / 7, STRENGTHS[0] ** 2]
    )  # 8 points of a ramp
    torch.testing.assert_close(share, energy / energy.sum(), atol=0.02, rtol=0)


def test_regression_finds_the_direction_of_a_score_and_knows_when_there_is_none() -> None:
    noise = draw(planes(), 2000, 0)
    scores = torch.stack([noise.z @ torch.tensor([3.0, 4.0, 0, 0]), torch.randn(2000)], 1)
    found, explained, chance = supervised(noise, scores)
    torch.testing.assert_close(found[0], torch.tensor([0.6, 0.8, 0, 0]), atol=1e-3, rtol=0)
    assert explained[0] > 0.999
    assert explained[1].abs() < 0.02
    assert chance.abs().max() < 0.02


def test_alone_leaves_out_what_directions_share() -> None:
    both = torch.tensor([[1.0, 0, 0], [math.sqrt(0.5), math.sqrt(0.5), 0]])
    torch.testing.assert_close(
        alone(both), torch.tensor([[math.sqrt(0.5), -math.sqrt(0.5), 0], [0.0, 1, 0]]), atol=1e-6, rtol=0
    )


def test_changes_are_four_deviations_where_a_direction_is_the_attribute() -> None:
    mixed = nn.functional.normalize(LEVEL + RIGHT, dim=0)
    noise = draw(planes(), 400, 1)
    changes = measure_changes(planes(), noise, torch.stack([LEVEL, mixed, NOTHING]), {"level": level, "slope": slope})
    spread = 4 / noise.z.std(0)  # of these latent vectors
    torch.testing.assert_close(changes.mean[0], torch.stack([spread[0], torch.zeros(())]), atol=1e-4, rtol=0)
    torch.testing.assert_close(changes.mean[1], spread[:2] * math.sqrt(0.5), atol=1e-4, rtol=0)
    assert changes.mean[2].abs().max() < 1e-5
    assert changes.share(0, 0) == pytest.approx(1, abs=1e-4)
    assert changes.others(1, 0) == pytest.approx(float(changes.mean[1, 1]), abs=1e-5)
    assert (changes.low <= changes.mean + 1e-5).all()
    assert (changes.high >= changes.mean - 1e-5).all()
    assert 0 < float(changes.control.min()) < 4


def test_groups_are_compared_within() -> None:
    values, groups = torch.tensor([[1.0], [3.0], [10.0], [14.0]]), torch.tensor([0, 0, 1, 1])
    assert centred(values, groups).flatten().tolist() == [-1, 1, -2, 2]


def test_a_method_that_finds_nothing_is_left_out_and_attributes_that_do_not_vary_too() -> None:
    scorers = {"level": level, "slope": slope, "same": lambda images: torch.ones(len(images))}
    found = find(planes(), scorers, Settings(num_images=200, num_measured=400, directions=2, place=3))
    assert found.attributes == ("level", "slope")
    assert [each.name for each in found.directions] == [
        *("sefa_1", "sefa_2", "pca_1", "pca_2"),
        *("level", "level_alone", "slope", "slope_alone"),
    ]
    assert found.directions[0].aim == "slope"
    assert found.sliders()["level"].changes["level"] == pytest.approx(1, rel=0.1)
    with pytest.raises(UserError, match="collapsed"):
        find(planes(), {"same": scorers["same"]}, Settings(num_images=64, num_measured=8))


def test_a_square_on_black_is_where_and_as_large_as_it_is() -> None:
    images = torch.full((1, 1, 20, 40), -1.0)
    images[..., 4:8, 30:40] = 1
    scorers = choose_attributes(["across", "down", "width", "height"], 1, dict)
    across, down, width, height = score(scorers, images)[0].tolist()
    assert (across, down) == (pytest.approx(35 / 40), pytest.approx(6 / 20))
    assert (width, height) == (pytest.approx((99 / 12) ** 0.5 / 40), pytest.approx((15 / 12) ** 0.5 / 20))
    assert figure(images).sum() == pytest.approx(1)


def test_attributes_that_do_not_exist_are_said() -> None:
    with pytest.raises(UserError, match="beauty is not known"):
        choose_attributes(["beauty"], 3, dict)
    with pytest.raises(UserError, match="warmth is of colours"):
        choose_attributes(["warmth"], 1, dict)
    with pytest.raises(UserError, match="cannot be imported"):
        choose_attributes(["tests.nowhere.score"], 3, dict)
    own = choose_attributes(["tests.explain.test_directions.level"], 3, dict)
    with pytest.raises(UserError, match="finite number for each"):
        score({"bad": lambda images: images}, torch.zeros(2, 3, 8, 8))
    assert score(own, torch.full((2, 3, 8, 8), 0.5)).tolist() == [[0.5], [0.5]]
    assert as_name("T-shirt/top") == "t_shirt_top"


def test_a_picture_of_the_model_is_found_again() -> None:
    painter = planes()
    wanted = Noise(torch.tensor([[1.0, -0.8, 0.6, 0.0]]))
    target = painter(latent=wanted.z).detach()
    found = project(painter, target, 150)
    torch.testing.assert_close(found.noise.z[:, :3], wanted.z[:, :3], atol=0.15, rtol=0)
    assert found.psnr > found.psnr_drawn + 3
