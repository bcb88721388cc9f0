"""Figures by class, as a classifier of the real pictures sees the generated ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from impasto.evaluation.figures.features import Features, RealFeatures
from impasto.evaluation.figures.metrics import Figure, frechet_figure
from impasto.networks.pretrained.extractor import Extractor


@dataclass(frozen=True)
class LabelClassifier:
    """A trained classifier of labels, and its accuracy on held-out real pictures, 0..1."""

    network: Extractor
    accuracy: float


def measure_classes(
    classifier: LabelClassifier,
    generated: Features,
    real: RealFeatures | None,
    real_labels: Tensor,
    labels: Tensor | None,
    class_names: Sequence[str],
) -> dict[str, Figure]:
    """Figures by class from a classifier of the real pictures.

    Args:
        classifier: the classifier.
        generated: its features and logits of generated pictures.
        real: its features of real pictures.
        real_labels: (m,) their classes; generated pictures without labels are expected in the same proportions.
        labels: (n,) classes that the generated pictures were asked for; None if they were not.
        class_names: in label order.
    """
    assert generated.logits is not None
    values, by_class = class_figures(generated.logits, labels)
    asked = torch.bincount(real_labels if labels is None else labels, minlength=generated.logits.shape[1])
    values |= class_balance(by_class["share"], asked)
    network = classifier.network
    about: dict[str, Any] = {
        "extractor": network.name,
        "weights_sha256": network.weights_sha256,
        "resizer": network.resizer,
        "accuracy_on_real": classifier.accuracy,
    }
    protocol = {**about, "asked_of": "real pictures" if labels is None else "labels"}
    wanted = (asked / asked.sum()).tolist()
    by_class["balance"] = [
        share / part if part else math.nan for share, part in zip(by_class["share"], wanted, strict=True)
    ]
    figures = {}
    for name, value in values.items():
        of_classes = zip(class_names, by_class[name.split("_")[1]], strict=True)
        named = {label: figure for label, figure in of_classes if not math.isnan(figure)}
        figures[name] = Figure(value, {**protocol, "by_class": named}, better(name, asked))
    if real is not None:
        figures["fd_classifier"] = frechet_figure(generated, real, **about)
    return figures


EQUAL: Final = 1.1
"""Ratio of the largest class to the smallest up to which plain shares show how well they are kept."""


def better(name: str, asked: Tensor) -> bool | None:
    """Whether higher is better; None if neither is, as for shares of unequal classes.

    Args:
        name: of the figure.
        asked: (classes,) how many pictures of each class should be there.
    """
    if name.startswith("class_share") and asked.max() > EQUAL * asked.min():
        return None
    return not name.endswith("_max")


def measure_diversity(
    fake: Features,
    real: RealFeatures,
    real_labels: Tensor,
    labels: Tensor | None,
    classified: Features,
    class_names: Sequence[str],
) -> dict[str, Figure]:
    """How diverse generated pictures of each class are, relative to real ones: the mean and the least of all classes.

    Args:
        fake: features of generated pictures.
        real: of real ones.
        real_labels: (m,) their classes.
        labels: (n,) classes that the generated pictures were asked for; None takes the classifier's answers.
        classified: the classifier's logits of them.
        class_names: in label order.
    """
    assert classified.logits is not None
    ratios = class_diversity(
        fake.values, labels if labels is not None else classified.logits.argmax(1), real.values, real_labels
    )
    if not ratios:
        return {}
    by_class = {class_names[label]: ratio for label, ratio in ratios.items()}
    record = {"by_class": by_class, "grouped_by": "label" if labels is not None else "classifier"}
    values = {"class_diversity": sum(ratios.values()) / len(ratios), "class_diversity_min": min(ratios.values())}
    return {name: Figure(value, record, True) for name, value in values.items()}


def class_figures(logits: Tensor, labels: Tensor | None) -> tuple[dict[str, float], dict[str, list[float]]]:
    """How often the classifier finds the class that was asked for, and how often each class.

    Args:
        logits: (n, classes) of generated pictures.
        labels: (n,) classes that were asked for; None if they were not.

    Returns:
        ``class_accuracy`` (with labels), ``class_share_min`` and ``class_share_max`` as shares of all pictures, 0..1;
        and by class ``share`` and ``accuracy``.
    """
    found, classes = logits.argmax(1), logits.shape[1]
    share = torch.bincount(found, minlength=classes) / len(found)
    figures = {"class_share_min": float(share.min()), "class_share_max": float(share.max())}
    by_class = {"share": share.tolist()}
    if labels is not None:
        right = (found == labels).double()
        figures["class_accuracy"] = float(right.mean())
        counts = torch.bincount(labels, minlength=classes).clamp_min(1)
        by_class["accuracy"] = (torch.bincount(labels, right, minlength=classes) / counts).tolist()
    return figures, by_class


def class_balance(shares: Sequence[float], asked: Tensor) -> dict[str, float]:
    """The smallest and the largest ratio of a class's share to the share that was asked for.

    Args:
        shares: of the pictures, by class.
        asked: (classes,) how many pictures of each class should be there, in any unit; classes with 0 are ignored.

    Returns:
        ``class_balance_min`` and ``class_balance_max``: 1 is as many as asked for, a min of 0 is a class left out.
    """
    wanted = asked.double() / asked.sum()
    ratios = (torch.tensor(shares, dtype=torch.float64) / wanted)[wanted > 0]
    return {"class_balance_min": float(ratios.min()), "class_balance_max": float(ratios.max())}


def class_diversity(generated: Tensor, labels: Tensor, real: Tensor, real_labels: Tensor) -> dict[int, float]:
    """How far apart generated pictures of a class are, relative to real ones, by class.

    The root-mean-square distance between two pictures of the class in feature space, sqrt(2 tr S) with S the
    covariance of the class's features, over the same for real pictures: 1 is as diverse as real, 0 is one picture.

    Args:
        generated: features (n, d).
        labels: (n,) classes of the generated pictures.
        real: features (m, d).
        real_labels: (m,).

    Returns:
        Ratios of the classes with at least two pictures on both sides.
    """
    ratios = {}
    for label in range(int(real_labels.max()) + 1):
        mine, theirs = generated[labels == label].double(), real[real_labels == label].double()
        if len(mine) > 1 and len(theirs) > 1 and float(theirs.var(0).sum()) > 0:
            ratios[label] = float((mine.var(0).sum() / theirs.var(0).sum()).sqrt())
    return ratios
