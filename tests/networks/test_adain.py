"""Adaptive instance normalisation: statistics by hand, and a frozen encoder that is neither trained nor saved."""

from copy import deepcopy

import pytest
import torch

from impasto.base.errors import UserError
from impasto.networks.adain import AdaINGenerator, decoder, means_and_deviations
from impasto.networks.any_style import AnyStyleGenerator
from impasto.networks.layers.modulated import StyleInput
from impasto.networks.pretrained.vgg import VGG19

FEATURES = torch.tensor([[1.0, 3.0], [5.0, 7.0]]).view(1, 1, 2, 2)
"""Of mean 4 and variance (9 + 1 + 1 + 9) / 4 = 5."""


def make_generator() -> AdaINGenerator:
    torch.manual_seed(0)
    return AdaINGenerator(encoder="efficientnet_lite0", features=4).eval()


def pictures(count: int = 2, size: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(count)) * 2 - 1


def test_means_and_deviations_by_hand() -> None:
    means, deviations = means_and_deviations(torch.cat([FEATURES, 2 * FEATURES], 1))
    assert means.tolist() == [[4.0, 8.0]]
    assert deviations[0].tolist() == pytest.approx([5**0.5, 20**0.5], abs=1e-5)


def test_features_get_the_codes_statistics_by_hand() -> None:
    told = make_generator().told(FEATURES, torch.tensor([[10.0, 2.0], [1.0, -1.0]]))
    assert told[0].flatten().tolist() == pytest.approx([10 + 2 * x / 5**0.5 for x in (-3, -1, 1, 3)], abs=1e-4)
    assert told[1].flatten().tolist() == [1.0] * 4  # no deviation is below 0


def test_the_decoder_is_as_large_as_the_published_one() -> None:
    assert sum(p.numel() for p in decoder(512, 64, 3).parameters()) == 3_505_219
    assert decoder(40, 4, 1)(torch.zeros(2, 40, 4, 6)).shape == (2, 1, 32, 48)


def test_codes_stand_for_pictures() -> None:
    generator, content, style = make_generator(), pictures(), pictures(3, 40)[:2]
    checked: AnyStyleGenerator = generator  # by mypy
    code = checked.encoder(style)
    assert code.shape == (2, generator.code) == (2, 80)
    painted = generator(content, style)
    assert painted.shape == content.shape
    assert torch.equal(generator(content, code), painted)
    one = generator(content, code[:1])
    assert torch.allclose(one[0], painted[0], atol=1e-6)
    assert not torch.allclose(one[1], painted[1], atol=1e-3)


def test_fixed_for_one_style() -> None:
    generator, content = make_generator(), pictures()
    code = generator.encoder(pictures(1))
    fixed = generator.fixed(StyleInput(code))
    assert torch.equal(fixed(content), generator(content, code))
    assert generator.fixed_code is None
    with pytest.raises(UserError, match="takes no adapters"):
        generator.fixed(StyleInput(code, {"decoder.0.bias": torch.zeros(16)}))


def test_the_encoder_is_neither_trained_nor_saved_nor_copied() -> None:
    generator = make_generator()
    generator(pictures(), pictures()).sum().backward()
    assert {name.partition(".")[0] for name in generator.state_dict()} == {"decoder"}
    assert all(p.grad is not None for p in generator.parameters())
    network = generator.network.on(torch.device("cpu"))
    assert deepcopy(generator).network.on(torch.device("cpu")) is network


def test_weights_say_which_encoder_they_belong_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VGG19, "at_hand", staticmethod(lambda: True))
    found, trained = AdaINGenerator(features=4), make_generator()
    assert (found.network_name, found.code) == ("vgg19", 1024)
    found.load_state_dict(trained.state_dict())
    assert (found.network_name, found.code) == ("efficientnet_lite0", 80)
    assert torch.equal(found.eval()(pictures(), pictures()), trained(pictures(), pictures()))


def test_weights_that_cannot_be_had_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VGG19, "at_hand", staticmethod(lambda: False))
    assert AdaINGenerator(features=4).network_name == "efficientnet_lite0"
    with pytest.raises(UserError, match=r"weights of VGG19 are neither .* or set model\.generator\.encoder=auto"):
        AdaINGenerator(encoder="vgg19")


def test_a_pixel_depends_on_content_within_reach() -> None:
    generator, content = make_generator(), pictures(1, 192).requires_grad_()
    with torch.no_grad():
        code, features = generator.encoder(content), generator.maps(content)[-1]
    generator.norm.statistics = generator.norm.measure(features)
    for place in (88, 95):  # first and last of a stride
        content.grad = None
        generator(content, code)[0, :, place, place].sum().backward()
        assert content.grad is not None
        rows, columns = content.grad[0].abs().sum(0).nonzero().T
        for seen in (rows, columns):
            assert generator.reach // 2 < max(place - int(seen.min()), int(seen.max()) - place) <= generator.reach
