"""Segmentation: losses by hand, pixels without a class, and what the painter gives."""

import math
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.parts import Parts
from impasto.base.spec import ImageSpec, LabelMap
from impasto.losses.adversarial import NonSaturating
from impasto.losses.terms.cross_entropy import CrossEntropy
from impasto.losses.terms.term import GeneratorPass
from impasto.models.optimisation import BatchPart
from impasto.models.segmentation import Segmentation
from impasto.networks.patchgan import PatchGAN
from impasto.networks.unet import UNetGenerator
from impasto.painters.labels import SCALE

LABELS = LabelMap(("a", "b", "c"), ((0, 0, 0), (255, 0, 0), (0, 255, 0)), (0, 1, 2), 255)


def make_model(**parts: Any) -> Segmentation:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "spec": {"content": ImageSpec(3, 16, 24), "target": ImageSpec(3, 16, 24, label_map=LABELS)},
        "networks": {
            "generator": UNetGenerator(3, 16, 24, given_channels=3, features=4, levels=3, dropout=0.0),
            "discriminator": PatchGAN(3, 3, features=4, layers=1),
        },
        "loss": NonSaturating(),
        "terms": {"cross_entropy": CrossEntropy()},
        "optimizer_g": partial(torch.optim.Adam, lr=1e-2),
        "optimizer_d": partial(torch.optim.Adam, lr=1e-3),
    }
    model = Segmentation(**{**defaults, **parts})
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers  # type: ignore[method-assign,assignment]
    model.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,assignment]
    return model


def batch() -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(1)
    classes = torch.randint(0, 3, (2, 16, 24), generator=g)
    target = torch.nn.functional.one_hot(classes, 3).permute(0, 3, 1, 2).float()
    target[:, :, :3] = 0  # without a class
    return {"content": torch.rand(2, 3, 16, 24, generator=g) * 2 - 1, "target": target}


def test_cross_entropy_by_hand_and_as_torch_has_it() -> None:
    probabilities = torch.tensor([0.5, 0.25, 0.25]).view(1, 3, 1, 1).expand(1, 3, 1, 2)
    target = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]).view(1, 3, 1, 2)
    p = GeneratorPass(probabilities, torch.nn.Identity(), target=target)
    assert CrossEntropy()(p).item() == pytest.approx((math.log(2) + math.log(4)) / 2)
    assert CrossEntropy(class_weights=[1, 3, 1])(p).item() == pytest.approx((math.log(2) + 3 * math.log(4)) / 4)
    with pytest.raises(UserError, match="has 2 numbers, and there are 3 classes"):
        CrossEntropy(class_weights=[1, 2])(p)
    scores, part = torch.randn(2, 3, 16, 24), batch()
    index = torch.where(part["target"].sum(1) > 0, part["target"].argmax(1), 255)
    expected = torch.nn.functional.cross_entropy(scores, index, ignore_index=255, weight=torch.tensor([1.0, 2.0, 5.0]))
    p = GeneratorPass(scores.softmax(1), torch.nn.Identity(), target=part["target"])
    torch.testing.assert_close(CrossEntropy(class_weights=[1, 2, 5])(p), expected)
    nothing = GeneratorPass(scores.softmax(1), torch.nn.Identity(), target=torch.zeros_like(scores))
    assert CrossEntropy()(nothing).item() == 0


def test_losses_by_hand() -> None:
    model, part = make_model(adversarial=0.1), BatchPart(batch())
    model.eval()
    painted = model.paint(part)
    scores = SCALE * model.generator(part["content"])
    torch.testing.assert_close(painted["target"], scores.softmax(1))
    shown = painted["target"].clone()
    shown[:, :, :3] = 0
    fake, real = (model.discriminator(x, None, part["content"]).maps[0] for x in (shown, part["target"]))
    softplus = torch.nn.functional.softplus
    expected = softplus(-real).mean() + softplus(fake).mean()
    assert model.discriminator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)
    index = torch.where(part["target"].sum(1) > 0, part["target"].argmax(1), 255)
    entropy = torch.nn.functional.cross_entropy(scores, index, ignore_index=255)
    expected = 0.1 * softplus(-fake).mean() + entropy
    assert model.generator_loss(part, painted).item() == pytest.approx(expected.item(), rel=1e-5)


def test_it_learns_a_batch_by_heart_with_and_without_the_adversary() -> None:
    for adversarial in (0.0, 0.01):
        model, part = make_model(adversarial=adversarial, ema_half_life_kimg=0), batch()
        part["target"] = torch.zeros_like(part["target"])
        part["target"][:, 0, :, :12] = part["target"][:, 2, :, 12:] = 1
        for _ in range(60):
            model.training_step(part, 0)
        assert model.tracker.peek()["cross_entropy"] < 0.5
        found = model.painter(content=part["content"])
        torch.testing.assert_close(found.sum(1), torch.ones(2, 16, 24))
        assert (found.argmax(1) == part["target"].argmax(1)).float().mean() > 0.9


def test_without_adversary_it_needs_no_discriminator() -> None:
    networks = {"generator": make_model().networks["generator"]}
    model = make_model(adversarial=0, networks=networks)
    before = {name: p.detach().clone() for name, p in model.generator.named_parameters()}
    model.training_step(batch(), 0)
    assert any(not torch.equal(p, before[name]) for name, p in model.generator.named_parameters())


def test_previews_show_classes_in_their_colours() -> None:
    model = make_model()
    images, columns = model.preview(batch(), None, None)
    assert images.shape == (6, 3, 16, 24)
    assert columns == 2
    colors = ((images[2:] + 1) * 127.5).round().permute(0, 2, 3, 1).reshape(-1, 3).int().unique(dim=0).tolist()
    assert [0, 0, 0] in colors
    assert len(colors) <= 4


def test_what_it_cannot_learn_from_is_refused() -> None:
    class Data:
        label_part = "content"

    found = [each.sentence for each in make_model().check_with(Parts(data=Data()))]
    assert len(found) == 1
    assert "data.direction=picture_to_labels" in found[0]
    Data.label_part = "target"
    assert not list(make_model().check_with(Parts(data=Data(), terms={"cross_entropy": CrossEntropy()})))
    nothing = make_model(adversarial=0, terms={})
    assert "set term=cross_entropy" in next(iter(nothing.check_with(Parts(data=Data())))).sentence
