"""What a discriminator says beside its score, and the losses of it, by hand."""

import shlex
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from impasto.base.errors import UserError
from impasto.base.parts import Parts
from impasto.base.spec import ImageSpec
from impasto.losses.head_losses import label_loss, no_head, rotation_loss, turned
from impasto.losses.heads import LabelPenalty, LabelTerm, RotationPenalty
from impasto.losses.penalties import DiscriminatorPass
from impasto.losses.terms.term import GeneratorPass
from impasto.networks.build import build_network
from impasto.networks.dcgan import DCGANDiscriminator
from impasto.networks.heads import LabelHead, RotationHead
from impasto.networks.scores import Scores
from tests.training import composed

CLASSES = ImageSpec(3, 16, 16, ("a", "b", "c"))
VECTORS = ImageSpec(3, 16, 16, condition_dim=2)


def discriminator(spec: ImageSpec, **heads: object) -> torch.nn.Module:
    make = partial(DCGANDiscriminator, features=4, max_features=4, norm="none", conditioning="none", heads=heads)
    return build_network(make, spec)


def scores(**heads: torch.Tensor) -> Scores:
    return Scores([torch.zeros(2)], heads=heads)


def passed(real: Scores, fake: Scores) -> DiscriminatorPass:
    pictures = torch.zeros(2, 3, 4, 4)
    return DiscriminatorPass(lambda _: real, pictures, pictures, real, fake, pictures, pictures)


def test_classes_of_real_pictures_alone_or_of_painted_ones_too() -> None:
    right = torch.tensor([0, 1])
    real = scores(label=torch.tensor([[2.0, 0.0], [0.0, 1.0]]), right=right)
    fake = scores(label=torch.tensor([[0.0, 3.0], [0.0, 0.0]]), right=right)
    # The cross-entropy of two scores that differ by d for the right one is log(1 + exp(-d)).
    of_real, of_fake = (torch.tensor(each).exp().add(1).log().mean() for each in ([-2.0, -1.0], [3.0, 0.0]))
    torch.testing.assert_close(LabelPenalty(2.0)(passed(real, fake)), 2 * of_real)
    torch.testing.assert_close(LabelPenalty(1.0, painted=True)(passed(real, fake)), of_real + of_fake)
    p = GeneratorPass(torch.zeros(2, 3, 4, 4), torch.nn.Identity(), fake_scores=fake)
    torch.testing.assert_close(LabelTerm()(p), of_fake)


def test_real_and_painted_pictures_of_a_class_apart() -> None:
    right = torch.tensor([1, 0])
    label, painted = torch.randn(2, 2), torch.randn(2, 2)
    said = scores(label=label, painted_label=painted, right=right)
    both = torch.cat([label, painted], 1)
    as_real, as_painted = F.cross_entropy(both, torch.tensor([1, 0])), F.cross_entropy(both, torch.tensor([3, 2]))
    torch.testing.assert_close(LabelPenalty()(passed(said, said)), as_real + as_painted)
    # The difference of both is that of the scores themselves: log p(real, y) - log p(painted, y).
    p = GeneratorPass(torch.zeros(2, 3, 4, 4), torch.nn.Identity(), fake_scores=said)
    torch.testing.assert_close(LabelTerm()(p), (painted[[0, 1], right] - label[[0, 1], right]).mean())


def test_vectors_are_regressed() -> None:
    heads = {"label": torch.tensor([[1.0, 2.0]]), "right": torch.tensor([[0.0, 4.0]])}
    assert label_loss(heads, True) == (1 + 4) / 2
    said = discriminator(VECTORS, label=LabelHead)(torch.randn(2, 3, 16, 16), torch.randn(2, 2)).heads
    assert said["label"].shape == said["right"].shape == (2, 2)
    with pytest.raises(UserError, match="is for classes"):
        discriminator(VECTORS, label=partial(LabelHead, apart=True))


def test_turned_pictures() -> None:
    pictures = torch.arange(16.0).view(4, 1, 2, 2)
    images, turns = turned(pictures)
    assert turns.tolist() == [0, 1, 2, 3]
    # [[4, 5], [6, 7]] a quarter to the left is [[5, 7], [4, 6]].
    assert images[:, 0].tolist() == [[[0, 1], [2, 3]], [[5, 7], [4, 6]], [[11, 10], [9, 8]], [[14, 12], [15, 13]]]
    with pytest.raises(UserError, match="square"):
        rotation_loss(torch.zeros(1, 1, 2, 3), lambda _: scores())


def test_several_heads_of_one_network_and_what_is_without() -> None:
    network = discriminator(CLASSES, label=partial(LabelHead, apart=True), rotation=RotationHead, none=None)
    labels = torch.tensor([0, 1, 2, 0])
    said = network(torch.randn(4, 3, 16, 16), labels)
    shapes = {name: tuple(each.shape) for name, each in said.heads.items()}
    assert shapes == {"label": (4, 3), "painted_label": (4, 3), "right": (4,), "turns": (4, 4)}
    loss = rotation_loss(torch.randn(4, 3, 16, 16), lambda images: network(images, labels))
    assert 0.5 < loss.item() < 3
    assert not list(RotationPenalty().check_with(Parts(discriminators={"discriminator": network})))
    wide = discriminator(ImageSpec(3, 16, 32, ("a", "b")), rotation=RotationHead)
    (refused,) = RotationPenalty().check_with(Parts(discriminators={"discriminator": wide}))
    assert "have to be square" in refused.sentence
    alone = discriminator(CLASSES)
    without = Parts(discriminators={"d": alone}, penalties={"label": LabelPenalty()})
    found = [each for part in (LabelPenalty(), LabelTerm()) for each in part.check_with(without)]
    assert [each.sentence.split()[0] for each in found] == ["penalty=label", "penalty=label"]
    (untaught,) = LabelTerm().check_with(Parts(discriminators={"discriminator": network}))
    assert "learns by penalty=label" in untaught.sentence
    with pytest.raises(UserError, match="classes or vectors"):
        discriminator(ImageSpec(3, 16, 16), label=LabelHead)


@pytest.mark.parametrize("name", ["matching", "label"])
def test_what_is_told_to_set_gives_the_head(name: str, tmp_path: Path) -> None:
    settings = shlex.split(no_head(name).split(": set ")[1].removesuffix("."))
    data = ["data=captioned_shapes"] if "condition=text" in settings else ["data=fashion_mnist"]
    cfg = composed(tmp_path, "model=cgan", *data, *settings)
    assert cfg.model.discriminator.heads[name]._target_.startswith("impasto.networks.heads.")
