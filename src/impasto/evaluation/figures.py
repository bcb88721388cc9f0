"""All figures that features alone give, each with what was done to get it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from torch import Tensor

from impasto.checks import check_number
from impasto.errors import UserError
from impasto.evaluation.classifier import Judge, class_diversity, class_figures
from impasto.evaluation.distances import Estimate, frechet_estimate, inception_score, kid_estimate, some
from impasto.evaluation.features import Extractor, Features
from impasto.evaluation.manifold import density_coverage, precision_recall
from impasto.evaluation.neighbours import memorisation
from impasto.evaluation.real import RealFeatures
from impasto.run.notices import notice

MANIFOLD_MOST: Final = 10_000
"""Samples of each set that precision, recall, density and coverage look at, as in their papers."""


@dataclass(frozen=True)
class Figure:
    """A figure and its protocol.

    Attributes:
        value: the figure.
        protocol: plain values that say how it was measured; ``interval`` where it has one.
        higher_is_better: which way is better.
    """

    value: float
    protocol: dict[str, Any] = field(default_factory=dict)
    higher_is_better: bool = False

    @classmethod
    def of(cls, estimate: Estimate, higher_is_better: bool = False, **protocol: Any) -> "Figure":
        """A figure with its interval."""
        interval = {"interval": [estimate.low, estimate.high], "interval_method": estimate.method}
        return cls(estimate.value, {**protocol, **interval}, higher_is_better)


@dataclass(frozen=True)
class Settings:
    """What the figures leave open; see :class:`impasto.evaluation.evaluator.Evaluator`.

    Raises:
        UserError: a number out of range.
    """

    kid_subsets: int = 100
    kid_subset_size: int = 1000
    precision_neighbours: int = 3
    density_neighbours: int = 5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            check_number(f"evaluation.{name}", value, 2 if name == "kid_subset_size" else 1)


def _frechet(fake: Features, real: RealFeatures, _: Settings) -> dict[str, Figure]:
    return {"frechet": Figure.of(frechet_estimate(fake.values, real.values, real.statistics))}


def _kid(fake: Features, real: RealFeatures, settings: Settings) -> dict[str, Figure]:
    size = min(settings.kid_subset_size, len(fake), len(real.values))
    found = kid_estimate(fake.values, real.values, subsets=settings.kid_subsets, subset_size=size)
    return {"kid": Figure.of(found, subsets=settings.kid_subsets, subset_size=size)}


def _inception_score(fake: Features, *_: object) -> dict[str, Figure]:
    if fake.logits is None:
        return {}
    splits = min(10, len(fake))
    return {"inception_score": Figure.of(inception_score(fake.logits, splits), True, splits=splits)}


def _precision_recall(fake: Features, real: RealFeatures, settings: Settings) -> dict[str, Figure]:
    k = settings.precision_neighbours
    values = precision_recall(some(fake.values, MANIFOLD_MOST), some(real.values, MANIFOLD_MOST), k)
    return _manifold(("precision", "recall"), values, fake, real, k)


def _density_coverage(fake: Features, real: RealFeatures, settings: Settings) -> dict[str, Figure]:
    k = settings.density_neighbours
    values = density_coverage(some(fake.values, MANIFOLD_MOST), some(real.values, MANIFOLD_MOST), k)
    return _manifold(("density", "coverage"), values, fake, real, k)


def _manifold(
    names: tuple[str, str], values: tuple[float, float], fake: Features, real: RealFeatures, k: int
) -> dict[str, Figure]:
    counts = {"generated": min(len(fake), MANIFOLD_MOST), "real": min(len(real.values), MANIFOLD_MOST)}
    protocol = {"neighbours": k, **counts}
    return {name: Figure(value, protocol, True) for name, value in zip(names, values, strict=True)}


def _memorisation(fake: Features, real: RealFeatures, _: Settings) -> dict[str, Figure]:
    found = memorisation(fake.values, real.values)
    return {name: Figure(value, higher_is_better=name == "novelty") for name, value in found.items()}


MEASURES: Final[dict[str, tuple[Callable[[Features, RealFeatures, Settings], dict[str, Figure]], str]]] = {
    "frechet": (_frechet, ""),
    "kid": (_kid, ""),
    "inception_score": (_inception_score, ""),
    "precision_recall": (_precision_recall, "precision_neighbours"),
    "density_coverage": (_density_coverage, "density_neighbours"),
    "memorisation": (_memorisation, ""),
}
"""By the name that config uses: what measures it, and the setting that says how many neighbours it looks at."""


def measure(metrics: Sequence[str], fake: Features, real: RealFeatures, settings: Settings) -> dict[str, Figure]:
    """Every wanted figure for which there are pictures enough; a notice says which are left out.

    Args:
        metrics: keys of :data:`MEASURES`; others are passed over.
        fake: features of generated pictures.
        real: of real ones.
        settings: what the figures leave open.
    """
    figures: dict[str, Figure] = {}
    for name in metrics:
        if name not in MEASURES:
            continue
        function, neighbours = MEASURES[name]
        least = getattr(settings, neighbours) + 1 if neighbours else 2
        if min(len(fake), len(real.values)) < least:
            counts = f"there are {len(fake)} generated and {len(real.values)} real ones"
            notice(f"evaluation.{name}", f"{name} needs {least} pictures or more of each kind; {counts}.")
            continue
        figures |= function(fake, real, settings)
    return figures


OF_THE_CLASSIFIER: Final = ("class_accuracy", "class_share_min", "class_share_max", "fd_classifier")
"""Figures that no extractor but the classifier is needed for."""


def measure_classes(
    judge: Judge, judged: Features, real: RealFeatures | None, labels: Tensor | None
) -> dict[str, Figure]:
    """What a classifier of the real pictures says of the generated ones.

    Args:
        judge: the classifier.
        judged: its features and logits of generated pictures.
        real: its features of real pictures.
        labels: (n,) what the generated pictures were asked to be, if anything.
    """
    assert judged.logits is not None
    values, by_class = class_figures(judged.logits, labels)
    network = judge.network
    about: dict[str, Any] = {
        "extractor": network.name,
        "weights_sha256": network.weights_sha256,
        "resizer": network.resizer,
    }
    about["accuracy_on_real"] = judge.accuracy
    better = {"class_accuracy": True, "class_share_min": True, "class_share_max": False}
    figures = {name: Figure(value, {**about, "by_class": by_class}, better[name]) for name, value in values.items()}
    if real is not None:
        figures["fd_classifier"] = Figure.of(frechet_estimate(judged.values, real.values, real.statistics), **about)
    return figures


def measure_diversity(
    fake: Features, real: RealFeatures, real_labels: Tensor, labels: Tensor | None, judged: Features
) -> dict[str, Figure]:
    """How diverse generated pictures of each class are, relative to real ones: the mean and the least of all classes.

    Args:
        fake: features of generated pictures.
        real: of real ones.
        real_labels: (m,) their classes.
        labels: (n,) what the generated pictures were asked to be; what the classifier takes them for where nothing.
        judged: the classifier's logits of them.
    """
    assert judged.logits is not None
    ratios = class_diversity(
        fake.values, labels if labels is not None else judged.logits.argmax(1), real.values, real_labels
    )
    if not ratios:
        return {}
    by_class = {str(label): ratio for label, ratio in ratios.items()}
    record = {"by_class": by_class, "grouped_by": "label" if labels is not None else "classifier"}
    values = {"class_diversity": sum(ratios.values()) / len(ratios), "class_diversity_min": min(ratios.values())}
    return {name: Figure(value, record, True) for name, value in values.items()}


def public_name(metric: str, extractor: str) -> str:
    """Published names are for the published extractor; what a classifier says depends on no extractor."""
    if metric in OF_THE_CLASSIFIER:
        return metric
    if extractor == "inception":
        return {"frechet": "fid"}.get(metric, metric)
    short = {"frechet": "fd", "inception_score": "is"}.get(metric, metric)
    return f"{short}_{extractor}"


def check_metrics(metrics: str | Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """What ``evaluation.metrics`` names.

    Raises:
        UserError: nothing, or something that does not exist.
    """
    names = (metrics,) if metrics and isinstance(metrics, str) else tuple(metrics or ())
    if not names:
        raise UserError(
            f"evaluation.metrics is empty: name some of {', '.join(known)}, or evaluation=none to measure nothing."
        )
    if unknown := [str(name) for name in names if name not in known]:
        raise UserError(f"evaluation.metrics: {', '.join(unknown)} not among {', '.join(known)}.")
    return names


INSTEAD: Final = ("precision", "coverage", "inception_score", "class_accuracy", "fd_classifier", "copied")
"""Figures to choose checkpoints by where there is no distance, the first that was measured."""


def preferred(found: Collection[str], extractor: Extractor, generated: int, real: int) -> str | None:
    """The figure to choose checkpoints by: the Fréchet distance, or KID where the counts do not bear it.

    Args:
        found: figures that were measured, by the names of config; another of them where neither distance was.
        extractor: that they are measured with.
        generated: pictures.
        real: pictures.

    Returns:
        Its public name; none where nothing was measured.
    """
    short = min(generated, real) <= extractor.dim
    if short and "frechet" in found:
        notice(
            "evaluation.count",
            f"The Fréchet distance of {generated} generated and {real} real pictures has a singular covariance in "
            f"{extractor.dim} dimensions: compare by KID, or raise evaluation.num_images.",
        )
    order = (*(("kid", "frechet") if short else ("frechet", "kid")), *INSTEAD, *found)
    chosen = next((name for name in order if name in found), None)
    return public_name(chosen, extractor.name) if chosen is not None else None
