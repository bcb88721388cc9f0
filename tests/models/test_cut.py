"""Contrastive translation: its networks, its step, and its published settings."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.instantiate import make
from impasto.base.spec import ImageSpec
from impasto.data.module import ImageDataModule
from impasto.data.sources.unpaired import open_unpaired
from impasto.losses.adversarial import LSGAN
from impasto.losses.terms.nce import PatchNCE, PatchSampleMLP
from impasto.losses.terms.perceptual import Perceptual
from impasto.models.cut import CUT
from impasto.models.optimisation import BatchPart
from impasto.networks.layers.norm import InstanceNorm
from impasto.networks.patchgan import PatchGAN
from impasto.networks.resnet_translation import BlurDown, TranslationGenerator
from tests.training import composed


def make_model(**parts: Any) -> CUT:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "spec": {"content": ImageSpec(3, 16, 16), "style": ImageSpec(3, 16, 16)},
        "networks": {
            "generator": TranslationGenerator(features=4, blocks=1),
            "discriminator": PatchGAN(features=4, layers=1),
        },
        "loss": LSGAN(),
        "optimizer_g": partial(torch.optim.Adam, lr=1e-3),
        "optimizer_d": partial(torch.optim.Adam, lr=1e-3),
    }
    weight, identity = parts.pop("nce", 1.0), parts.pop("nce_identity", True)
    terms = {"nce": PatchNCE(weight, identity, (0, 4, 8), 16, 8)} if weight else {}
    if "perceptual" in parts:
        terms["perceptual"] = parts.pop("perceptual")
    if "generator" in parts:
        defaults["networks"]["generator"] = parts.pop("generator")
    model = CUT(**{**defaults, "terms": terms, **parts})
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers  # type: ignore[method-assign,assignment]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def batch() -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(1)
    return {name: torch.rand(2, 3, 16, 16, generator=g) * 2 - 1 for name in ("content", "style")}


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_generator_keeps_shape_and_range(norm: Any, antialias: bool, channels: int) -> None:
    network = TranslationGenerator(channels, features=4, blocks=1, norm=norm, antialias=antialias, dropout=0.1)
    painted = network(torch.rand(2, channels, 20, 36) * 2 - 1)
    assert painted.shape == (2, channels, 20, 36)
    assert painted.abs().max() <= 1


def test_residual_generator_starts_as_the_identity() -> None:
    picture = torch.rand(1, 3, 16, 16) * 1.9 - 0.95
    assert (TranslationGenerator(features=4, blocks=1, residual=True)(picture) - picture).abs().max() < 0.1


@pytest.mark.parametrize("residual", [False, True])
def test_pictures_are_float32_under_autocast(residual: bool) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (
            TranslationGenerator(features=4, blocks=1, residual=residual)(torch.rand(1, 3, 16, 16)).dtype
            == torch.float32
        )


def test_layer_numbers_are_those_of_the_published_code() -> None:
    network = TranslationGenerator(features=8, blocks=9)
    features = network.activations(torch.rand(1, 3, 32, 32), (16, 0, 4, 8, 12))
    shapes = [tuple(f.shape[1:]) for f in features]
    assert shapes == [(3, 38, 38), (16, 32, 32), (32, 16, 16), (32, 8, 8), (32, 8, 8)]
    assert network.widths((0, 4, 8, 12, 16)) == [3, 16, 32, 32, 32]


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_activations_are_kept_as_each_layer_made_them(norm: Any) -> None:
    network = TranslationGenerator(features=4, blocks=1, norm=norm)
    picture, made = torch.rand(1, 3, 16, 16), []
    for layer in network.layers[:13]:
        layer.register_forward_hook(lambda _, given, result: made.append(result.clone()))
    with torch.no_grad():
        network(picture)
        found = network.activations(picture, range(13))
    assert found[4].min() < 0  # a convolution's result, not yet rectified
    for number in range(13):
        torch.testing.assert_close(found[number], made[number], rtol=0, atol=1e-5)


def test_layers_and_sizes_that_are_not_there_are_named() -> None:
    network = TranslationGenerator(features=4, blocks=1)
    with pytest.raises(UserError, match=r"term\.nce\.layers=\[99\]"):
        network.widths((99,))
    with pytest.raises(UserError, match="multiples of 4"):
        network(torch.rand(1, 3, 18, 16))
    with pytest.raises(UserError, match="no normalisation 'group'; set norm to one of"):
        TranslationGenerator(norm="group")  # type: ignore[arg-type]


def test_blur_by_hand() -> None:
    row = torch.tensor([0.0, 4.0, 8.0, 0.0]).expand(1, 1, 4, 4)
    # reflected: 4 0 4 8 0; at 0: (4 + 2 * 0 + 4) / 4, at 2: (4 + 2 * 8 + 0) / 4
    assert BlurDown()(row)[0, 0, 0].tolist() == [2.0, 5.0]


def test_instance_norm_is_torchs_and_takes_given_statistics() -> None:
    x = torch.randn(2, 3, 8, 8)
    norm = InstanceNorm()
    assert torch.allclose(norm(x), torch.nn.functional.instance_norm(x), atol=1e-5)
    norm.statistics = torch.ones(1, 3, 1, 1), torch.full((1, 3, 1, 1), 4.0)
    assert torch.allclose(norm(x), (x - 1) / 2, atol=1e-4)


@pytest.mark.parametrize(
    ("layers", "antialias", "pixels"),
    # 4x4 kernels of stride 2, the last two of 1; with antialias all of 1, and a 3x3 blur of stride 2 after the others
    [(1, False, 16), (2, False, 34), (3, False, 70), (1, True, 18), (2, True, 40), (3, True, 84)],
)
def test_what_a_score_of_the_patchgan_sees(layers: int, antialias: bool, pixels: int) -> None:
    network = PatchGAN(features=2, layers=layers, norm="none", antialias=antialias)
    picture = torch.rand(1, 3, 128, 128, requires_grad=True)
    scores = network(picture).maps[0]
    assert scores.shape[2:] == (128 // 2**layers - 2,) * 2
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    assert picture.grad is not None
    seen = picture.grad.abs().sum((0, 1)).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [pixels, pixels]


@pytest.mark.parametrize("antialias", [False, True])
def test_the_patchgan_takes_every_size_that_it_says_it_does(antialias: bool) -> None:
    for layers in (1, 2, 3):
        network = PatchGAN(features=2, layers=layers, antialias=antialias)
        for side in range(network.smallest, network.smallest + 5):
            assert network(torch.rand(1, 3, side, side + 3)).maps[0].numel() > 0


def test_initial_weights_have_the_gain_asked_for() -> None:
    # Xavier: gain * sqrt(2 / (fan-in + fan-out)); 0.02 in the published code of CUT
    networks = {
        "generator": TranslationGenerator(features=32, blocks=1, init_gain=0.02).layers[8],  # 3x3, 64 to 128
        "discriminator": PatchGAN(features=32, init_gain=0.02).layers[2],  # 4x4, 32 to 64
        "projection": PatchSampleMLP([64], dim=256, init_gain=0.02).projections[0][0],  # 64 to 256
    }
    fans = {"generator": 9 * (64 + 128), "discriminator": 16 * (32 + 64), "projection": 64 + 256}
    for name, layer in networks.items():
        assert layer.weight.std().item() == pytest.approx(0.02 * (2 / fans[name]) ** 0.5, rel=0.05)  # type: ignore[union-attr]
        assert layer.bias.abs().max() == 0  # type: ignore[union-attr]


def test_patchgan_options() -> None:
    for options in ({"spectral_norm": True}, {"antialias": True}, {"norm": "none"}):
        assert PatchGAN(1, features=4, layers=2, **options)(torch.rand(1, 1, 32, 32)).maps[0].ndim == 4  # type: ignore[arg-type]
    with pytest.raises(UserError, match="at least 32x32"):
        PatchGAN(features=4)(torch.rand(1, 3, 16, 16))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"nce": 10.0, "nce_identity": False, "flip_equivariance": True},
        {"nce": 0.0},
        {"accumulate": 2},
        {"n_critic": 2},
        {"perceptual": Perceptual(luma=1.0, patches=1.0)},
    ],
    ids=str,
)
def test_step_moves_every_network(parts: dict[str, Any]) -> None:
    model = make_model(**parts)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for i in range(model.n_critic):
        model.training_step(batch(), i)
    still = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    # a bias before instance norm does nothing
    assert not [name for name in still if not name.startswith("painters") and not name.endswith("bias")]
    assert model.images_seen == 2 * model.n_critic


def test_generator_repaints_once_for_both_losses() -> None:
    model = make_model(nce=0.0)
    calls = []
    model.generator.register_forward_hook(lambda *_: calls.append(1))
    model.training_step(batch(), 0)
    assert len(calls) == 1


def test_losses_by_hand() -> None:
    model = make_model(nce=0.0, adversarial=2.0)
    data = batch()
    data = BatchPart(data)
    painted = model.generator(data["content"])
    scores = {k: model.discriminator(v).maps[0] for k, v in (("real", data["style"]), ("fake", painted))}
    expected = 0.5 * ((scores["real"] - 1).square().mean() + scores["fake"].square().mean())
    assert model.discriminator_loss(data, {"style": painted}).item() == pytest.approx(expected.item(), rel=1e-5)
    loss = model.generator_loss(data, {"style": painted, "flipped": False})
    assert loss.item() == pytest.approx((scores["fake"] - 1).square().mean().item(), rel=1e-5)


@pytest.mark.parametrize(
    ("batch_size", "accumulate", "size", "batches"), [(1, 1, 4, 16), (32, 1, 32, 8), (32, 4, 8, 8)]
)
def test_batch_statistics_of_the_average_are_measured_on_content(
    batch_size: int, accumulate: int, size: int, batches: int, tmp_path: Path
) -> None:
    data = ImageDataModule(
        pictures=open_unpaired,
        parts={"content": "independently", "style": "independently"},
        content="sample:fishes",
        image_size=16,
        pack_size=16,
        batch_size=batch_size,
        cache_dir=str(tmp_path),
    )
    data.prepare_data()
    network = TranslationGenerator(features=4, blocks=1, norm="batch")
    model: Any = make_model(generator=network, accumulate=accumulate)
    model._trainer = SimpleNamespace(datamodule=data)
    norm = model.painter.network.layers[2]
    inputs: list[Tensor] = []
    norm.register_forward_hook(lambda _, given, result: inputs.append(given[0]))
    model.settle()
    assert [len(x) for x in inputs] == [size] * batches  # as training sees them, and not fewer than 4
    expected = torch.stack([x.mean((0, 2, 3)) for x in inputs]).mean(0)
    torch.testing.assert_close(norm.running_mean, expected, rtol=1e-4, atol=1e-5)
    model.settle()
    assert len(inputs) == batches  # nothing was updated since
    instance: Any = make_model()
    instance.settle()  # asks for no data


@pytest.mark.parametrize("loss", ["lsgan_whole", "hinge"])
def test_the_published_weights_hold_for_any_loss(tmp_path: Path, loss: str) -> None:
    cfg = composed(tmp_path, "model=cut", "data=unpaired", *([] if loss == "lsgan_whole" else [f"loss={loss}"]))
    assert cfg.model.adversarial == 1  # lambda_GAN of the published code
    assert make(cfg.loss).generator(torch.zeros(2)).item() == (1 if loss == "lsgan_whole" else 0)


def test_preview_puts_each_picture_above_its_repainting() -> None:
    model = make_model()
    content = batch()["content"]
    sheet, columns = model.preview({"content": content}, None, None)
    assert columns == 2
    assert torch.equal(sheet[:2], content)
    assert torch.equal(sheet[2:], model.painter(content=content))
    sheet, columns = model.preview({"content": content}, None, 1)
    assert torch.equal(sheet[::2], content)
