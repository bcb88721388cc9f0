"""Style statistics and content distances against numbers worked out by hand."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from impasto.base.errors import UserError
from impasto.base.parts import Parts
from impasto.losses.terms.perceptual import (
    Perceptual,
    content_distance,
    gram,
    gram_distance,
    mean_std_distance,
    patch_distance,
    sliced_distance,
    window,
)
from impasto.losses.terms.tone import chroma_distance, luma_distance
from impasto.networks.pretrained import chooser, vgg, weights


def test_gram_by_hand() -> None:
    # Channel 0 is 1, 2 and channel 1 is 3, 0 over two places: products 1+4, 3+0, 9+0, over 2.
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 0.0]]]])
    assert gram(features).tolist() == [[[2.5, 1.5], [1.5, 4.5]]]


def test_gram_distance_by_hand() -> None:
    painted, style = torch.full((1, 1, 1, 1), 2.0), torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)
    # Gram of painted 4; mean of 1 and 9 is 5; (4 - 5)^2 / 25
    assert gram_distance(painted, style).item() == pytest.approx(1 / 25)


def test_mean_std_by_hand() -> None:
    painted, style = torch.tensor([0.0, 2.0]).view(1, 1, 1, 2), torch.tensor([4.0, 4.0]).view(1, 1, 1, 2)
    # means 1 and 4, deviations sqrt(2) and 0, mean square of style 16
    assert mean_std_distance(painted, style).item() == pytest.approx((9 + 2) / 16)


def test_sliced_distance_of_shifted_features_is_the_shift() -> None:
    style = torch.randn(2, 1, 16, 16)
    painted = style.flip(0) + 3 * style.std()  # the same features elsewhere, all moved by three deviations
    assert sliced_distance(painted, style, places=512).item() == pytest.approx(3, rel=1e-4)


def test_sliced_distance_ignores_place_but_not_proportion() -> None:
    torch.manual_seed(0)
    ones, mixed = torch.ones(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
    mixed[..., :2] = -1
    assert sliced_distance(mixed, mixed.flip(-1)).item() == pytest.approx(0, abs=1e-6)
    assert sliced_distance(ones, mixed).item() > 0.1


def test_patch_distance_sees_direction_of_strokes() -> None:
    torch.manual_seed(0)
    stripes = torch.tensor([-1.0, 1.0]).repeat_interleave(4).repeat(4).expand(1, 3, 32, 32)
    same = patch_distance(stripes, stripes.roll(3, -1), scales=(1,))
    turned = patch_distance(stripes, stripes.transpose(2, 3), scales=(1,))
    assert turned.item() > 3 * same.item()


def test_content_distance_leaves_contrast_and_level_free() -> None:
    features = torch.randn(2, 3, 8, 8)
    assert content_distance(features * 5 + 2, features).item() == pytest.approx(0, abs=1e-3)
    assert content_distance(-features, features).item() > 1


def test_luma_distance_sees_inverted_light_but_not_tone_or_fine_texture() -> None:
    ramp = torch.linspace(-0.8, 0.8, 64).expand(1, 3, 64, 64)
    checks = 0.1 * (torch.arange(64) % 2 * 2 - 1).float()
    assert luma_distance(ramp + checks, ramp).item() < 0.02
    assert luma_distance(ramp * 0.9 + 0.05, ramp).item() < 0.05
    assert luma_distance(-ramp, ramp).item() > 1


def test_chroma_distance_sees_hues_change_places_but_not_a_warmer_palette() -> None:
    picture = torch.zeros(1, 3, 32, 64)
    picture[:, 2, :, :32], picture[:, 0, :, 32:] = 0.8, 0.8  # blue beside red
    assert chroma_distance(picture.flip(-1), picture).item() > 1
    warmer = picture * 0.9 + torch.tensor([0.1, 0.05, -0.1]).view(1, 3, 1, 1)
    assert chroma_distance(warmer, picture).item() < 0.05
    brighter = picture + 0.1
    assert chroma_distance(brighter, picture).item() < 1e-3
    assert chroma_distance(picture[:, :1], picture[:, :1]).item() == 0


def test_window_is_the_same_for_all_and_moves() -> None:
    torch.manual_seed(0)
    rows = torch.arange(64.0).view(1, 1, 64, 1).expand(1, 3, 64, 64)
    seen = set()
    for _ in range(20):
        a, b = window(8, rows, rows + 1)
        assert a.shape == (1, 3, 56, 56)
        assert torch.equal(b - a, torch.ones_like(a))
        seen.add(a[0, 0, 0, 0].item())
    assert seen <= set(range(9))
    assert len(seen) > 4


class Pixels(nn.Module):
    """Layer n is the picture times n."""

    name = "pixels"
    title = "EfficientNet-Lite0"
    at_hand = staticmethod(lambda: True)
    content_layers = (1,)
    style_layers = (1, 2)

    def maps(self, images: torch.Tensor, layers: tuple[int, ...]) -> list[torch.Tensor]:
        return [images * n for n in sorted(layers)]


def test_terms_are_weighted_and_leave_out_what_has_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chooser, "feature_maps", lambda name: Pixels())
    painted, content, style = torch.full((1, 3, 16, 16), 0.5), torch.rand(1, 3, 16, 16), torch.ones(1, 3, 16, 16)
    terms = Perceptual(style={"gram": 2.0, "mean_std": 0.0}, scales=(1, 2)).parts(painted, content, style)
    # Gram matrices 0.25 and 1 (times n^2): (0.75)^2 / 1 on either layer and scale
    assert {k: v.item() for k, v in terms.items()} == {"gram": pytest.approx(2 * 0.5625)}
    assert Perceptual().parts(painted, content, style) == {}
    everything = Perceptual(content=1, luma=1, chroma=1, patches=1).parts(painted, content, style)
    assert set(everything) == {"content", "luma", "chroma", "patches"}


def test_patches_of_brightness_do_not_see_colours() -> None:
    grey = torch.rand(1, 1, 16, 16).expand(1, 3, 16, 16)
    colour = torch.tensor([0.587, -0.299, 0.0]).view(1, 3, 1, 1)  # of no brightness
    found = [
        Perceptual(patches=1.0, patches_in_colour=chosen).parts(grey + colour, grey, grey)["patches"].item()
        for chosen in (True, False)
    ]
    assert found[0] > 0.1
    assert found[1] == pytest.approx(0, abs=1e-5)


def test_unknown_statistic_is_named() -> None:
    with pytest.raises(UserError, match="moments"):
        Perceptual(style={"moments": 1.0})


def test_network_is_neither_trained_nor_saved() -> None:
    loss = Perceptual(features="efficientnet_lite0", content=1.0, style={"gram": 1.0}, scales=(1, 2))
    painted = torch.rand(1, 3, 64, 64, requires_grad=True)
    sum(loss.parts(painted, torch.rand(1, 3, 64, 64), torch.rand(2, 3, 64, 64)).values()).backward()  # type: ignore[union-attr]
    assert painted.grad is not None
    assert painted.grad.abs().sum() > 0
    assert loss.state_dict() == {}
    assert not list(loss.parameters())


def test_auto_says_what_it_looks_through(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(weights, "reachable", lambda url: False)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: "/nowhere")
    monkeypatch.setitem(chooser.NETWORKS, "efficientnet_lite0", Pixels)
    from impasto.base.notices import forget_notices, notices

    forget_notices()
    assert chooser.feature_maps("auto").name == "pixels"
    assert "EfficientNet-Lite0" in notices()["features"]
    with pytest.raises(UserError, match="inception"):
        chooser.feature_maps("inception")


def test_vgg_without_weights_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision.models

    def refuse(weights: object) -> nn.Module:
        raise OSError("no route to host")

    monkeypatch.setattr(torchvision.models, "vgg19", refuse)
    with pytest.raises(UserError, match="weights of VGG19"):
        vgg.VGG19()


def test_vgg_layers_on_random_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision.models

    network = nn.Module()
    network.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2))
    monkeypatch.setattr(torchvision.models, "vgg19", lambda weights: network)
    first, last = vgg.VGG19().maps(torch.rand(1, 1, 8, 8), (1, 2))  # grey is repeated
    assert (first >= 0).all()
    assert last.shape == (1, 4, 4, 4)


@pytest.mark.parametrize(("side", "refused"), [(16, True), (128, False)])
def test_pictures_too_small_for_a_content_layer_are_refused(side: int, refused: bool) -> None:
    term = Perceptual(features="efficientnet_lite0", content=1.0, content_layers=[7])
    data = SimpleNamespace(image_size=(side, side))
    found = list(term.check_with(Parts(terms={"perceptual": term}, data=data)))
    assert bool(found) is refused
    if refused:
        assert found[0].sentence.startswith("term.perceptual compares layers [7] of efficientnet_lite0")
