"""The protocol for data whose target is a label map: the classes found are compared pixel by pixel."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar, Final, Literal

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.label_maps import UNLABELLED, coloured
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import from_uint8
from impasto.base.progress import counting
from impasto.base.spec import LabelMap
from impasto.evaluation.figures.features import CHUNK, from_first
from impasto.evaluation.figures.intervals import Estimate, bootstrap, by_picture
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.figures.segmentation import (
    confusion,
    ious,
    marginals,
    matrix_picture,
    mean_accuracy,
    mean_iou,
    pixel_accuracy,
)
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.pairs import SHOWN
from impasto.evaluation.protocols.sampling import Chosen, known_of, repainter
from impasto.networks.pretrained.extractor import best_device

PAINTED: Final = "classes found"
FREQUENT: Final = "most frequent class"
NEAREST: Final = "nearest mean colour"
FIGURES: Final[dict[str, Callable[[Tensor], Tensor]]] = {
    "mean_iou": mean_iou,
    "pixel_accuracy": pixel_accuracy,
    "mean_accuracy": mean_accuracy,
}

Classify = Callable[[Tensor], Tensor]
"""uint8 pictures (n, C, H, W) to positions of classes, uint8 (n, 1, H, W)."""


class SegmentationProtocol:
    """How well the classes of pixels are found: mean intersection over union (IoU), and accuracy.

    The mean IoU is over the classes that are there or were found, of all pixels of all pictures together, as
    torchmetrics' ``JaccardIndex`` has it. Pixels without a class are left out. Intervals are of the bootstrap over
    pictures. Checkpoints are chosen by mean IoU.

    The controls learn from the pictures that were trained on: the class that is most frequent there, and for each pixel
    the class whose mean colour is nearest.

    Args:
        num_images: pictures to measure.
        num_learnt: pictures that the controls learn from.
        split: ``held_out`` pictures or those of ``train``.

    Raises:
        UserError: a number is out of range, or there is no such split.
    """

    takes: ClassVar[str] = "content"
    parts: ClassVar[tuple[str, ...]] = ("content", "target")
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)
    main: ClassVar[str] = "mean_iou"
    lower_is_better: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, *, num_images: int = 1024, num_learnt: int = 256, split: Literal["train", "held_out"] = "held_out"
    ) -> None:
        check_number("evaluation.num_images", num_images, 1)
        check_number("evaluation.num_learnt", num_learnt, 1)
        check_split(split)
        self.num_images, self.num_learnt, self.split = num_images, num_learnt, split

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data whose target is no label map."""
        if parts.data is not None and getattr(parts.data, "label_part", None) != "target":
            yield Refusal(
                "evaluation=segmentation measures label maps, and the target of this data is none: set "
                "evaluation=paired, or data=segmentation data.direction=picture_to_labels."
            )

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures.

        Raises:
            UserError: the target of the data is no label map.
        """
        check_fit(self, painter.takes)
        content, target = (data.evaluation_images(part, self.split) for part in self.parts)
        if target.label_map is None:
            raise UserError("evaluation=segmentation measures label maps: the target of this data is none.")
        if distributed.rank() > 0:
            return from_first(Measurement())
        known = known_of(data, "target")
        split = "held_out" if self.split == "held_out" and known.get("held_out", 1) else "train"
        about = {"origin": known.get("origin"), "split": split}
        learnt = [Chosen(data.evaluation_images(part, "train"), self.num_learnt) for part in self.parts]
        compared = Compared(Chosen(content, self.num_images), Chosen(target, self.num_images), repainter(painter))
        found = from_first(self._measured(compared, Learnt(*learnt), about))
        sheets = {"classes": partial(sheet_of_classes, compared), "confusion": partial(sheet_of_confusion, compared)}
        return Measurement(
            found.figures, found.comparability, found.main, found.rows, sheets, found.intervals, found.conclusions
        )

    def _measured(self, compared: "Compared", learnt: "Learnt", about: dict[str, Any]) -> Measurement:
        rows: dict[str, dict[str, float]] = {}
        intervals: dict[str, dict[str, tuple[float, float]]] = {}
        records: dict[str, dict[str, Any]] = {}
        for row, classify in {PAINTED: None, FREQUENT: learnt.frequent, NEAREST: learnt.nearest}.items():
            matrices = compared.matrices if classify is None else compared.confusions(classify, row)
            sums = marginals(matrices)
            by_pictures = by_picture(sums.double(), compared.target.cut_from)
            estimates = {name: bootstrap([by_pictures], figure) for name, figure in FIGURES.items()}
            found, told = self.further(compared, matrices, classify or compared.classify)
            estimates |= found
            rows[row] = {name: estimate.value for name, estimate in estimates.items()}
            intervals[row] = {name: ends for name, e in estimates.items() if (ends := ends_of(e)) is not None}
            if not records:
                records = self._records(compared, estimates, about)
                for name in records.keys() & told.keys():
                    records[name] |= told[name]
        for name, record in records.items():
            having = [row for row in (FREQUENT, NEAREST) if name in rows[row]]
            record["controls"] = {row: rows[row][name] for row in having}
            record["counts_of_controls"] = {row: [len(compared.target)] * 2 for row in having}
        conclusion = ", ".join(f"{name} {value:.3f}" for name, value in compared.by_class.items())
        said = {"IoU by class": conclusion}
        return Measurement(rows[PAINTED], records, self.main, rows, {}, intervals, said)

    def further(
        self, compared: "Compared", matrices: Tensor, classify: Classify
    ) -> tuple[dict[str, Estimate], dict[str, dict[str, Any]]]:
        """Further figures of one row, by name, and what their records say besides.

        Args:
            compared: the pictures and their label maps.
            matrices: confusion matrices of the pictures, (N, K, K).
            classify: what finds the classes of the row.
        """
        return {}, {}

    def _records(
        self, compared: "Compared", estimates: Mapping[str, Estimate], about: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """The record that makes each figure comparable."""
        count = len(compared.target)
        return {
            name: {
                "extractor": "pixels",
                "generated": count,
                "real": count,
                "fingerprint": compared.target.packed.fingerprint,
                "content_fingerprint": compared.content.packed.fingerprint,
                "classes": list(compared.label_map.class_names),
                **({"by_class": compared.by_class} if name == "mean_iou" else {}),
                **about,
                "interval": ends_of(estimate),
                "interval_method": estimate.method,
                "higher_is_better": name not in self.lower_is_better,
            }
            for name, estimate in estimates.items()
        }


def ends_of(estimate: Estimate) -> tuple[float, float] | None:
    """The ends of an interval; None if there is none."""
    return None if estimate.low is None or estimate.high is None else (estimate.low, estimate.high)


class Compared:
    """Pictures, the classes found in them, and their label maps.

    Args:
        content: the pictures.
        target: their label maps, in the same order.
        classify: finds classes.
    """

    def __init__(self, content: Chosen, target: Chosen, classify: Classify) -> None:
        assert target.packed.label_map is not None
        self.content, self.target, self.classify = content, target, classify
        self.label_map: LabelMap = target.packed.label_map

    def confusions(self, classify: Classify, what: str) -> Tensor:
        """The confusion matrix of each picture: int64 (N, K, K)."""
        n, parts = len(self.target), []
        with counting(f"measuring {what}", n) as tick:
            for start in range(0, n, CHUNK):
                count = min(CHUNK, n - start)
                found = classify(self.content(start, count).to(best_device())).cpu()
                parts.append(confusion(found, self.target(start, count)[:, :1], len(self.label_map.class_names)))
                tick(count)
        return torch.cat(parts)

    @cached_property
    def matrices(self) -> Tensor:
        """Those of the classes found."""
        return self.confusions(self.classify, PAINTED)

    @cached_property
    def by_class(self) -> dict[str, float]:
        """IoU by the name of the class; without classes that are neither there nor found."""
        values = ious(marginals(self.matrices.sum(0))).tolist()
        return {n: value for n, value in zip(self.label_map.class_names, values, strict=True) if value == value}


class Learnt:
    """What the controls know.

    Args:
        content: pictures.
        target: their label maps, in the same order.
    """

    def __init__(self, content: Chosen, target: Chosen) -> None:
        assert target.packed.label_map is not None
        classes = len(target.packed.label_map.class_names)
        self.pixels = torch.zeros(classes, dtype=torch.float64)
        sums = torch.zeros(classes, content.packed.shape[2], dtype=torch.float64)
        for start in range(0, len(target), CHUNK):
            count = min(CHUNK, len(target) - start)
            maps = target(start, count)[:, 0].flatten().long()
            colors = content(start, count).movedim(1, -1).flatten(0, -2).double()
            counted = maps != UNLABELLED
            self.pixels += torch.bincount(maps[counted], minlength=classes)
            sums.index_add_(0, maps[counted], colors[counted])
        self.means = torch.where(self.pixels[:, None] > 0, sums / self.pixels[:, None], torch.inf).float()

    def frequent(self, pictures: Tensor) -> Tensor:
        """The most frequent class everywhere; see :data:`Classify`."""
        return torch.full_like(pictures[:, :1], int(self.pixels.argmax()))

    def nearest(self, pictures: Tensor) -> Tensor:
        """The class whose mean colour is nearest; see :data:`Classify`."""
        colors = pictures.movedim(1, -1).float()
        means = self.means.to(colors.device)
        distance = torch.stack([(colors - mean).square().sum(-1) for mean in means], 1)
        return distance.argmin(1, keepdim=True).to(torch.uint8)


def sheet_of_classes(compared: Compared) -> Sheet:
    """Rows of a picture, the classes found in it, and its label map."""
    count = min(SHOWN, len(compared.target))
    pictures, targets = compared.content(0, count), compared.target(0, count)
    maps = [coloured(each.cpu(), compared.label_map) for each in (compared.classify(pictures), targets)]
    columns = [pictures[:, :3].expand(-1, 3, -1, -1), *maps]
    return from_uint8(torch.stack(columns, 1).flatten(0, 1)), len(columns)


def sheet_of_confusion(compared: Compared) -> Sheet:
    """The confusion matrix of all pictures."""
    return matrix_picture(compared.matrices.sum(0), compared.label_map.class_names), 1
