"""CycleGAN: what is painted, its losses by hand, and its pools."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.losses.adversarial import LSGAN
from impasto.losses.terms.cycle import Cycle, Identity
from impasto.models.cyclegan import CycleGAN
from impasto.models.optimisation import BatchPart
from impasto.networks.patchgan import PatchGAN
from impasto.networks.resnet_translation import TranslationGenerator


def make_model(channels: int = 3, **parts: Any) -> CycleGAN:
    torch.manual_seed(0)
    content, style = ImageSpec(3, 16, 16), ImageSpec(channels, 16, 16)
    defaults: dict[str, Any] = {
        "spec": {"content": content, "style": style},
        "networks": {
            "generator": TranslationGenerator(channels, 3, features=4, blocks=1, upsampling="transposed"),
            "generator_back": TranslationGenerator(3, channels, features=4, blocks=1),
            "discriminator": PatchGAN(channels, features=4, layers=1),
            "discriminator_back": PatchGAN(3, features=4, layers=1),
        },
        "loss": LSGAN(generator_half=False),
        "terms": {"cycle": Cycle(10.0), "identity": Identity(5.0)},
        "optimizer_g": partial(torch.optim.Adam, lr=1e-3),
        "optimizer_d": partial(torch.optim.Adam, lr=1e-3),
    }
    model = CycleGAN(**{**defaults, **parts})
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers  # type: ignore[method-assign,assignment]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def batch(channels: int = 3) -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(1)
    return {
        "content": torch.rand(2, 3, 16, 16, generator=g) * 2 - 1,
        "style": torch.rand(2, channels, 16, 16, generator=g) * 2 - 1,
    }


@pytest.mark.parametrize(
    "parts", [{}, {"accumulate": 2}, {"n_critic": 2}, {"joint_pass": True}, {"terms": {}}], ids=str
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


def test_losses_by_hand() -> None:
    model, part = make_model(), BatchPart(batch())
    there, back = model.networks["generator"], model.networks["generator_back"]
    content, style = part["content"], part["style"]
    painted = model.paint(part)
    fake_style, fake_content = there(content), back(style)
    torch.testing.assert_close(painted["style"], fake_style)
    score, score_back = (lambda x, n=n: model.networks[n](x).maps[0] for n in ("discriminator", "discriminator_back"))
    wanted = (score(fake_style) - 1).square().mean() + (score_back(fake_content) - 1).square().mean()
    wanted = wanted + 10 * ((back(fake_style) - content).abs().mean() + (there(fake_content) - style).abs().mean())
    wanted = wanted + 5 * ((there(style) - style).abs().mean() + (back(content) - content).abs().mean())
    assert model.generator_loss(part, painted).item() == pytest.approx(wanted.item(), rel=1e-5)
    pairs = ((score, style, fake_style), (score_back, content, fake_content))
    halves = [0.5 * ((f(real) - 1).square().mean() + f(fake).square().mean()) for f, real, fake in pairs]
    assert model.discriminator_loss(part, painted).item() == pytest.approx(sum(h.item() for h in halves), rel=1e-5)


def test_judging_in_one_pass_gives_the_same_loss() -> None:
    values = []
    for joint in (False, True):
        model, part = make_model(joint_pass=joint), BatchPart(batch())
        values.append(model.discriminator_loss(part, model.paint(part)).item())
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_both_directions_paint_and_follow() -> None:
    model = make_model()
    assert list(model.painters) == ["content_to_style", "style_to_content"]
    assert [model.network_of(name) for name in model.painters] == ["generator", "generator_back"]
    data = batch()
    model.training_step(data, 0)
    sheet, columns = model.preview(data, None, None)
    assert columns == 2
    assert torch.equal(sheet[2:4], model.painters["content_to_style"](content=data["content"]))
    assert torch.equal(sheet[6:8], model.painters["style_to_content"](content=data["style"]))


def test_grey_to_colour_goes_without_identity() -> None:
    with pytest.raises(UserError, match="term=identity needs content and style with as many channels"):
        make_model(channels=1)
    model = make_model(channels=1, terms={"cycle": Cycle(10.0)})
    model.training_step(batch(channels=1), 0)
    assert model.painter.gives.channels == 1


def test_the_discriminators_see_pictures_painted_before() -> None:
    model = make_model(pool_size=2)
    for i in range(3):
        model.training_step(batch(), i)
    assert model.pool.filled == 2
    assert model.pool.images.abs().sum() > 0
    assert "pool.images" in model.state_dict()


def test_identity_without_weight_costs_no_pass() -> None:
    assert not make_model(terms={"cycle": Cycle(10.0), "identity": Identity(0.0)}).keeps_identity


def test_the_last_row_of_a_preview_is_filled_up() -> None:
    model, content = make_model(), torch.rand(3, 3, 16, 16)
    sheet, columns = model.preview({"content": content}, None, 2)
    assert (len(sheet), columns) == (8, 2)
    assert torch.equal(sheet[4], content[2])
    assert sheet[5].min() == sheet[7].min() == 1
