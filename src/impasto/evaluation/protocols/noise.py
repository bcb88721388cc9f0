"""The protocol for pictures painted from noise, which are compared with real ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import numpy as np
import torch
from torch import Tensor, nn

from impasto.base.checks import check_number
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.pixels import from_uint8
from impasto.base.progress import counting
from impasto.base.ranges import Seed
from impasto.base.sheets import sheet_of
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.by_class import LabelClassifier, measure_classes, measure_diversity
from impasto.evaluation.figures.copied_crops import measure_crops
from impasto.evaluation.figures.distances import some_positions
from impasto.evaluation.figures.features import (
    Features,
    Pictures,
    RealFeatures,
    TrainedOn,
    collect,
    from_first,
    outputs_sha256,
)
from impasto.evaluation.figures.metrics import (
    MEASURES,
    Figure,
    Settings,
    check_metrics,
    check_split,
    measure,
    preferred,
    public_name,
)
from impasto.evaluation.figures.neighbours import nearest, neighbour_sheet
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import conditions_for, origin_of, pictures_of
from impasto.evaluation.real.classifier import can_be_classified, classifier_for
from impasto.evaluation.real.features import uint8_slice
from impasto.evaluation.real.sets import RealSets
from impasto.networks.pretrained.chooser import check_features, choose_extractor
from impasto.networks.pretrained.extractor import Extractor

METRICS: Final = (*MEASURES, "classes")
CROPS_SEARCHED: Final = 32
"""Crops of each picture among which the sheet's nearest ones are searched."""


@dataclass(frozen=True)
class RealPictures:
    """What generated pictures are measured against.

    Attributes:
        compared: pictures to compare with.
        split: of the data that they are; None for pictures without a split.
        origin: where they come from.
        trained_on: pictures trained on, among which copies are searched; None searches ``compared``.
        canvases: whole pictures that those trained on are crops of; None if they are not crops.
    """

    compared: PackedImages
    split: str | None = None
    origin: str = ""
    trained_on: PackedImages | None = None
    canvases: PackedImages | None = None


class NoiseProtocol:
    """Figures of pictures painted from noise, from one pass over real and one over generated pictures.

    Args:
        features: see :func:`impasto.networks.pretrained.chooser.choose_extractor`.
        weights_path: Inception's weights; None downloads them.
        num_images: pictures to generate.
        num_real: real pictures to compare with, drawn at random but always the same ones; None takes all.
        num_searched: pictures trained on among which copies are searched, chosen likewise; None takes all.
        metrics: any of ``frechet``, ``kid``, ``inception_score``, ``precision_recall``, ``density_coverage``,
            ``memorisation`` and, for labelled pictures, ``classes``.
        split: part of the data to compare with: ``train`` or ``held_out``.
        kid_subsets: subsets that KID is averaged over.
        kid_subset_size: samples in each, or as many as there are.
        precision_neighbours: k of precision and recall.
        density_neighbours: k of density and coverage.
        cache_dir: folder for features of real pictures and for classifiers of them; None is the project's cache.
        seed: of the generated pictures.

    Raises:
        UserError: a metric, a split or an extractor does not exist, weights cannot be had, or a number is out of range.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self,
        *,
        features: str | Extractor | nn.Module = "auto",
        weights_path: str | None = None,
        num_images: int = 2048,
        num_real: int | None = 10_000,
        num_searched: int | None = None,
        metrics: Sequence[str] = METRICS,
        split: Literal["train", "held_out"] = "train",
        kid_subsets: int = 100,
        kid_subset_size: int = 1000,
        precision_neighbours: int = 3,
        density_neighbours: int = 5,
        cache_dir: str | None = None,
        seed: Seed = 0,
    ) -> None:
        self.metrics = check_metrics(metrics, METRICS)
        check_number("evaluation.num_images", num_images, 2)
        for name, number in (("num_real", num_real), ("num_searched", num_searched)):
            if number is not None:
                check_number(f"evaluation.{name}", number, 2)
        check_number("evaluation.seed", seed, 0)
        check_split(split)
        check_features(features, weights_path)
        self.features, self.weights_path = features, weights_path
        self.num_images, self.num_real, self.num_searched = num_images, num_real, num_searched
        self.split, self.seed = split, seed
        self.settings = Settings(kid_subsets, kid_subset_size, precision_neighbours, density_neighbours)
        self.cache_dir = Path(cache_dir).expanduser() if cache_dir is not None else None

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Refuse to measure against held-out pictures if there are none."""
        held_out = getattr(parts.data, "held_out", {})  # empty until the pictures are read
        none_held_out = getattr(parts.data, "holdout", None) == 0 or held_out.get("image", self) is None
        if self.split == "held_out" and none_held_out:
            yield Refusal(
                "evaluation.split=held_out, but no pictures are held out: set data.holdout, such as 0.1, or "
                "evaluation.split=train."
            )

    @cached_property
    def extractor(self) -> Extractor:
        """The network, loaded when it is first wanted."""
        return choose_extractor(self.features, self.weights_path)

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter against a data module's pictures; every process must call it, and gets the figures."""
        check_fit(self, painter.takes)
        real = data.evaluation_images("image", self.split)
        trained_on = data.evaluation_images("image", "train")
        conditions = conditions_for(painter, real, self.num_images)
        whole = getattr(data, "train", {})  # a user's own data module need not have it
        generate = pictures_of(painter.sample, self.seed, conditions)
        found = self.measure_pictures(
            generate,
            RealPictures(
                real,
                self.split,
                origin_of(data, "image"),
                trained_on,
                whole.get("image"),
            ),
            labels=conditions if real.labels is not None else None,
        )
        samples = partial(sample_sheet, painter, self.seed, conditions if real.vectors is not None else None)
        return replace(found, sheets={"samples": samples, **found.sheets})

    def measure_pictures(
        self, generate: Pictures, real: RealPictures, *, num_images: int | None = None, labels: Tensor | None = None
    ) -> Measurement:
        """Measure generated pictures against real ones; every process must call it, and gets the figures.

        Args:
            generate: given a start and a count, generated pictures as uint8 (count, C, H, W); picture i must not depend
                on the start.
            real: what to compare with.
            num_images: pictures to generate; None takes the protocol's own number.
            labels: (num_images,) classes that the generated pictures were asked for.
        """
        n, compared = num_images or self.num_images, real.compared
        classifier = self._classifier(compared)
        learnt = (compared, real.split) if real.trained_on is None else (real.trained_on, "train")
        sets = RealSets(compared, self.num_real, real.split, *learnt, self.cache_dir)
        # Others than those compared with, for the floor of the Fréchet distance.
        extent = n if "frechet" in self.metrics else 0, self._searched(learnt[0])
        with counting("measuring real pictures", sets.total(*extent)) as tick:
            known = sets.seen_by(self.extractor, *extent, tick)
            of_classifier = sets.seen_by(classifier.network, n, 0) if classifier else None
        networks = [self.extractor, classifier.network] if classifier is not None else [self.extractor]
        with counting("measuring generated pictures", n) as tick:
            fake, *classified = collect(networks, generate, n, tick)
        if known is None:
            return from_first(Measurement())
        found = measure(self.metrics, fake, known, self.settings)
        if classifier is not None:
            found |= self._by_class(classifier, (fake, known), (classified[0], of_classifier), compared, labels)
        if known.pictures is not None and "memorisation" in self.metrics:
            found |= measure_crops(generate, n, real.canvases)
        names = {name: public_name(name, self.extractor.name) for name in found}
        measurement = from_first(
            Measurement(
                {names[name]: figure.value for name, figure in found.items()},
                {names[name]: record for name, record in self._records(found, fake, known, real).items()},
                preferred(found, self.extractor, n, len(known.values)),
            )
        )
        if known.trained_on is None or "memorisation" not in self.metrics:
            return measurement
        searched = real.trained_on if real.trained_on is not None else compared
        make = partial(sheet_of_neighbours, generate, fake.values, known.trained_on, searched)
        return replace(measurement, sheets={"neighbours": make})

    def _searched(self, trained_on: PackedImages) -> int | None:
        """How many of the pictures trained on are searched; None is all. A few crops of each picture are enough: copied
        crops are found by their pixels, and features only choose what the sheet of neighbours shows.
        """
        if "memorisation" not in self.metrics:
            return 0
        if trained_on.cut_from is None:
            return self.num_searched
        most = CROPS_SEARCHED * len(np.unique(trained_on.cut_from))
        return most if self.num_searched is None else min(most, self.num_searched)

    def _classifier(self, real: PackedImages) -> LabelClassifier | None:
        """The classifier of labelled pictures, if figures by class are wanted."""
        if "classes" not in self.metrics or len(real.class_names) < 2 or not can_be_classified(real):
            return None
        return classifier_for(real, folder=self.cache_dir)

    def _by_class(
        self,
        classifier: LabelClassifier,
        seen: tuple[Features, RealFeatures],
        classified: tuple[Features, RealFeatures | None],
        real: PackedImages,
        labels: Tensor | None,
    ) -> dict[str, Figure]:
        """Figures by class, from the features of both sides by the extractor and by the classifier."""
        assert real.labels is not None
        real_labels = torch.from_numpy(np.asarray(real.labels)[some_positions(len(real), self.num_real)])
        names = real.class_names
        found = measure_classes(classifier, *classified, real_labels, labels, names)
        return found | measure_diversity(*seen, real_labels, labels, classified[0], names)

    def _records(
        self, found: dict[str, Figure], fake: Features, known: RealFeatures, real: RealPictures
    ) -> dict[str, dict[str, Any]]:
        """The record that makes each figure comparable."""
        common = {
            "extractor": self.extractor.name,
            "weights_sha256": self.extractor.weights_sha256,
            "outputs_sha256": outputs_sha256(self.extractor, real.compared.shape),
            "resizer": self.extractor.resizer,
            "generated": len(fake),
            "real": len(known.values),
            "real_available": len(real.compared),
            "real_pictures": None if known.pictures is None else len(torch.unique(known.pictures)),
            "fingerprint": real.compared.fingerprint,
            "split": real.split,
            "origin": real.origin,
            "seed": self.seed,
        }
        return {
            name: {**common, **figure.protocol, "higher_is_better": figure.higher_is_better}
            for name, figure in found.items()
        }


def sample_sheet(painter: Any, seed: int, vectors: Tensor | None) -> Sheet:
    """Pictures of every class, or under some of the condition vectors (m, K)."""
    layout = sheet_of(painter.gives.num_classes if painter.conditional else 0)
    conditions = vectors if vectors is not None else torch.tensor(layout.labels)
    pictures = pictures_of(painter.sample, seed, conditions)
    return from_uint8(pictures(0, len(layout.labels)).cpu()), layout.columns


def sheet_of_neighbours(
    generate: Pictures, features: Tensor, known: TrainedOn, trained_on: PackedImages, rows: int = 16, k: int = 5
) -> Sheet:
    """The first generated pictures, each followed by the pictures trained on that are nearest to it.

    Args:
        generate: pictures by number.
        features: theirs (n, d).
        known: features of the pictures trained on.
        trained_on: those pictures.
        rows: generated pictures to show, at most.
        k: pictures beside each, at most.
    """
    rows, k = min(rows, len(features)), min(k, len(known.values))
    positions = known.positions[nearest(features[:rows], known.values, k).index.flatten().numpy()]
    found = uint8_slice(trained_on, positions, 0, len(positions)).unflatten(0, (rows, k))
    return neighbour_sheet(generate(0, rows).cpu(), found)
