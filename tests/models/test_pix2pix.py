"""pix2pix: its networks, its losses by hand, and what its discriminator is shown."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.augment.diffaugment import DiffAugment
from impasto.base.errors import UserError
from impasto.base.parts import Parts
from impasto.base.spec import ImageSpec
from impasto.losses.adversarial import NonSaturating
from impasto.losses.terms.feature_matching import FeatureMatching
from impasto.losses.terms.pixels import L1
from impasto.models.adversary import Adversary, Conditioning
from impasto.models.optimisation import BatchPart
from impasto.models.pix2pix import Pix2Pix
from impasto.networks.patchgan import MultiScalePatchGAN, PatchGAN
from impasto.networks.unet import UNetGenerator


def make_model(**parts: Any) -> Pix2Pix:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "spec": {"content": ImageSpec(1, 16, 16), "target": ImageSpec(3, 16, 16)},
        "networks": {
            "generator": UNetGenerator(3, 16, 16, given_channels=1, features=4),
            "discriminator": parts.pop("discriminator", PatchGAN(3, 1, features=4, layers=1)),
        },
        "loss": NonSaturating(),
        "terms": {"l1": L1(100.0)},
        "optimizer_g": partial(torch.optim.Adam, lr=1e-3),
        "optimizer_d": partial(torch.optim.Adam, lr=1e-3),
    }
    model = Pix2Pix(**{**defaults, **parts})
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers  # type: ignore[method-assign,assignment]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def batch() -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(1)
    return {
        "content": torch.rand(2, 1, 16, 16, generator=g) * 2 - 1,
        "target": torch.rand(2, 3, 16, 16, generator=g) * 2 - 1,
    }


def test_losses_by_hand() -> None:
    model, part = make_model(), BatchPart(batch())
    model.eval()
    painted = model.paint(part)
    fake, real = (model.discriminator(x, None, part["content"]).maps[0] for x in (painted["target"], part["target"]))
    softplus = torch.nn.functional.softplus
    expected = softplus(-real).mean() + softplus(fake).mean()
    assert model.discriminator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)
    expected = softplus(-fake).mean() + 100 * (painted["target"] - part["target"]).abs().mean()
    assert model.generator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)


def test_without_adversarial_loss_the_discriminator_rests() -> None:
    model = make_model(adversarial=0)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    model.training_step(batch(), 0)
    moved = {name.split(".")[1] for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"generator", "painter"}
    assert model.images_seen == 2


def test_the_content_is_augmented_together_with_what_is_judged() -> None:
    torch.manual_seed(0)
    adversary = Adversary(NonSaturating(), {}, DiffAugment())
    content = torch.rand(4, 3, 16, 16)
    seen, conditioning = adversary.seen(content, Conditioning(given=content))
    assert not torch.allclose(seen, content)
    assert conditioning.given is not None
    assert torch.equal(seen, conditioning.given)  # the same shift, colours and rectangle


@pytest.mark.parametrize("scales", [1, 2])
def test_feature_matching_at_one_scale_and_at_two(scales: int) -> None:
    settings = {"features": 4, "layers": 1}
    network = PatchGAN(3, 1, **settings) if scales == 1 else MultiScalePatchGAN(3, 1, scales, settings)
    terms = {"l1": L1(100.0), "feature_matching": FeatureMatching(10.0)}
    model = make_model(discriminator=network, terms=terms)
    model.training_step(batch(), 0)
    assert model.tracker.peek()["feature_matching"] > 0


def test_feature_matching_needs_no_adversarial_loss() -> None:
    model = make_model(adversarial=0, terms={"feature_matching": FeatureMatching(10.0)})
    model.training_step(batch(), 0)
    assert model.tracker.peek()["feature_matching"] > 0


def test_batch_statistics_of_real_and_painted_pictures_together_are_refused() -> None:
    model = make_model(joint_pass=True)
    assert not list(model.check_with(Parts()))
    model.networks["discriminator"] = torch.nn.Sequential(torch.nn.BatchNorm2d(4))
    (found,) = model.check_with(Parts())
    assert found.sentence.startswith("model.joint_pass=true lets real and painted pictures share")


def test_the_unet_takes_what_it_was_built_for() -> None:
    network = UNetGenerator(3, 32, 48, features=4)
    assert network.stride == 32  # five levels: the shorter side ends at one pixel
    assert network(torch.rand(1, 3, 32, 64)).shape == (1, 3, 32, 64)
    with pytest.raises(UserError, match=r"multiples of 32, not 30x48"):
        network(torch.rand(1, 3, 30, 48))
    with pytest.raises(UserError, match="levels=1"):
        UNetGenerator(levels=1)


def test_dropout_is_where_it_was_published() -> None:
    network = UNetGenerator(features=2)
    with_dropout = [i for i, level in enumerate(network.up) if any("Dropout" in type(m).__name__ for m in level)]
    assert with_dropout == [4, 5, 6]  # the three above the innermost of eight
