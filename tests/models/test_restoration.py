"""Restoration: its losses by hand, with and without a discriminator, and what it is shown by."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.parts import Doubt, Parts
from impasto.base.spec import ImageSpec
from impasto.losses.adversarial import NonSaturating
from impasto.losses.penalties import R1
from impasto.losses.terms.pixels import Charbonnier
from impasto.models.optimisation import BatchPart
from impasto.models.restoration import Restoration
from impasto.networks.nafnet import NAFNet
from impasto.networks.patchgan import PatchGAN
from impasto.painters.restoration import RestorationPainter
from impasto.run.build import build_model, build_parts
from tests.training import composed

SPEC = {"content": ImageSpec(3, 16, 16, task="denoise"), "target": ImageSpec(3, 16, 16)}


def make_model(discriminator: bool = False, **parts: Any) -> Restoration:
    torch.manual_seed(0)
    generator = NAFNet(features=4, encoder=(1,), middle=1, decoder=(1,), scale=parts.pop("scale", 1))
    networks: dict[str, Any] = {"generator": generator}
    if discriminator:
        networks["discriminator"] = PatchGAN(3, features=4, layers=1)
    defaults: dict[str, Any] = {
        "spec": SPEC,
        "networks": networks,
        "loss": NonSaturating(),
        "terms": {"charbonnier": Charbonnier(100.0)},
        "adversarial": 1.0 if discriminator else 0,
        "optimizer_g": partial(torch.optim.Adam, lr=1e-3),
        "optimizer_d": partial(torch.optim.Adam, lr=1e-3),
    }
    model = Restoration(**{**defaults, **parts})
    optimizers: Any = model.configure_optimizers()
    # As Lightning hands them out: one alone without its list.
    model.optimizers = lambda: optimizers if len(optimizers) > 1 else optimizers[0]  # type: ignore[method-assign]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def batch() -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(1)
    return {part: torch.rand(2, 3, 16, 16, generator=g) * 2 - 1 for part in ("content", "target")}


def test_without_adversarial_loss_there_is_the_term_alone() -> None:
    model, part = make_model(), BatchPart(batch())
    painted = model.paint(part)
    expected = 100 * ((painted["target"] - part["target"]).square() + 1e-6).sqrt().mean()
    assert model.generator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)
    model.training_step(batch(), 0)
    assert model.images_seen == 2
    assert (list(model.networks), len(model.adversaries), len(model.configure_optimizers())) == (["generator"], 0, 1)


def test_losses_with_a_discriminator_by_hand() -> None:
    model, part = make_model(True), BatchPart(batch())
    painted = model.paint(part)
    fake, real = (model.discriminator(x).maps[0] for x in (painted["target"], part["target"]))
    softplus = torch.nn.functional.softplus
    expected = softplus(-real).mean() + softplus(fake).mean()
    assert model.discriminator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)
    term = 100 * ((painted["target"] - part["target"]).square() + 1e-6).sqrt().mean()
    expected = softplus(-fake).mean() + term
    assert model.generator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)
    model.training_step(batch(), 0)
    assert {"loss_g", "loss_d", "charbonnier"} <= set(model.tracker.peek())


@pytest.mark.parametrize(
    ("override", "judged"),
    [("model.adversarial=0", False), ("model.adversarial=0.5", True), ("term=[charbonnier,feature_matching]", True)],
)
def test_a_discriminator_is_built_where_something_looks_at_its_scores(
    override: str, judged: bool, tmp_path: Path
) -> None:
    cfg = composed(tmp_path, "model=restoration", "data=paired", "evaluation=paired", override)
    found = build_model(cfg, SPEC, build_parts(cfg))
    assert ("discriminator" in found.networks) == judged


def test_what_acts_on_discriminators_alone_is_doubted_without_one() -> None:
    model = make_model()
    assert not list(model.check_with(Parts(augment=torch.nn.Identity())))
    (found,) = model.check_with(Parts(penalties={"r1": R1(10.0)}))
    assert isinstance(found, Doubt)
    assert found.sentence == (
        "model.adversarial=0 leaves the discriminator out, and penalty=r1 with it: they do nothing."
    )


def test_the_painter_remembers_the_task() -> None:
    painter = make_model().painter
    assert isinstance(painter, RestorationPainter)
    assert painter.task == painter.record()["content"]["task"] == "denoise"
    pairs = {**SPEC, "content": ImageSpec(3, 16, 16)}
    assert make_model(spec=pairs).painter.task == "pairs"
    assert make_model(spec=pairs, task="dehaze").painter.task == "dehaze"
    with pytest.raises(UserError, match=r"model.task=deblur, but the data is of the task denoise"):
        make_model(task="deblur")


def test_previews_show_content_at_the_size_of_what_is_made_of_it() -> None:
    spec = {"content": ImageSpec(3, 8, 8, task="super_resolution"), "target": ImageSpec(3, 16, 16)}
    model = make_model(spec=spec, scale=2)
    shown, columns = model.preview({"content": torch.zeros(2, 3, 8, 8), "target": torch.ones(2, 3, 16, 16)}, None, None)
    assert (shown.shape, columns) == ((6, 3, 16, 16), 2)
    assert torch.equal(shown[4:], torch.ones(2, 3, 16, 16))
