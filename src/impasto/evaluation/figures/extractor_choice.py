"""Which network features come from: found out before anything is measured, loaded when it is."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from torch import nn

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.reachability import reachable
from impasto.evaluation.figures.features import PUBLISHED, Extractor, Named, freeze
from impasto.networks.pretrained.extractors import (
    WHERE_INCEPTION_IS,
    EfficientNetLite0,
    Inception,
    check_inception,
    inception_on_disk,
    inception_url,
)

BUILT_IN: Final = ("auto", "inception", "efficientnet_lite0")
"""What ``evaluation.features`` takes besides something to import."""
SPLITS: Final = ("train", "held_out")
"""Parts of the data to measure against."""


def choose_extractor(features: str | Extractor | nn.Module = "auto", weights_path: str | Path | None = None) -> Any:
    """The extractor that ``evaluation.features`` names.

    Args:
        features: ``inception``, ``efficientnet_lite0``, ``auto`` (Inception where its weights are on disk or can be
            downloaded, else EfficientNet-Lite0), the dotted path of a class or function that makes one, or one itself.
        weights_path: Inception's weights.

    Raises:
        UserError: no such extractor, or its weights cannot be had.
    """
    if not isinstance(features, str):
        ours = type(features) in (Inception, EfficientNetLite0)
        complete = isinstance(features, Extractor) and str(features.name).lower() not in PUBLISHED
        return freeze(features) if ours or complete else Named(features)
    if features == "auto":
        features = _auto(weights_path)
    if features == "inception":
        return freeze(Inception(weights_path))
    if features == "efficientnet_lite0":
        return freeze(EfficientNetLite0())
    return choose_extractor(_make(features))


def check_features(features: str | Any, weights_path: str | Path | None = None) -> None:
    """Whether :func:`choose_extractor` will find what it is asked for: a run must not end at its first measurement.

    No network is built, and a file of weights is read once in a process.

    Raises:
        UserError: ``features`` names nothing, or its weights are not there, cannot be had, or are something else.
    """
    if not isinstance(features, str):
        if not callable(features):
            raise UserError(f"evaluation.features: {type(features).__name__} cannot be called on pictures.")
    elif features not in BUILT_IN:
        _check_own(features)
    elif features != "efficientnet_lite0":
        path = Path(weights_path).expanduser() if weights_path is not None else inception_on_disk()
        if path is not None:
            check_inception(path)
        elif features == "inception" and not reachable(inception_url()):
            reason = "they are neither on disk nor within reach"
            raise UserError(f"FID's Inception weights cannot be had ({reason}); {WHERE_INCEPTION_IS}")


def check_split(split: str) -> None:
    """Whether ``evaluation.split`` names a part of the data.

    Raises:
        UserError: it does not.
    """
    if split not in SPLITS:
        raise UserError(f"evaluation.split={split} is not known: choose one of {', '.join(SPLITS)}.")


def _auto(weights_path: str | Path | None) -> str:
    if weights_path is not None or inception_on_disk() is not None or reachable(inception_url()):
        return "inception"
    notice(
        "evaluation.features",
        "Inception's weights are neither on disk nor within reach: features come from EfficientNet-Lite0, and the "
        "distances are named after it; set evaluation.weights_path=FILE to have FID.",
    )
    return "efficientnet_lite0"


def _find(path: str) -> Callable[[], Any]:
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise UserError(
            f"evaluation.features={path} is neither auto, inception, efficientnet_lite0 nor something to import."
        ) from None


def _check_own(path: str) -> None:
    try:
        inspect.signature(_find(path)).bind()
    except TypeError as problem:
        raise _cannot_be_made(path, problem) from None
    except ValueError:
        pass  # something built in, whose arguments nobody knows


def _make(path: str) -> Any:
    try:
        return _find(path)()
    except TypeError as problem:
        raise _cannot_be_made(path, problem) from None


def _cannot_be_made(path: str, problem: TypeError) -> UserError:
    return UserError(f"evaluation.features={path} cannot be made without arguments: {problem}.")
