"""The generator that paints in any style: modulation against equations, orientation against drawn stripes, places."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from impasto.base.parts import Parts
from impasto.networks.layers.modulated import ModulatedConv2d, StyleInput
from impasto.networks.layers.palette import PaletteMatch, moments, palette_of, roots
from impasto.networks.orientation import noise_at, orientation_maps, stroke_noise
from impasto.networks.patchgan import MultiScalePatchGAN, PatchGAN
from impasto.networks.style_encoder import StyleEncoder
from impasto.networks.style_generator import StyleGenerator


def tiny(filters: str = "modulated") -> StyleGenerator:
    torch.manual_seed(0)
    return StyleGenerator(features=(4, 8, 12), blocks=(0, 1, 1), last=3, code=6, hidden=5, filters=filters)


def random_code(n: int) -> torch.Tensor:
    return torch.cat([torch.randn(n, 6), palette_of(torch.rand(n, 3, 8, 8) * 2 - 1)], 1)


def test_modulation_is_that_of_the_equations() -> None:
    torch.manual_seed(0)
    conv = ModulatedConv2d(3, 4, code=2, activate=False)
    code, x = torch.randn(2, 2), torch.randn(2, 3, 5, 5)
    found = conv(x, StyleInput(code))
    for i in range(2):
        scale = conv.scale.weight @ code[i] + conv.scale.bias
        weight = conv.weight * scale[None, :, None, None]  # equation 1
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-6).sqrt()  # equation 3
        wanted = F.conv2d(F.pad(x[i : i + 1], (1, 1, 1, 1), mode="reflect"), weight)
        assert torch.allclose(found[i : i + 1], wanted, atol=1e-5)


@pytest.mark.parametrize("kind", [{}, {"predicted": True}, {"wide": True}])
def test_one_code_for_all_is_the_same_as_a_code_for_each(kind: dict[str, bool]) -> None:
    conv = ModulatedConv2d(3, 4, code=2, noises=1, **kind)
    for tensor in conv.parameters():
        torch.nn.init.normal_(tensor)
    code, x, noise = torch.randn(1, 2), torch.randn(2, 3, 5, 5), torch.randn(1, 1, 5, 5)
    each = conv(x, StyleInput(code.expand(2, -1)), noise)
    assert torch.allclose(conv(x, StyleInput(code), noise), each, atol=1e-5)


def test_predicted_filters_are_those_of_each_code() -> None:
    torch.manual_seed(0)
    conv = ModulatedConv2d(3, 4, code=2, activate=False, predicted=True)
    code, x = torch.randn(2, 2), torch.randn(2, 3, 5, 5)
    found = conv(x, StyleInput(code))
    for i in range(2):
        taps = (conv.taps.weight @ code[i] + conv.taps.bias).view(3, 3, 3)
        weight = conv.weight * (conv.scale.weight @ code[i] + conv.scale.bias)[:, None, None] * taps
        weight = weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt()
        wanted = F.conv2d(F.pad(x[i : i + 1], (1, 1, 1, 1), mode="reflect"), weight)
        assert torch.allclose(found[i : i + 1], wanted, atol=1e-4)


def test_what_is_trained_beside_a_filter_adds_to_its_middle() -> None:
    conv = ModulatedConv2d(1, 1, code=1, wide=True)
    with torch.no_grad():
        conv.weight.fill_(1.0), conv.beside.fill_(3.0), conv.scale.weight.zero_()
    filters = conv.filters(StyleInput(torch.zeros(1, 1)))[0][0, 0]
    # eight taps of 1 and one of 1 + 3, brought to unit length: the square root of 8 + 16
    assert filters[1, 1].item() == pytest.approx(4 / 24**0.5, abs=1e-5)
    assert filters[0, 0].item() == pytest.approx(1 / 24**0.5, abs=1e-5)


def test_deltas_are_added_to_scale_bias_noise_and_filters() -> None:
    conv = ModulatedConv2d(1, 1, code=1, kernel=1, noises=1)
    conv.name = "layer"
    with torch.no_grad():
        conv.weight.fill_(2.0), conv.scale.weight.zero_(), conv.noise.zero_()
    deltas = {"scale": torch.tensor([1.0]), "bias": torch.tensor([3.0]), "noise": torch.tensor([[4.0]])}
    deltas |= {"up": torch.tensor([[1.0]]), "down": torch.tensor([[-8.0]])}
    style = StyleInput(torch.zeros(1, 1), {f"layer.{kind}": delta for kind, delta in deltas.items()})
    weight, bias, noise = conv.filters(style)
    # (2 - 8) * (1 + 1) = -12, brought to unit length: -1
    assert (weight.item(), bias.item(), noise.item()) == (pytest.approx(-1), 3.0, 4.0)
    other = StyleInput(torch.zeros(1, 1), {"other.bias": torch.tensor([3.0])})
    assert conv.filters(other)[1].item() == 0


@pytest.mark.parametrize("degrees", [0, 30, 60, 90, 135])
def test_orientation_runs_along_stripes(degrees: float) -> None:
    angle = math.radians(degrees)  # of the stripes, from the x axis towards the bottom
    y, x = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
    across = -x * math.sin(angle) + y * math.cos(angle)
    maps = orientation_maps(torch.sin(across / 5).expand(1, 3, -1, -1), 4)[0, :, 8:-8, 8:-8]
    assert maps[0].mean().item() == pytest.approx(math.cos(2 * angle), abs=0.05)
    assert maps[1].mean().item() == pytest.approx(math.sin(2 * angle), abs=0.05)
    assert maps[2].min().item() > 0.9


def test_a_blank_picture_has_no_orientation() -> None:
    maps = orientation_maps(torch.zeros(1, 3, 32, 32), 4)
    assert maps.isfinite().all()
    assert maps[:, 2].abs().max() == 0


def test_lines_of_noise_run_along_the_direction() -> None:
    torch.manual_seed(0)
    maps = torch.zeros(1, 3, 64, 64)
    maps[:, 0] = 1.0  # along x
    noise = stroke_noise(maps, torch.randn(1, 1, 64, 64))[0]

    def correlation(x: torch.Tensor, shift: tuple[int, int]) -> float:
        return float((x * x.roll(shift, (0, 1))).mean() / x.square().mean())

    white, short, long, broad = noise
    assert abs(correlation(white, (0, 2))) < 0.1
    assert correlation(long, (0, 4)) > correlation(short, (0, 4)) + 0.3
    assert abs(correlation(long, (4, 0))) < 0.1
    assert correlation(broad, (1, 0)) > correlation(long, (1, 0)) + 0.3
    assert torch.allclose(noise.std((1, 2)), torch.ones(4), atol=0.25)


def test_noise_belongs_to_its_place() -> None:
    whole = noise_at(0, 0, 40, 50)
    assert torch.equal(whole[..., 7:20, 11:30], noise_at(7, 11, 13, 19))
    assert abs(whole.mean().item()) < 0.1
    assert whole.std().item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("filters", ["modulated", "predicted", "wide"])
def test_a_fixed_copy_paints_the_same(filters: str) -> None:
    generator = tiny(filters).eval()
    content, style = torch.rand(1, 3, 32, 48) * 2 - 1, torch.rand(1, 3, 40, 20) * 2 - 1
    with torch.no_grad():
        wanted = generator(content, style)
        # Another memory format, in which sums are rounded otherwise.
        torch.testing.assert_close(generator.fixed(StyleInput(generator.encoder(style)))(content), wanted)
    assert generator.encoder(style).shape == (1, 6 + 9)


def test_a_part_at_its_place_is_painted_as_in_the_whole() -> None:
    generator = tiny().eval()
    content, code = torch.rand(1, 3, 384, 384) * 2 - 1, random_code(1)
    far = generator.reach
    with torch.no_grad():
        whole = generator(content, code)
        generator.place, generator.palette.statistics = (32, 64), moments(content)
        part = generator(content[..., 32:, 64:], code)
    apart = (part - whole[..., 32:, 64:])[..., far:, far:].abs().max()
    assert apart < 1e-4
    generator.place = 0, 0
    with torch.no_grad():
        assert (generator(content[..., 32:, 64:], code) - part)[..., far:, far:].abs().max() > 1e-3


def test_training_draws_fresh_noise() -> None:
    generator = tiny()
    for module in generator.modules():
        if isinstance(module, ModulatedConv2d) and module.noise is not None:
            torch.nn.init.normal_(module.noise)
    content, code = torch.rand(2, 3, 32, 32) * 2 - 1, random_code(2)
    with torch.no_grad():
        assert not torch.equal(generator(content, code), generator(content, code))
        generator.eval()
        assert torch.equal(generator(content, code), generator(content, code))


def test_at_most_three_million_parameters() -> None:
    assert sum(p.numel() for p in StyleGenerator().parameters()) < 3_000_000


def test_codes_do_not_depend_on_where_things_are() -> None:
    torch.manual_seed(0)
    encoder = StyleEncoder(code=4)
    picture = F.avg_pool2d(torch.randn(1, 3, 160, 160), 5, 1, 2) * 3
    turned, other = picture.roll((64, 32), (2, 3)), torch.rand(1, 3, 160, 160)
    with torch.no_grad():
        here, there, far = encoder(picture), encoder(turned), encoder(other)
    assert (here - there).norm() < 0.1 * (here - far).norm()


def test_palette_by_hand() -> None:
    # Two places: red 1 and -1, green 1 and 1. Means 0 and 1; variances 1 and 0, covariance 0.
    picture = torch.tensor([[[[1.0, -1.0]], [[1.0, 1.0]]]])
    assert palette_of(picture).tolist() == [[0.0, 1.0, 1.0, 0.0, 0.0]]


def test_moments_are_exact_whatever_the_precision() -> None:
    torch.manual_seed(0)
    grey = -0.6 + 0.002 * torch.randn(1, 3, 64, 64)  # a covariance that bfloat16 would lose
    with torch.autocast("cpu", torch.bfloat16):
        _, covariance = moments(grey)
    wanted = torch.from_numpy(np.cov(grey.flatten(2)[0].double().numpy(), bias=True)).float()
    assert torch.allclose(covariance[0], wanted, rtol=1e-3, atol=1e-9)


def test_roots_of_matrices() -> None:
    torch.manual_seed(0)
    factor = torch.randn(5, 3, 3)
    matrices = factor @ factor.transpose(1, 2) + 0.01 * torch.eye(3)
    root, inverse = roots(matrices)
    assert torch.allclose(root @ root, matrices, atol=1e-3)
    assert torch.allclose(root @ inverse, torch.eye(3).expand(5, -1, -1), atol=1e-2)


def test_a_picture_takes_the_palette_of_another() -> None:
    torch.manual_seed(0)
    mixing = torch.tensor([[0.2, 0.1, 0.0], [0.0, 0.1, 0.05], [0.0, 0.0, 0.15]])
    picture, other = 0.1 * torch.randn(1, 3, 64, 64), torch.einsum("ij,njhw->nihw", mixing, torch.randn(1, 3, 64, 64))
    mapped = PaletteMatch()(picture, palette_of(other + 0.1))
    for found, wanted in zip(moments(mapped), moments(other + 0.1), strict=True):
        assert torch.allclose(found, wanted, atol=5e-3)


def test_its_own_palette_leaves_a_picture() -> None:
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    assert torch.allclose(PaletteMatch()(picture, palette_of(picture)), picture, atol=1e-3)
    blank = torch.full((1, 3, 8, 8), 0.5)
    assert PaletteMatch()(blank, palette_of(picture)).isfinite().all()


def test_a_patchgan_judges_by_the_projection_of_a_vector() -> None:
    torch.manual_seed(0)
    network = PatchGAN(projection=2, features=4, layers=1, norm="none")
    plain = PatchGAN(features=4, layers=1, norm="none")
    plain.load_state_dict({k: v for k, v in network.state_dict().items() if not k.startswith("project")})
    images, code = torch.randn(2, 3, 16, 16), torch.randn(2, 2)
    scores, features = network(images, code), network(images, code).features[0][-1]
    direction = network.project(code)
    wanted = (features * direction[:, :, None, None]).sum(1, keepdim=True) / 8**0.5
    assert torch.allclose(scores.maps[0] - plain(images).maps[0], F.avg_pool2d(wanted, 2, 1), atol=1e-5)


def test_a_projection_of_another_length_than_the_codes_is_refused() -> None:
    key = "model.discriminator.settings.projection"
    for projection, sentences in (
        (16, []),
        (14, [f"{key}=14, but the generator's style codes and brush are 16 numbers: set {key}=16."]),
    ):
        network = MultiScalePatchGAN(settings={"projection": projection, "features": 4, "layers": 1, "norm": "none"})
        parts = Parts(generators={"generator": tiny()}, discriminators={"discriminator": network})
        assert [finding.sentence for finding in network.check_with(parts)] == sentences
