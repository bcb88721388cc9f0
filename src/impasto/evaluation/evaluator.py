"""Measures how close generated pictures are to real ones, and says what makes each figure comparable."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch.distributed as dist
from torch import Tensor, nn

from impasto import distributed
from impasto.data.packed import PackedImages
from impasto.errors import UserError
from impasto.evaluation.distances import Estimate, frechet_estimate, inception_score, kid_estimate, spread_out
from impasto.evaluation.features import Extractor, Features, Pictures, check_features, choose_extractor, collect
from impasto.evaluation.manifold import density_coverage, precision_recall
from impasto.evaluation.progress import counting
from impasto.evaluation.real import RealFeatures, real_features
from impasto.run.notices import notice

METRICS: Final = ("frechet", "kid", "inception_score", "precision_recall", "density_coverage")
HIGHER_IS_BETTER: Final = ("inception_score", "precision", "recall", "density", "coverage")
MANIFOLD_MOST: Final = 10_000
"""Samples of each set that precision, recall, density and coverage look at, as in their papers."""


class Evaluator:
    """Fréchet distance, KID, Inception score, precision, recall, density and coverage from one feature pass.

    Args:
        features: see :func:`impasto.evaluation.features.choose_extractor`.
        weights_path: Inception's weights, where they are not to be downloaded.
        num_images: pictures to generate.
        num_real: real pictures to compare with, evenly spaced over all; all of them where null.
        metrics: any of ``frechet``, ``kid``, ``inception_score``, ``precision_recall`` and ``density_coverage``.
        split: part of the data to compare with: ``train`` or ``held_out``.
        kid_subsets: subsets that KID is averaged over.
        kid_subset_size: samples in each, or as many as there are.
        precision_neighbours: k of precision and recall.
        density_neighbours: k of density and coverage.
        cache_dir: folder for features of real pictures; in the project's cache where null.
        seed: of the generated pictures.

    Raises:
        UserError: a metric or an extractor that does not exist.
    """

    def __init__(
        self,
        *,
        features: str | Extractor | nn.Module = "auto",
        weights_path: str | None = None,
        num_images: int = 2048,
        num_real: int | None = 10_000,
        metrics: Sequence[str] = METRICS,
        split: str = "train",
        kid_subsets: int = 100,
        kid_subset_size: int = 1000,
        precision_neighbours: int = 3,
        density_neighbours: int = 5,
        cache_dir: str | None = None,
        seed: int = 0,
    ) -> None:
        if unknown := [name for name in metrics if name not in METRICS]:
            raise UserError(f"evaluation.metrics: {', '.join(unknown)} not among {', '.join(METRICS)}.")
        if num_images < 2:
            raise UserError(f"evaluation.num_images is {num_images}; give 2 or more.")
        check_features(features)
        self.features, self.weights_path = features, weights_path
        self.num_images, self.num_real, self.split, self.seed = num_images, num_real, split, seed
        self.metrics = tuple(metrics)
        self.kid_subsets, self.kid_subset_size = kid_subsets, kid_subset_size
        self.precision_neighbours, self.density_neighbours = precision_neighbours, density_neighbours
        self.cache_dir = Path(cache_dir).expanduser() if cache_dir is not None else None
        self.comparability: dict[str, dict[str, Any]] = {}
        self.main_metric: str | None = None
        self.bar = False

    @cached_property
    def extractor(self) -> Extractor:
        """The network, loaded when it is first wanted."""
        return choose_extractor(self.features, self.weights_path)

    def evaluate(
        self, generate: Pictures, real: PackedImages, *, num_images: int | None = None, origin: str = ""
    ) -> dict[str, float]:
        """Measure generated pictures against real ones; every process must call it, and gets the figures.

        Args:
            generate: given a start and a count, generated pictures as uint8 (count, C, H, W); picture i must not depend
                on the start.
            real: pictures to compare with.
            num_images: how many to generate, where it is not the evaluator's own number.
            origin: where the real pictures come from, for the record.
        """
        n = num_images or self.num_images
        with counting("measuring real pictures", min(len(real), self.num_real or len(real)), self.bar) as tick:
            known = real_features(self.extractor, real, self.num_real, self.split, self.cache_dir, tick)
        with counting("measuring generated pictures", n, self.bar) as tick:
            generated = collect([self.extractor], generate, n, tick)[0]
        figures: dict[str, float] = {}
        if known is not None:
            self.main_metric = self.preferred(len(generated), len(known.values))
            figures = self.measure(generated, known)
            about = {
                "split": self.split,
                "fingerprint": real.fingerprint,
                "origin": origin,
                "real_available": len(real),
            }
            for record in self.comparability.values():
                record.update(about)
        return self._shared(figures)

    def measure(self, generated: Features, real: RealFeatures) -> dict[str, float]:
        """All figures from features alone; fills :attr:`comparability`."""
        self.comparability = {}
        n, m = len(generated), len(real.values)
        figures: dict[str, float] = {}
        wanted: dict[str, tuple[int, Callable[[Features, RealFeatures], dict[str, Estimate | float]]]] = {
            "frechet": (2, self._frechet),
            "kid": (2, self._kid),
            "inception_score": (1, self._inception_score),
            "precision_recall": (self.precision_neighbours + 1, self._precision_recall),
            "density_coverage": (self.density_neighbours + 1, self._density_coverage),
        }
        for name in self.metrics:
            least, function = wanted[name]
            if min(n, m) < least:
                notice(f"evaluation.{name}", f"{name} needs {least} pictures or more; there are {n} and {m}.")
                continue
            for key, value in function(generated, real).items():
                figures[self.name_of(key)] = value.value if isinstance(value, Estimate) else value
                self.comparability[self.name_of(key)] = self.record(key, value, n, m)
        return figures

    def name_of(self, metric: str) -> str:
        """Published names are for the published extractor."""
        if self.extractor.name == "inception":
            return {"frechet": "fid"}.get(metric, metric)
        short = {"frechet": "fd", "inception_score": "is"}.get(metric, metric)
        return f"{short}_{self.extractor.name}"

    def preferred(self, generated: int, real: int) -> str:
        """The figure to choose checkpoints by: the Fréchet distance, or KID where the counts do not bear it."""
        short = min(generated, real) <= self.extractor.dim
        if short and "frechet" in self.metrics:
            notice(
                "evaluation.count",
                f"The Fréchet distance of {generated} generated and {real} real pictures has a singular covariance in "
                f"{self.extractor.dim} dimensions: compare by KID, or raise evaluation.num_images.",
            )
        order = ("kid", "frechet") if short else ("frechet", "kid")
        chosen = next((name for name in (*order, *self.metrics) if name in self.metrics), "")
        return self.name_of({"precision_recall": "precision", "density_coverage": "coverage"}.get(chosen, chosen))

    def record(self, metric: str, value: Estimate | float, generated: int, real: int) -> dict[str, Any]:
        """What makes a figure comparable."""
        result: dict[str, Any] = {
            "extractor": self.extractor.name,
            "weights_sha256": self.extractor.weights_sha256,
            "resizer": self.extractor.resizer,
            "generated": generated,
            "real": real,
            "higher_is_better": metric in HIGHER_IS_BETTER,
            "seed": self.seed,
        }
        if isinstance(value, Estimate):
            result.update(interval=[value.low, value.high], interval_method=value.method)
        if metric == "kid":
            result.update(subsets=self.kid_subsets, subset_size=min(self.kid_subset_size, generated, real))
        if metric in ("precision", "recall", "density", "coverage"):
            k = self.precision_neighbours if metric in ("precision", "recall") else self.density_neighbours
            counts = {"generated": min(generated, MANIFOLD_MOST), "real": min(real, MANIFOLD_MOST)}
            result.update(neighbours=k, **counts)
        return result

    def _frechet(self, generated: Features, real: RealFeatures) -> dict[str, Estimate | float]:
        return {"frechet": frechet_estimate(generated.values, real.values, real.statistics)}

    def _kid(self, generated: Features, real: RealFeatures) -> dict[str, Estimate | float]:
        size = min(self.kid_subset_size, len(generated), len(real.values))
        return {"kid": kid_estimate(generated.values, real.values, subsets=self.kid_subsets, subset_size=size)}

    def _inception_score(self, generated: Features, real: RealFeatures) -> dict[str, Estimate | float]:
        if generated.logits is None:
            return {}
        return {"inception_score": inception_score(generated.logits, min(10, len(generated)))}

    def _precision_recall(self, generated: Features, real: RealFeatures) -> dict[str, Estimate | float]:
        pair = _thinned(generated, real)
        return dict(zip(("precision", "recall"), precision_recall(*pair, self.precision_neighbours), strict=True))

    def _density_coverage(self, generated: Features, real: RealFeatures) -> dict[str, Estimate | float]:
        pair = _thinned(generated, real)
        return dict(zip(("density", "coverage"), density_coverage(*pair, self.density_neighbours), strict=True))

    def _shared(self, figures: dict[str, float]) -> dict[str, float]:
        """What the first process found, in all of them."""
        if distributed.world_size() == 1:
            return figures
        values: list[Any] = [figures, self.comparability, self.main_metric]
        dist.broadcast_object_list(values, src=0)
        figures, self.comparability, self.main_metric = values
        return figures


def _thinned(generated: Features, real: RealFeatures) -> tuple[Tensor, Tensor]:
    return spread_out(generated.values, MANIFOLD_MOST), spread_out(real.values, MANIFOLD_MOST)
