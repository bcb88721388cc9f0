"""Measures how close generated pictures are to real ones, and says what makes each figure comparable."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor, nn

from impasto.base.checks import check_number
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.progress import counting
from impasto.base.ranges import Seed
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.by_class import measure_classes, measure_diversity
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
from impasto.evaluation.figures.figures import (
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
from impasto.evaluation.protocols.pictures import conditions_for, pictures_of
from impasto.evaluation.real.classifier import classifier_for
from impasto.evaluation.real.features import uint8_slice
from impasto.evaluation.real.sets import RealSets
from impasto.networks.pretrained.chooser import check_features, choose_extractor
from impasto.networks.pretrained.extractor import Extractor

METRICS: Final = (*MEASURES, "classes")


class Evaluator:
    """Every figure of pictures painted from noise, from one pass over real and one over generated pictures.

    Args:
        features: see :func:`impasto.networks.pretrained.chooser.choose_extractor`.
        weights_path: Inception's weights, where they are not to be downloaded.
        num_images: pictures to generate.
        num_real: real pictures to compare with, chosen by chance but always the same; all where null.
        num_searched: pictures trained on among which copies are looked for, likewise; all where null.
        metrics: any of ``frechet``, ``kid``, ``inception_score``, ``precision_recall``, ``density_coverage``,
            ``memorisation`` and, for labelled pictures, ``classes``.
        split: part of the data to compare with: ``train`` or ``held_out``.
        kid_subsets: subsets that KID is averaged over.
        kid_subset_size: samples in each, or as many as there are.
        precision_neighbours: k of precision and recall.
        density_neighbours: k of density and coverage.
        cache_dir: folder for features of real pictures and for classifiers of them; in the project's cache where null.
        seed: of the generated pictures.

    Attributes:
        comparability: by figure, what makes it comparable; plain values.
        main_metric: the figure to choose checkpoints by.
        bar: draw progress bars; for scripts that draw no other.

    Raises:
        UserError: a metric, a part of the data or an extractor that does not exist, weights that cannot be had, or a
            number out of range.
    """

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
        self.comparability: dict[str, dict[str, Any]] = {}
        self.main_metric: str | None = None
        self.bar = False
        self._latest: tuple[Tensor, TrainedOn] | None = None

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Refuse to measure against pictures held out where there are none."""
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

    def evaluate(
        self,
        generate: Pictures,
        real: PackedImages,
        *,
        num_images: int | None = None,
        labels: Tensor | None = None,
        origin: str = "",
        split: str | None = None,
        trained_on: PackedImages | None = None,
        canvases: PackedImages | None = None,
    ) -> dict[str, float]:
        """Measure generated pictures against real ones; every process must call it, and gets the figures.

        Args:
            generate: given a start and a count, generated pictures as uint8 (count, C, H, W); picture i must not depend
                on the start.
            real: pictures to compare with.
            num_images: how many to generate, where it is not the evaluator's own number.
            labels: (num_images,) what the generated pictures were asked to be.
            origin: where the real pictures come from, for the record.
            split: which part of their data set they are, likewise; none where they are no part of one.
            trained_on: pictures trained on, among which copies are looked for; ``real`` where nobody knows.
            canvases: what those are crops of, where they are.
        """
        n = num_images or self.num_images
        judge = None
        if "classes" in self.metrics and len(real.class_names) > 1:
            judge = classifier_for(real, folder=self.cache_dir, bar=self.bar)
        learnt = (real, split) if trained_on is None else (trained_on, "train")
        sets = RealSets(real, self.num_real, split, *learnt, self.cache_dir)
        # Others than those compared with, for the floor of the Fréchet distance.
        extent = n if "frechet" in self.metrics else 0, self.num_searched if "memorisation" in self.metrics else 0
        with counting("measuring real pictures", sets.total(*extent), self.bar) as tick:
            known = sets.seen_by(self.extractor, *extent, tick)
            of_judge = sets.seen_by(judge.network, n, 0) if judge else None
        networks = [self.extractor, judge.network] if judge is not None else [self.extractor]
        with counting("measuring generated pictures", n, self.bar) as tick:
            fake, *judged = collect(networks, generate, n, tick)
        figures: dict[str, float] = {}
        if known is not None:
            self._latest = (fake.values, known.trained_on) if known.trained_on is not None else None
            found = measure(self.metrics, fake, known, self.settings)
            if judge is not None:
                assert real.labels is not None
                real_labels = torch.from_numpy(np.asarray(real.labels)[some_positions(len(real), self.num_real)])
                found |= measure_classes(judge, judged[0], of_judge, real_labels, labels)
                found |= measure_diversity(fake, known, real_labels, labels, judged[0])
            if known.pictures is not None and "memorisation" in self.metrics:
                found |= measure_crops(generate, n, canvases)
            self.main_metric = preferred(found, self.extractor, n, len(known.values))
            figures = self._noted(found, fake, known, real, {"split": split, "origin": origin})
        figures, self.comparability, self.main_metric = from_first((figures, self.comparability, self.main_metric))
        return figures

    def of_model(self, model: Any, data: Any) -> dict[str, float]:
        """Measure a model in training against its data; every process must call it.

        Args:
            model: has ``sample`` and says whether it is ``conditional``; one that is not is asked for no labels.
            data: the data module it learns from.
        """
        real: PackedImages = data.evaluation_images("image", self.split)
        conditions = self.conditions(model, data)
        return self.evaluate(
            pictures_of(model.sample, self.seed, conditions),
            real,
            labels=conditions if real.labels is not None else None,
            origin=str(data.provenance()["origin"]),
            split=self.split,
            trained_on=data.evaluation_images("image", "train"),
            canvases=data.train["image"],
        )

    def sheet_of_model(self, model: Any, data: Any) -> tuple[Tensor, int] | None:
        """:meth:`neighbour_sheet` after :meth:`of_model`; nothing in processes other than the first."""
        if self._latest is None or "memorisation" not in self.metrics:
            return None
        painted = pictures_of(model.sample, self.seed, self.conditions(model, data))
        return self.neighbour_sheet(painted, data.evaluation_images("image", "train"))

    def conditions(self, model: Any, data: Any) -> Tensor | None:
        """What :meth:`of_model` asks of a model: (num_images,) labels or (num_images, K) vectors, if anything."""
        return conditions_for(model, data.evaluation_images("image", self.split), self.num_images)

    def neighbour_sheet(
        self, generate: Pictures, trained_on: PackedImages, rows: int = 16, k: int = 5
    ) -> tuple[Tensor, int]:
        """The first generated pictures, each followed by those trained on nearest to it, after :meth:`evaluate`.

        Returns:
            ((rows * (k + 1), C, H, W) in [-1, 1], pictures in a row).
        """
        assert self._latest is not None, "nothing has been evaluated in this process"
        fake, known = self._latest
        rows, k = min(rows, len(fake)), min(k, len(known.values))
        positions = known.positions[nearest(fake[:rows], known.values, k).index.flatten().numpy()]
        found = uint8_slice(trained_on, positions, 0, len(positions)).unflatten(0, (rows, k))
        return neighbour_sheet(generate(0, rows).cpu(), found)

    def _noted(
        self, found: dict[str, Figure], fake: Features, known: RealFeatures, real: PackedImages, about: dict[str, Any]
    ) -> dict[str, float]:
        """Values by their public names; their records go into :attr:`comparability`."""
        common = {
            "extractor": self.extractor.name,
            "weights_sha256": self.extractor.weights_sha256,
            "outputs_sha256": outputs_sha256(self.extractor, real.shape),
            "resizer": self.extractor.resizer,
            "generated": len(fake),
            "real": len(known.values),
            "real_available": len(real),
            "real_pictures": None if known.pictures is None else len(torch.unique(known.pictures)),
            "fingerprint": real.fingerprint,
            **about,
            "seed": self.seed,
        }
        self.comparability = {
            public_name(name, self.extractor.name): {
                **common,
                **figure.protocol,
                "higher_is_better": figure.higher_is_better,
            }
            for name, figure in found.items()
        }
        return {public_name(name, self.extractor.name): figure.value for name, figure in found.items()}
