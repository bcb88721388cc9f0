"""AdaIN as a way of training: what two steps move, and a painter through a checkpoint."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from impasto.losses.terms.adain import AdaIN
from impasto.networks.adain import AdaINGenerator
from impasto.networks.patchgan import PatchGAN
from impasto.painters.loading import load_painter
from impasto.painters.style import StylePainter, mix
from tests.models.test_style import batch, make_model
from tests.style_painter import photo, picture
from tests.test_training import same
from tests.training import composed, train, weights


@pytest.mark.parametrize("with_targets", [False, True])
def test_two_steps_move_the_decoder_alone(with_targets: bool) -> None:
    model = make_model(
        spec={part: make_model().spec["style"] for part in ("content", "style")},
        networks={
            "generator": AdaINGenerator(encoder="efficientnet_lite0", features=4),
            "discriminator": PatchGAN(features=4, layers=1, norm="none"),
        },
        terms={"adain": AdaIN()},
        adversarial=0.0,
        identity=0.0,
        wrong_style=False,
        ema_half_life_kimg=0.0,
    )
    given = {part: images for part, images in batch().items() if with_targets or part != "target"}
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(2):
        model.training_step(given, 0)
    moved = {".".join(name.split(".")[:3]) for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"networks.generator.decoder", "painters.painter.network"}
    assert model.images_seen == 16
    assert torch.equal(model.painter.network.decoder[0].weight, model.generator.decoder[0].weight)  # type: ignore


def settings(folder: Path) -> list[str]:
    """Of a tiny run on pictures that are written into a folder."""
    for part in ("content", "style"):
        (folder / part).mkdir()
        for seed in range(4):
            Image.fromarray(photo(40, 44, seed)).save(folder / part / f"{seed}.png")
    sizes = ["data.image_size=32", "data.pack_size=40", "data.batch_size=2", "model.generator.features=4"]
    sizes += ["model.discriminator.features=4", "model.discriminator.layers=1", "logger=csv"]
    return ["model=adain", "data=unpaired", *(f"data.{part}={folder / part}" for part in ("content", "style")), *sizes]


def test_a_resumed_run_is_the_uninterrupted_one(tmp_path: Path) -> None:
    overrides, whole, parts = [*settings(tmp_path), "kimg=0.008"], tmp_path / "whole", tmp_path / "parts"
    train(composed(whole, *overrides))
    train(composed(parts, *overrides, "callbacks.stop.kimg=0.004"))
    train(composed(parts, *overrides, f"resume={parts}"))
    a, b = weights(whole), weights(parts)
    assert a["impasto"]["images_seen"] == b["impasto"]["images_seen"] == 8
    assert same(a["state_dict"], b["state_dict"])
    assert same(a["optimizer_states"], b["optimizer_states"])


def test_a_painter_through_a_checkpoint(tmp_path: Path) -> None:
    train(composed(tmp_path / "run", *settings(tmp_path), "kimg=0.004"))
    saved = weights(tmp_path / "run")["state_dict"]
    assert {name.split(".")[2] for name in saved if name.startswith(("networks.generator", "painters"))} == {
        "decoder",
        "network",
    }
    painter = load_painter(tmp_path / "run", device="cpu")
    assert isinstance(painter, StylePainter)
    assert painter.trained_against == ("efficientnet_lite0",)
    content, one, two = picture(32, 48, 7), picture(24, 40, 8), picture(60, 33, 9)
    styles = [painter.encode([each]) for each in (one, two)]
    wanted = painter(content=content, style=one)
    assert torch.equal(painter.in_style(styles[0])(content=content), wanted)
    mixed = mix([(styles[0], 1.0), (styles[1], 1.0)])
    features = [painter.network.told(painter.network.maps(content)[-1], style.code[None]) for style in styles]  # type: ignore
    decoded = painter.network.decoder((features[0] + features[1]) / 2)  # type: ignore
    assert torch.allclose(painter.in_style(mixed)(content=content), decoded.clamp(-1, 1), atol=1e-5)
