"""The metrics that ``evaluation.metrics`` names and that features alone give: each figure with its protocol."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.evaluation.figures.distances import frechet_estimate, inception_score, kid_estimate, some
from impasto.evaluation.figures.features import Features, RealFeatures
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.manifold import density_coverage, precision_recall
from impasto.evaluation.figures.neighbours import memorisation
from impasto.networks.pretrained.extractor import Extractor

MANIFOLD_MOST: Final = 10_000
"""Samples of each set for precision, recall, density and coverage, as in their papers."""
MANIFOLD_LEAST: Final = 500
"""With fewer pictures the neighbourhoods are so large that nearly everything lies in one."""


@dataclass(frozen=True)
class Figure:
    """A figure and its protocol.

    Attributes:
        value: the figure.
        protocol: plain values that say how it was measured; with ``interval`` if it has one.
        higher_is_better: which way is better; None if neither is.
    """

    value: float
    protocol: dict[str, Any] = field(default_factory=dict)
    higher_is_better: bool | None = False

    @classmethod
    def of(cls, estimate: Estimate, higher_is_better: bool | None = False, **protocol: Any) -> "Figure":
        """A figure with its interval, or with the reason why it has none."""
        ends = None if estimate.low is None else [estimate.low, estimate.high]
        return cls(estimate.value, {**protocol, "interval": ends, "interval_method": estimate.method}, higher_is_better)


@dataclass(frozen=True)
class Settings:
    """Settings of the figures; see :class:`impasto.evaluation.protocols.noise.NoiseProtocol`.

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
    return {"frechet": frechet_figure(fake, real)}


def frechet_figure(fake: Features, real: RealFeatures, **protocol: Any) -> Figure:
    """The Fréchet distance with its interval and, if it is known, its floor: that of real pictures from real ones."""
    pictures = fake.pictures, real.pictures
    if real.floor is not None:
        protocol["controls"] = {FLOOR: real.floor.value}
        protocol["counts_of_controls"] = {FLOOR: list(real.floor.counts)}
    return Figure.of(frechet_estimate(fake.values, real.values, real.statistics, pictures), **protocol)


FLOOR: Final = "real against real"
"""What the floor of the Fréchet distance is: its bias at finite counts."""


def _kid(fake: Features, real: RealFeatures, settings: Settings) -> dict[str, Figure]:
    size = min(settings.kid_subset_size, len(fake), len(real.values))
    pictures = fake.pictures, real.pictures
    found = kid_estimate(fake.values, real.values, subsets=settings.kid_subsets, subset_size=size, pictures=pictures)
    return {"kid": Figure.of(found, subsets=settings.kid_subsets, subset_size=size)}


def _inception_score(fake: Features, *_: object) -> dict[str, Figure]:
    if fake.logits is None:
        return {}
    splits = min(10, len(fake))
    return {"inception_score": Figure.of(inception_score(fake.logits, splits), True, splits=splits)}


def _precision_recall(fake: Features, real: RealFeatures, settings: Settings) -> dict[str, Figure]:
    return _manifold(("precision", "recall"), precision_recall, fake, real, settings.precision_neighbours)


def _density_coverage(fake: Features, real: RealFeatures, settings: Settings) -> dict[str, Figure]:
    return _manifold(("density", "coverage"), density_coverage, fake, real, settings.density_neighbours)


def _manifold(
    names: tuple[str, str],
    function: Callable[[Tensor, Tensor, int], tuple[float, float]],
    fake: Features,
    real: RealFeatures,
    k: int,
) -> dict[str, Figure]:
    """From equal counts on both sides, as in the papers: coverage of 10,000 by 2,000 cannot reach 1."""
    count = min(len(fake), len(real.values), MANIFOLD_MOST)
    pictures = len(real.values) if real.pictures is None else len(torch.unique(real.pictures))
    if min(count, pictures) < MANIFOLD_LEAST:
        notice(
            "evaluation.manifold",
            f"Precision, recall, density and coverage look better than they are: they need {MANIFOLD_LEAST} different "
            f"pictures of each kind, and there are {count} generated and {min(pictures, count)} real ones.",
        )
    values = function(some(fake.values, count), some(real.values, count), k)
    protocol = {"neighbours": k, "generated": count, "real": count}
    return {name: Figure(value, protocol, True) for name, value in zip(names, values, strict=True)}


def _memorisation(fake: Features, real: RealFeatures, _: Settings) -> dict[str, Figure]:
    if real.trained_on is None or real.pictures is not None:  # crops are searched for by their pixels
        return {}
    found = memorisation(fake.values, real.trained_on.values)
    about = real.trained_on.about
    return {name: Figure(value, dict(about), name == "novelty") for name, value in found.items()}


MEASURES: Final[dict[str, tuple[Callable[[Features, RealFeatures, Settings], dict[str, Figure]], str]]] = {
    "frechet": (_frechet, ""),
    "kid": (_kid, ""),
    "inception_score": (_inception_score, ""),
    "precision_recall": (_precision_recall, "precision_neighbours"),
    "density_coverage": (_density_coverage, "density_neighbours"),
    "memorisation": (_memorisation, ""),
}
"""By name in the configuration: the function, and the setting for its number of neighbours."""


def measure(metrics: Sequence[str], fake: Features, real: RealFeatures, settings: Settings) -> dict[str, Figure]:
    """Every wanted figure with enough pictures for it; a notice names those left out.

    Args:
        metrics: keys of :data:`MEASURES`; others are ignored.
        fake: features of generated pictures.
        real: of real ones.
        settings: of the figures.
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


OF_THE_CLASSIFIER: Final = (
    *("class_accuracy", "class_share_min", "class_share_max", "class_balance_min", "class_balance_max"),
    "fd_classifier",
)
OF_NO_EXTRACTOR: Final = (*OF_THE_CLASSIFIER, "copied_crops")
"""Figures that need the classifier, but no extractor."""


def public_name(metric: str, extractor: str) -> str:
    """Published names are kept for the published extractor; figures of the classifier depend on no extractor."""
    if metric in OF_NO_EXTRACTOR:
        return metric
    if extractor == "inception":
        return {"frechet": "fid"}.get(metric, metric)
    short = {"frechet": "fd", "inception_score": "is"}.get(metric, metric)
    return f"{short}_{extractor}"


def check_metrics(metrics: str | Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """The metrics that ``evaluation.metrics`` names.

    Raises:
        UserError: it names none, or one that does not exist.
    """
    names = (metrics,) if metrics and isinstance(metrics, str) else tuple(metrics or ())
    if not names:
        raise UserError(
            f"evaluation.metrics is empty: name some of {', '.join(known)}, or evaluation=none to measure nothing."
        )
    if unknown := [str(name) for name in names if name not in known]:
        raise UserError(f"evaluation.metrics: {', '.join(unknown)} not among {', '.join(known)}.")
    return names


SPLITS: Final = ("train", "held_out")
"""Parts of the data to measure against."""


def check_split(split: str) -> None:
    """Whether ``evaluation.split`` names a part of the data.

    Raises:
        UserError: it does not.
    """
    if split not in SPLITS:
        raise UserError(f"evaluation.split={split} is not known: choose one of {', '.join(SPLITS)}.")


INSTEAD: Final = (
    "precision",
    "coverage",
    "inception_score",
    "class_accuracy",
    "fd_classifier",
    "copied",
    "copied_crops",
)
"""Figures to choose checkpoints by without a distance: the first that was measured."""


def preferred(found: Collection[str], extractor: Extractor, generated: int, real: int) -> str | None:
    """The figure to choose checkpoints by: the Fréchet distance, or KID if there are too few pictures for it.

    Args:
        found: figures that were measured, by the names of config; one of them is taken if neither distance was.
        extractor: of the features.
        generated: pictures.
        real: pictures.

    Returns:
        Its public name; None if nothing was measured.
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
