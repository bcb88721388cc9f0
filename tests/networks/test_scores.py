"""Scores of one scale or several."""

import pytest
import torch

from impasto.base.errors import UserError
from impasto.base.parts import Parts
from impasto.networks.patchgan import MultiScalePatchGAN, PatchGAN
from impasto.networks.scores import Scores, over_maps


def test_a_tensor_a_list_and_scores_are_all_taken() -> None:
    one = torch.tensor([1.0, 3.0])
    assert Scores.of(one).maps[0] is one
    assert len(Scores.of([one, one]).maps) == 2
    scores = Scores([one])
    assert Scores.of(scores) is scores


def test_scales_count_alike_whatever_their_size() -> None:
    fine, coarse = torch.full((2, 1, 4, 4), 1.0), torch.full((2, 1, 2, 2), 5.0)
    scores = Scores([fine, coarse])
    assert scores.mean().item() == 3  # not (32 + 40) / 40
    assert scores.sum().item() == 32 * 1 + 8 * 5
    assert scores.flat().shape == (2, 16 + 4)
    assert over_maps(lambda x: (x - 1).square().mean(), scores).item() == (0 + 16) / 2


def test_halves_of_one_pass_are_real_and_painted() -> None:
    scores = Scores([torch.arange(4.0)[:, None]], [[torch.arange(4.0)[:, None] * 2]])
    real, fake = scores.parted(2)
    assert real.maps[0].flatten().tolist() == [0, 1]
    assert fake.features[0][0].flatten().tolist() == [4, 6]


def test_several_scales_see_the_picture_smaller_and_smaller() -> None:
    network = MultiScalePatchGAN(3, 1, settings={"features": 4, "layers": 1})
    scores = network(torch.rand(2, 3, 32, 32), None, torch.rand(2, 1, 32, 32))
    single = PatchGAN(3, 1, features=4, layers=1)(torch.rand(2, 3, 32, 32), None, torch.rand(2, 1, 32, 32))
    assert [tuple(m.shape) for m in scores.maps] == [(2, 1, 14, 14), (2, 1, 6, 6)]
    assert len(scores.features) == 2
    assert len(scores.features[0]) == len(single.features[0]) == 2  # after each LeakyReLU


def test_scales_that_a_picture_is_too_small_for_are_left_out() -> None:
    network = MultiScalePatchGAN(3, 0, 3, {"features": 4, "layers": 2}, 40, 64)  # a scale judges 16 pixels or more
    assert len(network.scales) == 2  # 40 and 20 pixels, not 10
    assert [tuple(m.shape[2:]) for m in network(torch.rand(1, 3, 40, 64)).maps] == [(8, 14), (3, 6)]
    assert len(network(torch.rand(1, 3, 31, 31)).maps) == 2  # halves are rounded up, to 16
    assert len(network(torch.rand(1, 3, 20, 32)).maps) == 1
    with pytest.raises(UserError, match=r"at least 16x16 pixels, not 15x20: .* fewer model.discriminator.settings.la"):
        network(torch.rand(1, 3, 15, 20))
    (doubt,) = network.check_with(Parts(discriminators={"discriminator": network}))
    assert doubt.key == "model.discriminator.scales"
    assert "2 of 3 scales judge pictures of 40x64: the others would see less than 16 pixels" in doubt.sentence
    fits = MultiScalePatchGAN(3, 0, 2, {"features": 4, "layers": 2}, 40, 64)
    assert not list(fits.check_with(Parts(discriminators={"discriminator": fits})))


def test_given_pictures_are_seen() -> None:
    torch.manual_seed(0)
    network = PatchGAN(3, 3, features=4, layers=1)
    images, given = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    first, second = (network(images, None, shown).maps[0] for shown in (given, given.flip(-1)))
    assert not torch.allclose(first, second)
    with pytest.raises(RuntimeError):
        network(images)  # four convolutions of six channels
