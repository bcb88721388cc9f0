"""Segmentation: IoU by hand and as torchmetrics has it, the controls, the table and the sheets."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix, MulticlassJaccardIndex

from impasto.base.parts import Parts
from impasto.data.segmentation import SegmentationDataModule
from impasto.data.sources.segmentation import open_segmentation
from impasto.evaluation.figures.segmentation import (
    confusion,
    ious,
    marginals,
    matrix_picture,
    mean_accuracy,
    mean_iou,
    pixel_accuracy,
)
from impasto.evaluation.protocols.paired import PairedProtocol
from impasto.evaluation.protocols.segmentation import FREQUENT, NEAREST, PAINTED, SegmentationProtocol
from impasto.painters.labels import LabelPainter
from impasto.painters.painter import Painter
from tests.evaluation.conftest import TinyExtractor


def test_figures_by_hand() -> None:
    target = torch.tensor([[[[0, 0, 0, 1], [1, 255, 255, 1]]]], dtype=torch.uint8)
    found = torch.tensor([[[[0, 0, 1, 1], [1, 0, 2, 0]]]], dtype=torch.uint8)
    matrix = confusion(found, target, 4)
    assert matrix.tolist() == [[[2, 1, 0, 0], [1, 2, 0, 0], [0] * 4, [0] * 4]]
    sums = marginals(matrix.sum(0))
    assert ious(sums)[:2].tolist() == [0.5, 0.5]
    assert math.isnan(ious(sums)[2])  # what is found where no class is known does not count
    assert mean_iou(sums).item() == 0.5
    assert pixel_accuracy(sums).item() == pytest.approx(4 / 6)
    assert mean_accuracy(sums).item() == pytest.approx(2 / 3)
    wrong = marginals(torch.tensor([[0, 0, 3], [0, 1, 0], [0, 0, 0]]))
    assert ious(wrong).tolist() == [0, 1, 0]  # a class that is only found counts as 0
    assert mean_accuracy(wrong).item() == 0.5


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_those_of_torchmetrics(seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    classes = 7
    target = torch.randint(0, classes - 1, (5, 1, 13, 17), generator=g).to(torch.uint8)
    found = torch.where(torch.rand(target.shape, generator=g) < 0.6, target, target.flip(-1))
    target[torch.rand(target.shape, generator=g) < 0.2] = 255
    target[:, :, 0, 0] = 255  # with something ignored in each
    matrix = confusion(found, target, classes)
    assert matrix.shape == (5, classes, classes)
    sums, given = marginals(matrix.sum(0)), (found.long(), target.long())

    def theirs(metric: Any, **settings: Any) -> torch.Tensor:
        return metric(num_classes=classes, ignore_index=255, **settings)(*given)

    assert torch.equal(matrix.sum(0), theirs(MulticlassConfusionMatrix))
    assert mean_iou(sums).item() == pytest.approx(theirs(MulticlassJaccardIndex, average="macro").item(), abs=1e-6)
    each = theirs(MulticlassJaccardIndex, average="none")
    torch.testing.assert_close(ious(sums).nan_to_num(0).float(), each)
    assert pixel_accuracy(sums).item() == pytest.approx(theirs(MulticlassAccuracy, average="micro").item(), abs=1e-6)
    assert mean_accuracy(sums).item() == pytest.approx(theirs(MulticlassAccuracy, average="macro").item(), abs=1e-6)


class Perfect(torch.nn.Module):
    """Finds the class of shapes that are plain colours, by a table."""

    def __init__(self, classes: torch.Tensor, pictures: torch.Tensor) -> None:
        super().__init__()
        self.classes, self.pictures = classes, pictures
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, content: torch.Tensor) -> torch.Tensor:
        which = (content[:, None] - self.pictures[None]).abs().flatten(2).sum(2).argmin(1)
        return self.classes[which] * 2 - 1


@pytest.fixture
def data(tmp_path: Path) -> SegmentationDataModule:
    made = SegmentationDataModule(
        pictures=open_segmentation,
        example={"count": 40},
        image_size=24,
        pack_size=24,
        holdout=0.25,
        resize="stretch",
        cache_dir=str(tmp_path),
    )
    made.prepare_data()
    made.setup("fit")
    return made


def test_a_painter_is_measured_beside_its_controls(data: SegmentationDataModule) -> None:
    preview = data.preview_batch(100)
    assert preview is not None
    network = Perfect(preview["target"], preview["content"])
    painter = LabelPainter(network, data.spec["target"], ("content",), data.spec["content"]).eval()
    found = SegmentationProtocol().measure(painter, data)
    assert list(found.rows) == [PAINTED, FREQUENT, NEAREST]
    assert found.figures == {"mean_iou": 1.0, "pixel_accuracy": 1.0, "mean_accuracy": 1.0}
    assert found.main == "mean_iou"
    target = data.evaluation_images("target", "held_out")
    shares = torch.bincount(torch.from_numpy(target.batch(range(10))).flatten().long(), minlength=6) / (10 * 24 * 24)
    frequent = found.rows[FREQUENT]  # the ground
    assert frequent["pixel_accuracy"] == pytest.approx(shares[0].item())
    assert frequent["mean_iou"] == pytest.approx(shares[0].item() / (shares > 0).sum().item())
    assert 0 < found.rows[NEAREST]["mean_iou"] < 0.6
    record = found.comparability["mean_iou"]
    assert record["split"] == "held_out"
    assert record["generated"] == 10
    assert record["controls"][FREQUENT] == frequent["mean_iou"]
    assert record["by_class"]["ground"] == 1.0
    low, high = found.intervals[NEAREST]["mean_iou"]
    assert low < found.rows[NEAREST]["mean_iou"] < high
    sheet, columns = found.sheets["classes"]()
    assert (sheet.shape, columns) == ((24, 3, 24, 24), 3)
    assert torch.equal(sheet[1], sheet[2])
    matrix, columns = found.sheets["confusion"]()
    assert columns == 1
    assert matrix.shape[:2] == (1, 3)


def test_the_matrix_is_drawn_for_many_classes() -> None:
    for count in (1, 2, 40):
        picture = matrix_picture(torch.eye(count, dtype=torch.int64), [f"class {i}" for i in range(count)])
        assert picture.min() >= -1
        assert picture.max() <= 1


def test_protocols_refuse_targets_of_the_other_kind(tmp_path: Path) -> None:
    class Data:
        label_part = "target"

    assert not list(SegmentationProtocol().check_with(Parts(data=Data())))
    (found,) = PairedProtocol(cache_dir=str(tmp_path)).check_with(Parts(data=Data()))
    assert "set evaluation=segmentation" in found.sentence
    Data.label_part = "content"
    (found,) = SegmentationProtocol().check_with(Parts(data=Data()))
    assert "evaluation=paired" in found.sentence


class Colours(torch.nn.Module):
    """Paints each class in its colour; boundaries are not seen."""

    def __init__(self, colors: Any) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(colors).float() / 127.5 - 1)

    def forward(self, content: torch.Tensor) -> torch.Tensor:
        assert content.shape[1] == len(self.weight) + 1
        return torch.einsum("nkhw,kc->nchw", content[:, :-1], self.weight)


def test_pictures_painted_from_label_maps_are_measured_beside_the_maps_in_colours(tmp_path: Path) -> None:
    data = SegmentationDataModule(
        pictures=open_segmentation,
        direction="labels_to_picture",
        example={"count": 20},
        image_size=24,
        pack_size=24,
        holdout=0.25,
        resize="stretch",
        cache_dir=str(tmp_path),
    )
    data.prepare_data()
    data.setup("fit")
    network = Colours(data.label_map.colors)
    painter = Painter(network, data.spec["target"], ("content",), data.spec["content"]).eval()
    settings: dict[str, Any] = {"metrics": ["psnr", "frechet"], "features": TinyExtractor(), "cache_dir": str(tmp_path)}
    found = PairedProtocol(**settings).measure(painter, data)
    rows = list(found.rows.values())
    assert rows[0] == pytest.approx(rows[1])  # the control is the map in its colours, which is what it paints
    maps, pictures = (data.evaluation_images(part, "held_out").batch(range(5)) for part in ("content", "target"))
    colors = np.array(data.label_map.colors)[maps[..., 0]]
    errors = ((colors - pictures) / 127.5).reshape(5, -1) ** 2
    assert found.figures["psnr"] == pytest.approx((10 * np.log10(4 / errors.mean(1))).mean(), abs=1e-3)
    sheet, columns = found.sheets["pairs"]()
    assert (sheet.shape, columns) == ((15, 3, 24, 24), 3)
    assert torch.equal(sheet[0], sheet[1])
