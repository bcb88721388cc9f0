"""Every part in every network: it is there and works, or the network refuses it in one sentence."""

import inspect
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.networks.article import ArticleDiscriminator, ArticleGenerator
from impasto.networks.build import build_network
from impasto.networks.coarse_to_fine import CoarseToFineGenerator
from impasto.networks.half_unet import HalfUNet
from impasto.networks.layers.attention import CrossAttention, SelfAttention
from impasto.networks.mlp import MLPDiscriminator, MLPGenerator
from impasto.networks.nafnet import NAFNet
from impasto.networks.part_settings import part_names
from impasto.networks.patchgan import MultiScalePatchGAN, PatchGAN
from impasto.networks.resnet_translation import TranslationGenerator
from impasto.networks.scores import Scores
from impasto.networks.style_generator import StyleGenerator
from impasto.networks.unet import UNetGenerator
from tests.networks.conftest import PAIRS, stirred

SPEC = ImageSpec(3, 32, 48, ("a", "b", "c"))
CONTENT = ImageSpec(1, 32, 48)
SMALL = {"features": 4, "max_features": 8}
NOISE = {"latent_dim": 6, "embedding": 5}
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    **{f"{name} generator": partial(pair.generator, **pair.sizes, **NOISE) for name, pair in PAIRS.items()},
    **{f"{name} discriminator": partial(pair.discriminator, **pair.sizes) for name, pair in PAIRS.items()},
    "translation": partial(TranslationGenerator, features=4, blocks=2),
    "u-net": partial(UNetGenerator, features=4, levels=3, dropout=0.0),
    "patchgan": partial(PatchGAN, features=4, layers=2),
    "half u-net": partial(HalfUNet, features=4, blocks=1, keep=False),
    "coarse to fine": partial(CoarseToFineGenerator, features=4, halvings=2, blocks=1, enhancer_blocks=1),
    "nafnet": partial(NAFNet, features=4, encoder=(1, 1), middle=1, decoder=(1, 1)),
    "style": partial(StyleGenerator, features=(4, 8), blocks=(0, 1), last=4, code=8, hidden=8),
    "article generator": partial(ArticleGenerator, widths=(4, 4), dense=8),
    "article discriminator": partial(ArticleDiscriminator, widths=(4, 4)),
}
PARTS: dict[str, dict[str, Any]] = {
    "attention": {"attention": [8]},
    "cross_attention": {"cross_attention": [8, 16]},
    "pyramid": {"pyramid": True},
    "antialias": {"antialias": True},
    "dropout": {"dropout": 0.5},
    "conditioning": {"conditioning": "norm"},
    "norm": {"norm": "layer"},
    "all": {"attention": [8], "cross_attention": [16], "pyramid": True, "antialias": True, "dropout": 0.2},
}
REFUSED = {
    "mlp generator": {"attention", "cross_attention", "pyramid", "antialias", "all", "conditioning"},
    "mlp discriminator": {"attention", "cross_attention", "pyramid", "antialias", "all"},
    "nafnet": {"antialias", "all", "norm"},
    "coarse to fine": {"antialias", "all"},
    **dict.fromkeys(("article generator", "article discriminator", "style"), set(PARTS) - {"norm"}),
}
"""Networks without feature maps of a picture, or with a way of their own; they have no choice of norms either."""
REPAINTERS = {"translation", "u-net", "half u-net", "coarse to fine", "nafnet"}
GIVEN = {*REPAINTERS, "patchgan"}


def built(name: str, **parts: Any) -> nn.Module:
    factory: Any = NETWORKS[name]
    return build_network(
        partial(factory.func, **{**factory.keywords, **parts}), SPEC, CONTENT if name in GIVEN else None
    )


def inputs(name: str, n: int = 3) -> dict[str, Tensor]:
    labels = torch.arange(n) % 3
    if name in REPAINTERS:
        return {"content" if name == "nafnet" else "images": torch.rand(n, 1, 32, 48), "condition": labels}
    if name == "patchgan":
        return {"images": torch.rand(n, 3, 32, 48), "condition": labels, "given": torch.rand(n, 1, 32, 48)}
    return {
        "z" if "generator" in name else "x": torch.randn(n, 6) if "generator" in name else torch.rand(n, 3, 32, 48),
        "condition": labels,
    }


def run(network: nn.Module, given: dict[str, Tensor]) -> Tensor:
    told = hasattr(network, "insertion") or "condition" in inspect.signature(network.forward).parameters
    made = network(*given.values()) if told else network(next(iter(given.values())))
    return Scores.of(made).flat() if "z" not in given else made


def options_of(name: str, part: str) -> dict[str, Any]:
    """A discriminator from noise has its own kinds of conditioning."""
    if part == "conditioning" and "discriminator" in name:
        return {"conditioning": "projection"}
    return PARTS[part]


def takes(name: str, part: str) -> bool:
    if name in ("article generator", "article discriminator", "style") and part == "norm":
        return False
    return part not in REFUSED.get(name, set())


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_part_in_every_network(name: str, part: str) -> None:
    options = options_of(name, part)
    if not takes(name, part):
        sentence = "keyword argument|takes no|no conditioning"
        with pytest.raises((UserError, TypeError), match=sentence):
            built(name, **options)
        return
    network, given = stirred(built(name, **options)), inputs(name)
    made = run(network, given)
    assert made.shape == run(built(name), given).shape
    made.square().sum().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    # The global generator of a coarse-to-fine one ends in a layer that it needs alone.
    assert [n for n in idle if not n.startswith("coarse_end")] == []
    copy = deepcopy(network).eval()
    torch.testing.assert_close(run(copy, given), run(network.eval(), given))
    again = built(name, **options).eval()
    again.load_state_dict(network.state_dict())
    torch.testing.assert_close(run(again, given), run(network, given))


@pytest.mark.parametrize("name", [n for n in NETWORKS if takes(n, "attention")])
def test_a_part_changes_what_it_is_for(name: str) -> None:
    torch.manual_seed(3)
    given = inputs(name)
    attending = stirred(built(name, cross_attention=[8])).eval()
    kinds = [type(m) for m in attending.modules()]
    assert kinds.count(CrossAttention) == 1
    assert kinds.count(SelfAttention) == 0
    before = run(attending, given)
    if name in GIVEN:
        told = attending.insertion  # type: ignore[union-attr]
        told.tokens.first.weight.data.mul_(-1)  # type: ignore[union-attr]
        assert not torch.equal(run(attending, given), before)
    for part in ("pyramid", "antialias") if takes(name, "antialias") else ("pyramid",):
        torch.manual_seed(5)
        plain = built(name, antialias=False).eval()
        changed = stirred(built(name, **{part: True})).eval()
        changed.load_state_dict(plain.state_dict(), strict=False)
        assert not torch.equal(run(changed, given), run(plain, given)), part


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_labels_change_what_is_painted_and_judged(name: str) -> None:
    network = stirred(built(name, conditioning="norm")).eval()
    given = inputs(name, 1)
    a, b = (run(network, {**given, "condition": torch.tensor([label])}) for label in (0, 1))
    assert not torch.allclose(a, b)
    with pytest.raises(UserError, match="got none; pass integer labels"):
        network(next(iter(given.values())))


def test_without_parts_nothing_is_changed() -> None:
    """The same weights from the same seed, no layer more, and no hook."""
    for name, factory in NETWORKS.items():
        torch.manual_seed(0)
        idle: dict[str, Any] = {"attention": [], "pyramid": False, "cross_attention": []}
        plain = built(name)
        torch.manual_seed(0)
        settings = {} if name.startswith(("mlp", "article", "style")) else idle
        other = built(name, **settings)
        assert [n for n, _ in plain.named_modules()] == [n for n, _ in other.named_modules()]
        assert all(
            torch.equal(a, b) for a, b in zip(plain.state_dict().values(), other.state_dict().values(), strict=True)
        )
        assert not other._forward_pre_hooks
        assert callable(factory)


def test_refusals_name_the_remedy() -> None:
    with pytest.raises(
        UserError, match=r"MLPGenerator takes no attention, pyramid, .*leave them out, or choose a netw"
    ):
        built("mlp generator", attention=[8], pyramid=True)
    with pytest.raises(
        UserError, match=r"cross_attention: PatchGAN is given nothing here.*set cross_attention_to=learned"
    ):
        build_network(partial(PatchGAN, features=4, cross_attention=[8]), ImageSpec(3, 32, 32))
    with pytest.raises(
        UserError, match=r"cross_attention_to=latent: UNetGenerator is given no such thing here; choose"
    ):
        build_network(
            partial(UNetGenerator, features=4, cross_attention=[8], cross_attention_to="latent"),
            ImageSpec(3, 32, 32),
            CONTENT,
        )
    discriminator = built("patchgan", cross_attention=[8])
    with pytest.raises(UserError, match="attends to the picture beside, and got none: pass given"):
        discriminator(torch.rand(1, 3, 32, 48))
    with pytest.raises(
        UserError, match="cross_attention_to=noise is not known: choose one of auto, words, given, latent"
    ):
        built("u-net", cross_attention=[8], cross_attention_to="noise")
    with pytest.raises(UserError, match=r"dropout=1\.5"):
        built("patchgan", dropout=1.5)


def test_attention_to_a_label() -> None:
    generator = stirred(built("dcgan generator", cross_attention=[8], cross_attention_to="condition")).eval()
    z = torch.randn(1, 6).expand(2, 6)
    native = generator.conditioning if hasattr(generator, "conditioning") else None
    assert native is None
    a, b = generator(z, torch.tensor([0, 1]))
    assert not torch.allclose(a, b)


def test_attention_to_a_second_picture_of_any_size() -> None:
    generator = stirred(built("u-net", cross_attention=[8])).eval()
    images, other = torch.rand(2, 1, 32, 48), torch.rand(2, 1, 20, 20)
    assert torch.equal(generator(images), generator(images, given=images))
    assert not torch.allclose(generator(images), generator(images, given=other))


def test_attention_to_learned_vectors() -> None:
    network = stirred(built("patchgan", cross_attention=[8], cross_attention_to="learned", cross_attention_vectors=5))
    scores = network(torch.rand(2, 3, 32, 48), None, torch.rand(2, 1, 32, 48)).maps[0]
    scores.sum().backward()
    vectors = network.insertion.tokens.vectors  # type: ignore[union-attr]
    assert vectors.shape == (5, 64)  # type: ignore[union-attr]
    assert vectors.grad.abs().sum() > 0  # type: ignore[union-attr]


def test_a_resolution_between_two_goes_to_the_nearest_and_to_the_decoder() -> None:
    network = built("u-net", attention=[9])
    assert isinstance(network.get_submodule("up.2.1"), SelfAttention)  # 32 / 4 = 8
    network = built("patchgan", attention=[8, 7])  # two layers that halve 32, and one that takes a pixel
    assert isinstance(network.get_submodule("layers.5.0"), SelfAttention)
    assert isinstance(network.get_submodule("layers.8.0"), SelfAttention)
    network = built("translation", attention=[30, 7])
    assert isinstance(network.get_submodule("layers.22.0"), SelfAttention)  # after the last up-sampling
    assert isinstance(network.get_submodule("layers.12.1"), SelfAttention)  # after the first of two blocks


def test_layers_of_a_translation_keep_their_numbers() -> None:
    plain, fitted = built("translation"), built("translation", pyramid=True, cross_attention=[8])
    images = torch.rand(2, 1, 32, 48)
    assert len(plain.layers) == len(fitted.layers)  # type: ignore[arg-type]
    layers = [0, 4, 8, 12, 13]
    assert plain.widths(layers) == fitted.widths(layers)  # type: ignore[operator]
    seen = fitted.activations(images, layers)  # type: ignore[operator]
    assert [tuple(f.shape) for f in seen] == [tuple(f.shape) for f in plain.activations(images, layers)]  # type: ignore[operator]


def test_parts_reach_farther() -> None:
    """A pixel of the painting depends on none beyond the reach that a network with parts declares."""
    network = stirred(build_network(partial(HalfUNet, features=4, blocks=1, pyramid=True, antialias=True), SPEC)).eval()
    reach = int(network.reach)  # type: ignore[arg-type]
    assert reach == 24 + 8 + 4 * 4
    images = torch.zeros(1, 3, 16, 160, requires_grad=True)
    network(images)[0, :, 8, 80].sum().backward()
    assert images.grad is not None
    columns = images.grad.abs().sum((0, 1, 2)).nonzero()
    assert 80 - reach <= columns.min() < columns.max() <= 80 + reach


def test_parts_of_every_scale() -> None:
    network = MultiScalePatchGAN(3, 1, 2, {"features": 4, "layers": 2, "cross_attention": [8]}, 32, 48)
    assert sum(isinstance(m, CrossAttention) for m in network.modules()) == 2
    scores = network(torch.rand(2, 3, 32, 48), None, torch.rand(2, 1, 32, 48))
    assert len(scores.maps) == 2


def test_spectral_norm_reaches_the_parts() -> None:
    network = built("resnet discriminator", pyramid=True, cross_attention=[8], attention=[8], spectral_norm=True)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            assert "weight" in getattr(module, "parametrizations", {}), module


def test_names_of_parts_are_those_that_a_class_does_not_take_itself() -> None:
    assert "attention" in part_names(UNetGenerator)
    assert "dropout" not in part_names(UNetGenerator)
    assert not part_names(StyleGenerator)
    assert not part_names(MLPGenerator)
    assert not part_names(MLPDiscriminator)


def test_second_derivatives_through_all_parts() -> None:
    discriminator = stirred(built("patchgan", **PARTS["all"])).double().eval()
    images = torch.rand(2, 3, 32, 48, dtype=torch.float64, requires_grad=True)
    content = torch.rand(2, 1, 32, 48, dtype=torch.float64)
    scores = discriminator(images, None, content)
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    gradient.square().sum().backward()
    assert images.grad is not None
    assert images.grad.isfinite().all()


def test_pictures_take_tasks_in_turn_or_all_the_one_that_is_set() -> None:
    torch.manual_seed(0)
    network = build_network(partial(TranslationGenerator, features=4, blocks=1, tasks=["a", "b"]), CONTENT, CONTENT)
    network = stirred(network).eval()
    picture = torch.rand(1, 1, 32, 48).expand(3, -1, -1, -1)
    in_turn = network(picture)
    assert torch.allclose(in_turn[0], in_turn[2], atol=1e-6)
    assert not torch.allclose(in_turn[0], in_turn[1], atol=1e-3)
    copy = deepcopy(network)
    copy.insertion.task = 1  # type: ignore[union-attr,assignment]
    assert torch.allclose(copy(picture), in_turn[1].expand(3, -1, -1, -1), atol=1e-5)
    assert torch.equal(network(picture), in_turn)
    with pytest.raises(UserError, match="a label and a task"):
        build_network(partial(TranslationGenerator, features=4, conditioning="norm", tasks=["a"]), SPEC)
