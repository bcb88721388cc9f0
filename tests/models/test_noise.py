"""Whether a generator knows the labels, and what follows from it."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.sheets import legend, sheet_of
from impasto.base.spec import ImageSpec
from impasto.networks.article import ArticleGenerator
from impasto.networks.dcgan import DCGANGenerator
from impasto.networks.mlp import MLPGenerator
from impasto.painters.latents import condition_taken, in_proportion
from impasto.painters.painter import Painter
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


class Numbered(Own):
    """Paints the number of the class."""

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        label = condition if condition is not None else torch.zeros(len(z))
        return (label / 512)[:, None, None, None].expand(-1, 1, 2, 2)


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
    assert condition_taken(generator, LABELLED) == (("label",) if wanted else ())
    assert condition_taken(generator, ImageSpec(1, 8, 8)) == ()


def test_labels_come_in_turn_where_the_generator_knows_them() -> None:
    spec = ImageSpec(1, 2, 2, ("a", "b", "c"))
    told, blind = (Painter(n, spec, ("latent", *condition_taken(n, spec))) for n in (Own(3), Blind(3)))
    assert told.sample(4, start=2)[:, 0, 0, 0].tolist() == [0.75, 0.25, 0.5, 0.75]
    assert told.sample(2, condition=torch.tensor([1, 1]))[:, 0, 0, 0].tolist() == [0.5, 0.5]
    assert blind.sample(2, condition=torch.tensor([1, 1])).max() == 0


def test_a_column_for_each_class_only_where_the_generator_knows_them() -> None:
    spec = ImageSpec(1, 2, 2, ("a", "b", "c"))
    for generator, conditional, columns in ((Own(3), True, 3), (Blind(3), False, 8)):
        model = make_model(spec=spec, generator=generator)
        assert model.painter.conditional is conditional
        images, found = model.preview(None, None, None)
        assert (len(images), found) == (columns * 8, columns)
        strip = model.interpolation()
        assert strip is not None
        assert len(strip[0].unique()) == (3 if conditional else 1)


@pytest.mark.parametrize(
    ("classes", "columns", "labels", "line"),
    [
        (0, 8, [0] * 64, ""),
        (16, 16, [*range(16)] * 8, "Columns: c0, c1, "),
        (27, 8, [i // 8 for i in range(27 * 8)], "Rows, from the top: c0, c1, "),
        (129, 16, [*range(129)], "One picture of each, row by row: c0, c1, "),
        (300, 16, [*range(256)], "One picture of each, row by row: c0, c1, "),
    ],
)
def test_no_class_is_missing_from_a_sheet(classes: int, columns: int, labels: list[int], line: str) -> None:
    names = tuple(f"c{i}" for i in range(classes))
    model = make_model(spec=ImageSpec(1, 2, 2, names), generator=Numbered(classes))
    images, found = model.preview(None, None, None)
    assert found == columns
    assert images[:, 0, 0, 0].mul(512).tolist() == labels
    assert legend(names).startswith(line)
    assert legend(names).endswith({0: "", 300: ", c255 (44 more are not shown)"}.get(classes, f", c{classes - 1}"))


def test_a_sheet_of_a_chosen_size_has_classes_in_turn() -> None:
    assert sheet_of(27, count=4).labels == [0, 1, 2, 3]
    assert sheet_of(3, columns=5).labels[:4] == [0, 1, 2, 0]
    assert legend(("a", "b", "c"), columns=5) == "Row by row, and from the first again: a, b, c"


class OfVectors(nn.Module):
    """Paints the first number of its condition, through batch statistics."""

    latent_dim = 2

    def __init__(self, condition_dim: int = 1) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, affine=False)
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        images = self.weight * condition[:, :1, None, None].expand(-1, 1, 2, 2)
        self.norm(images)
        return images


def of_vectors(known: list[float]) -> Any:
    """A model in training on data of these vectors."""
    model = make_model(spec=ImageSpec(1, 2, 2, condition_dim=1), generator=OfVectors())
    data = SimpleNamespace(condition_vectors=lambda count: torch.tensor(known)[:count, None])
    model._trainer = SimpleNamespace(datamodule=data)
    return model


def test_vectors_of_the_data_come_in_turn() -> None:
    model = of_vectors([0.0, 0.2, 0.4])
    images, columns = model.preview({"condition": torch.tensor([[0.1], [0.2], [0.3]])}, None, None)
    assert (len(images), columns) == (64, 8)
    assert images[:4, 0, 0, 0].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.1])
    strip = model.interpolation()
    assert strip is not None
    assert strip[0][::10, 0, 0, 0].tolist() == pytest.approx([0.0, 0.0, 0.2, 0.2, 0.4, 0.4])
    assert strip[0][:10].unique().tolist() == [0.0]


def test_batch_statistics_are_measured_with_the_vectors_of_the_data() -> None:
    model = of_vectors([0.0, 0.3, 0.6])
    model.settle()
    assert model.painter.network.norm.running_mean.item() == pytest.approx(0.3, abs=1e-3)


def test_labels_in_proportion() -> None:
    assert in_proportion([1, 1, 1], 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert in_proportion([6000] * 10, 1024).tolist() == [i % 10 for i in range(1024)]
    assert in_proportion([1, 0, 3], 8).tolist() == [2, 0, 2, 2, 2, 0, 2, 2]
    assert in_proportion([98, 13060], 1024).bincount().tolist() == [8, 1016]  # 98 / 13158 * 1024 = 7.6


class OfLabels(nn.Module):
    """Paints its label, through batch statistics."""

    latent_dim = 2

    def __init__(self, num_classes: int = 3) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, affine=False)
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        images = self.weight * condition[:, None, None, None].float().expand(-1, 1, 2, 2)
        self.norm(images)
        return images


@pytest.mark.parametrize(("weights", "mean"), [(None, 1.0), ([1, 1, 1], 1.0), ([1, 0, 3], 1.5)])
def test_batch_statistics_are_measured_with_labels_as_often_as_in_training(
    weights: list[int] | None, mean: float
) -> None:
    model: Any = make_model(spec=ImageSpec(1, 2, 2, ("a", "b", "c")), generator=OfLabels())
    model._trainer = SimpleNamespace(datamodule=SimpleNamespace(class_weights=lambda: weights))
    model.settle()
    assert model.painter.network.norm.running_mean.item() == pytest.approx(mean, abs=2e-3)


def test_a_generator_that_is_told_nothing_refuses_vectors() -> None:
    with pytest.raises(UserError, match=r"data\.vectors=null"):
        make_model(spec=ImageSpec(1, 2, 2, condition_dim=1), generator=Shift())
