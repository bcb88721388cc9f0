"""Whether a generator knows the labels, and what follows from it."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.data.spec import ImageSpec
from impasto.models.noise import is_conditional, sample
from impasto.networks.article import ArticleGenerator
from impasto.networks.dcgan import DCGANGenerator
from impasto.networks.mlp import MLPGenerator
from tests.models.test_base import Shift, make_model

LABELLED = ImageSpec(1, 8, 8, ("a", "b", "c"))
SMALL = {"latent_dim": 4, "features": 4, "max_features": 4}


class Own(nn.Module):
    """A user's network, which takes the number of classes."""

    latent_dim = 2

    def __init__(self, num_classes: int = 0) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.arange(1.0 + num_classes))

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        levels = self.table[condition + 1] if condition is not None else self.table[:1].expand(len(z))
        return (levels / 4)[:, None, None, None].expand(-1, 1, 2, 2)


class Indirect(Own):
    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)


class Blind(Own):
    conditional = False


class Counted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.labels = nn.Embedding(3, 2)


@pytest.mark.parametrize(
    ("generator", "wanted"),
    [
        (DCGANGenerator(1, 8, 8, num_classes=3, **SMALL), True),
        (DCGANGenerator(1, 8, 8, num_classes=3, conditioning="none", **SMALL), False),
        (MLPGenerator(1, 8, 8, num_classes=3, conditioning="none", **SMALL), False),
        (ArticleGenerator(1, 8, 8, latent_dim=4, widths=(4, 4, 4), dense=4), False),
        (Own(3), True),
        (Indirect(num_classes=3), True),
        (Blind(3), False),
        (Counted(), True),
        (Shift(), False),
    ],
)
def test_whether_a_generator_knows_the_labels(generator: nn.Module, wanted: bool) -> None:
    assert is_conditional(generator, LABELLED) is wanted
    assert not is_conditional(generator, ImageSpec(1, 8, 8))


def test_labels_come_in_turn_where_the_generator_knows_them() -> None:
    spec = ImageSpec(1, 2, 2, ("a", "b", "c"))
    found = sample(Own(3), spec, "normal", 4, start=2)
    assert found[:, 0, 0, 0].tolist() == [0.75, 0.25, 0.5, 0.75]
    assert sample(Own(3), spec, "normal", 2, labels=torch.tensor([1, 1]))[:, 0, 0, 0].tolist() == [0.5, 0.5]
    assert sample(Blind(3), spec, "normal", 2, labels=torch.tensor([1, 1])).max() == 0


def test_a_column_for_each_class_only_where_the_generator_knows_them() -> None:
    spec = ImageSpec(1, 2, 2, ("a", "b", "c"))
    for generator, conditional, columns in ((Own(3), True, 3), (Blind(3), False, 8)):
        model = make_model(spec=spec, generator=generator)
        assert model.conditional is conditional
        images, found = model.preview(None, None, None)
        assert (len(images), found) == (columns * 8, columns)
        strip = model.interpolation()
        assert strip is not None
        assert len(strip[0].unique()) == (3 if conditional else 1)
