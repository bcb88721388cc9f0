"""The style model: what it paints by which code, what its discriminator is shown, and what stays as it is."""

import math
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.base.spec import ImageSpec
from impasto.losses.adversarial import Hinge
from impasto.losses.terms.style_code import StyleCode
from impasto.models.optimisation import BatchPart
from impasto.models.style import Style, at_brush, with_identities
from impasto.networks.patchgan import MultiScalePatchGAN
from impasto.networks.style_generator import StyleGenerator
from impasto.painters.style import PaintStyle, StylePainter, mix


def make_model(brush: float = 1.0, **parts: Any) -> Style:
    torch.manual_seed(0)
    settings = {"features": 4, "layers": 1, "norm": "none", "projection": 4 + 9 + 1}
    defaults: dict[str, Any] = {
        "spec": dict.fromkeys(("content", "target", "style"), ImageSpec(3, 32, 32)),
        "networks": {
            "generator": StyleGenerator(features=(4, 8), blocks=(0, 1), last=3, brush=brush, code=4, hidden=5),
            "discriminator": MultiScalePatchGAN(scales=2, settings=settings),
        },
        "loss": Hinge(),
        "terms": {"style_code": StyleCode()},
        "optimizer_g": partial(torch.optim.Adam, lr=1e-3),
        "optimizer_d": partial(torch.optim.Adam, lr=1e-3),
    }
    model = Style(**{**defaults, **parts})
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers  # type: ignore[method-assign,assignment]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def batch(real: bool = False) -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(1)
    counts = {"content": 8, "target": 8, "style": 8} | (
        {"photo": 2, "painting": 2, "painting_other": 2} if real else {}
    )
    return {name: torch.rand(n, 3, 32, 32, generator=g) * 2 - 1 for name, n in counts.items()}


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("wrong_style", [False, True])
def test_a_step_moves_both_networks(real: bool, wrong_style: bool) -> None:
    model = make_model(wrong_style=wrong_style)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(2):
        model.training_step(batch(real), 0)
    moved = {".".join(name.split(".")[:2]) for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved >= {"networks.generator", "networks.discriminator"}
    assert model.images_seen == 16
    assert model.diversity.ratio() is not None


def test_losses_by_hand() -> None:
    model = make_model(identity=0.0, terms={})
    model.eval()
    part = BatchPart(batch())
    painted = model.paint(part)
    code, fake, target = torch.nn.functional.pad(painted["code"], (0, 1)), painted["painted"], part["target"]
    right, wrong, generated = (
        model.discriminator(x, c).maps for x, c in ((target, code), (target, code.roll(1, 0)), (fake, code))
    )
    relu = torch.nn.functional.relu
    scales = [
        relu(1 - r).mean() + (relu(1 + w).mean() + relu(1 + f).mean()) / 2
        for r, w, f in zip(right, wrong, generated, strict=True)
    ]
    assert model.discriminator_loss(part, painted).item() == pytest.approx(sum(scales).item() / 2, rel=1e-5)
    adversarial = -sum(f.mean() for f in generated) / 2
    assert model.generator_loss(part, painted).item() == pytest.approx(adversarial.item(), rel=1e-4, abs=1e-6)


def test_real_paintings_have_no_target_of_their_content() -> None:
    model, part = make_model(identity=0.0), BatchPart(batch(real=True))
    painted = model.paint(part)
    assert painted["paired"] == 8
    assert torch.equal(painted["content"][8:], part["photo"])
    assert torch.equal(painted["target"][8:], part["painting"])
    assert torch.equal(painted["style"][8:], part["painting_other"])


def test_at_another_brush_the_style_is_reduced_or_what_is_painted_is() -> None:
    content, target, style = (torch.rand(1, 3, 32, 32) for _ in range(3))
    # 32 / 1.5 = 21.3, of which the nearest multiple of 8 is 24: strokes 32 / 24 as large.
    *larger, brush = at_brush(content, target, style, math.log2(1.5), 8)
    assert [x.shape[-1] for x in larger] == [32, 32, 24]
    assert brush == pytest.approx(math.log2(32 / 24))
    *smaller, brush = at_brush(content, target, style, -math.log2(1.5), 8)
    assert [x.shape[-1] for x in smaller] == [24, 24, 32]
    assert brush == pytest.approx(-math.log2(32 / 24))
    assert at_brush(content, target, style, 0.0, 8) == (content, target, style, 0.0)


def test_generator_and_discriminator_are_told_the_brush() -> None:
    model, part = make_model(identity=0.0, brush=2.0), BatchPart(batch())
    torch.manual_seed(1)
    painted = model.paint(part)
    brush = painted["told"][0, -1].item()
    assert brush != 0
    assert torch.equal(painted["told"][:, :-1], painted["code"].detach())
    sizes = {name: painted[name].shape[-1] for name in ("content", "style")}
    assert math.log2(sizes["content"] / sizes["style"]) == pytest.approx(brush, abs=0.1)
    assert model.discriminator_loss(part, painted).isfinite()


def test_identities() -> None:
    content, target, style = (torch.arange(8.0).view(8, 1, 1, 1) + 10 * i for i in range(3))
    found = [x.flatten().tolist() for x in with_identities(content, target, style, 0.25)]
    assert found[0] == [0, 1, 2, 3, 4, 5, 16, 7]  # the sixth: a target as content; the seventh: a photograph
    assert found[1] == [10, 11, 12, 13, 14, 15, 16, 7]
    assert found[2] == [20, 21, 22, 23, 24, 25, 26, 7]
    assert with_identities(content, target, style, 0.0)[0] is content


def test_the_painter_takes_pictures_and_codes_and_is_fixed_for_one_style() -> None:
    painter = make_model().painter
    assert isinstance(painter, StylePainter)
    content, style = torch.rand(1, 3, 32, 32) * 2 - 1, torch.rand(1, 3, 20, 44) * 2 - 1
    found = painter.encode([style])
    wanted = painter(content=content, style=style)
    assert torch.equal(painter(content=content, style=found.code[None]), wanted)
    torch.testing.assert_close(painter.in_style(found)(content=content), wanted)
    assert painter.in_style(found).takes == ("content",)


def test_mixing_by_hand() -> None:
    one = PaintStyle(torch.tensor([1.0, 0.0]), {"a.bias": torch.tensor([4.0])})
    two = PaintStyle(torch.tensor([0.0, 4.0]), {"b.bias": torch.tensor([8.0])})
    mixed = mix([(one, 1.0), (two, 3.0)])
    assert mixed.code.tolist() == [0.25, 3.0]
    assert {name: delta.tolist() for name, delta in mixed.deltas.items()} == {"a.bias": [1.0], "b.bias": [6.0]}


def test_preview_shows_content_style_painted_and_target() -> None:
    model = make_model()
    pictures, columns = model.preview(batch(), None, 5)
    assert (pictures.shape, columns) == ((20, 3, 32, 32), 5)
    assert torch.equal(pictures[:5], batch()["content"][:5])
