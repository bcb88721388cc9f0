"""Translation after a reference: its losses by hand, its disguises, and that it learns to look."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from impasto.base.spec import ImageSpec
from impasto.inference.events import Painted
from impasto.inference.restyle import restyle
from impasto.inference.style_choice import choose_styles
from impasto.losses.adversarial import NonSaturating
from impasto.losses.terms.pixels import L1
from impasto.models.optimisation import BatchPart
from impasto.models.reference import Reference, disguised, recolored
from impasto.networks.build import build_network
from impasto.networks.patchgan import PatchGAN
from impasto.networks.reference import ReferenceGenerator
from impasto.networks.unet import UNetGenerator
from impasto.painters.loading import load_painter
from tests.training import composed, make_pictures, train

SPEC = {"content": ImageSpec(1, 16, 16), "target": ImageSpec(3, 16, 16)}


def make_model(**parts: Any) -> Reference:
    torch.manual_seed(0)
    inner = partial(UNetGenerator, features=8, levels=2, cross_attention=[8], dropout=0.0, init="xavier", init_gain=1.0)
    generator = build_network(partial(ReferenceGenerator, generator=inner), SPEC["target"], SPEC["content"])
    defaults: dict[str, Any] = {
        "spec": SPEC,
        "networks": {"generator": generator, "discriminator": PatchGAN(3, 1, features=4, layers=1)},
        "loss": NonSaturating(),
        "terms": {"l1": L1(100.0)},
        "optimizer_g": partial(torch.optim.Adam, lr=5e-3),
        "optimizer_d": partial(torch.optim.Adam, lr=1e-3),
        "ema_half_life_kimg": 0.05,
    }
    model = Reference(**{**defaults, **parts})
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers  # type: ignore[method-assign,assignment]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def plain_colours(count: int, seed: int) -> dict[str, Tensor]:
    """Grey noise, and that noise as the light of a grey picture, which is recoloured in training."""
    content = torch.rand(count, 1, 16, 16, generator=torch.Generator().manual_seed(seed)) * 0.4 - 0.2
    return {"content": content, "target": content.expand(-1, 3, -1, -1).clone()}


def test_losses_by_hand() -> None:
    model, part = make_model(), BatchPart(plain_colours(4, 0))
    model.eval()
    painted = model.paint(part)
    wanted, content = painted["wanted"], part["content"]
    fake, real = (model.discriminator(x, None, content).maps[0] for x in (painted["target"], wanted))
    softplus = torch.nn.functional.softplus
    expected = softplus(-real).mean() + softplus(fake).mean()
    assert model.discriminator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)
    expected = softplus(-fake).mean() + 100 * (painted["target"] - wanted).abs().mean()
    assert model.generator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)
    assert not torch.allclose(wanted, part["target"], atol=0.05)


def test_pictures_without_reference_keep_their_colours_and_have_an_empty_code() -> None:
    painted = make_model(alone=1.0).paint(part := BatchPart(plain_colours(4, 0)))
    assert torch.equal(painted["wanted"], part["target"])
    assert not painted["code"].any()
    assert make_model(alone=0.0).paint(part)["code"].abs().sum(1).min() > 0


def test_colours_move_by_channel_and_within_bounds() -> None:
    torch.manual_seed(0)
    images = torch.zeros(200, 3, 2, 2)
    moved = recolored(images, 0.5)
    assert torch.equal(moved, moved[..., :1, :1].expand_as(moved))  # one shift for all pixels of a channel
    assert moved.abs().max() <= 0.5
    assert moved[:, :, 0, 0].std(0).tolist() == pytest.approx([0.5 / 3**0.5] * 3, rel=0.1)  # of an even distribution
    assert torch.equal(recolored(images, 0.0), images)


def test_a_disguise_keeps_the_colours_and_moves_the_places() -> None:
    torch.manual_seed(0)
    halves = torch.cat([torch.full((40, 3, 16, 8), -1.0), torch.full((40, 3, 16, 8), 1.0)], 3)
    moved = disguised(halves, 0.2)
    assert moved.min() >= -1
    assert moved.max() <= 1
    left = moved[..., 0].mean((1, 2))
    assert 8 < (left > 0).sum() < 32  # mirrored, about every other one
    assert torch.equal(disguised(halves, 0.0)[:, :, 0, :].abs(), torch.ones(40, 3, 16))


def test_colours_that_only_the_reference_tells_are_learnt_from_it() -> None:
    model = make_model(adversarial=0, alone=0.1)
    for step in range(150):
        model.training_step(plain_colours(8, step), step)
    model.settle()
    held_out = plain_colours(16, 1000)
    torch.manual_seed(1)
    wanted = recolored(held_out["target"], 0.5)
    after, wrong = (
        (model.painter(content=held_out["content"], style=style) - wanted).abs().mean().item()
        for style in (wanted, wanted.roll(1, 0))
    )
    # Content alone leaves about a quarter: the mean distance of an even distribution over 1 from its middle.
    assert after < 0.12
    assert wrong > 2 * after


def test_a_run_is_painted_from_with_a_picture_as_the_reference(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures")
    train(
        composed(
            tmp_path / "run",
            *("model=reference", "data=paired", "data.image_size=32", "data.pack_size=32", "data.batch_size=4"),
            *(f"data.content={pictures / 'class_0'}", f"data.target={pictures / 'class_0'}", "evaluation=none"),
            *("model.generator.generator.features=4", "model.discriminator.features=4", "kimg=0.008"),
            *("model.discriminator.layers=1", "logger=csv"),
        )
    )
    Image.new("RGB", (50, 40), (200, 30, 30)).save(tmp_path / "red.png")
    Image.new("RGB", (30, 44), (90, 120, 90)).save(tmp_path / "in.png")
    painter, red = load_painter(tmp_path / "run"), choose_styles(str(tmp_path / "red.png"))
    events = list(restyle(painter, red, tmp_path / "in.png", tmp_path / "out"))
    (painted,) = [event for event in events if isinstance(event, Painted)]
    assert Image.open(painted.target).size == (30, 44)
