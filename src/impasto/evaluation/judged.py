"""Figures by class, as a classifier of the real pictures sees the generated ones."""

from typing import Any, Final

import torch
from torch import Tensor

from impasto.evaluation.classifier import Judge, class_balance, class_diversity, class_figures
from impasto.evaluation.features import Features
from impasto.evaluation.figures import Figure, frechet_figure
from impasto.evaluation.real import RealFeatures


def measure_classes(
    judge: Judge, judged: Features, real: RealFeatures | None, real_labels: Tensor, labels: Tensor | None
) -> dict[str, Figure]:
    """What a classifier of the real pictures says of the generated ones.

    Args:
        judge: the classifier.
        judged: its features and logits of generated pictures.
        real: its features of real pictures.
        real_labels: (m,) their classes, in whose proportion generated ones are expected that were asked for nothing.
        labels: (n,) what the generated pictures were asked to be, if anything.
    """
    assert judged.logits is not None
    values, by_class = class_figures(judged.logits, labels)
    asked = torch.bincount(real_labels if labels is None else labels, minlength=judged.logits.shape[1])
    values |= class_balance(by_class["share"], asked)
    network = judge.network
    about: dict[str, Any] = {
        "extractor": network.name,
        "weights_sha256": network.weights_sha256,
        "resizer": network.resizer,
    }
    about["accuracy_on_real"] = judge.accuracy
    protocol = {**about, "by_class": by_class, "asked_of": "real pictures" if labels is None else "labels"}
    figures = {name: Figure(value, protocol, better(name, asked)) for name, value in values.items()}
    if real is not None:
        figures["fd_classifier"] = frechet_figure(judged, real, **about)
    return figures


EQUAL: Final = 1.1
"""The largest class over the smallest, up to which shares as such say how well they are kept."""


def better(name: str, asked: Tensor) -> bool | None:
    """Whether a figure is better when it is higher; None where neither is, as for shares of unequal classes.

    Args:
        name: of the figure.
        asked: (classes,) how many pictures of each class should be there.
    """
    if name.startswith("class_share") and asked.max() > EQUAL * asked.min():
        return None
    return not name.endswith("_max")


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
