"""Chooses the frozen network for each use before anything is computed; it is loaded when first used.

``auto`` has one rule everywhere: the published network if its weights are on disk or can be downloaded, else the next
of the use's list, which is said once in a notice. Figures and records carry the name of the network that was used.
"""

import importlib
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import nn

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.networks.pretrained.efficientnet import EfficientNetLite0, EfficientNetLite2
from impasto.networks.pretrained.extractor import PUBLISHED, Extractor, OwnNetwork, freeze
from impasto.networks.pretrained.feature_maps import FeatureMaps
from impasto.networks.pretrained.inception import Inception, check_inception
from impasto.networks.pretrained.random_features import RandomFeatures
from impasto.networks.pretrained.vgg import VGG19

NETWORKS: Final[dict[str, Any]] = {
    "inception": Inception,
    "vgg19": VGG19,
    "efficientnet_lite0": EfficientNetLite0,
    "efficientnet_lite2": EfficientNetLite2,
    "random_features": RandomFeatures,
}
"""By their names in settings and records."""


@dataclass(frozen=True)
class Use:
    """What a network is chosen for.

    Attributes:
        setting: that names the network, for messages.
        what: beginning of the sentence that says which network was taken.
        networks: names of those that can be chosen; ``auto`` takes the first whose weights can be had.
    """

    setting: str
    what: str
    networks: tuple[str, ...]


DISTANCES: Final = Use(
    "evaluation.features", "Distances are measured with, and named after,", ("inception", "efficientnet_lite0")
)
PERCEPTUAL: Final = Use("features", "Perceptual losses look through", ("vgg19", "efficientnet_lite0"))
ENCODER: Final = Use("model.generator.encoder", "AdaIN encodes pictures with", ("vgg19", "efficientnet_lite0"))
STATISTICS: Final = Use(
    "evaluation.statistics",
    "Feature statistics are measured with",
    ("vgg19", "efficientnet_lite0", "random_features"),
)
STYLE: Final = Use(
    "evaluation.style_network",
    "Style is measured with",
    ("efficientnet_lite2", "vgg19", "efficientnet_lite0"),
)
"""Losses look through VGG19 or EfficientNet-Lite0; so another network comes first, the same one on every machine."""
STRUCTURE: Final = Use("evaluation.structure", "Structure is compared through", ("vgg19", "efficientnet_lite0"))


def choose(use: Use, wanted: str = "auto", trained_against: Collection[str] = ()) -> str:
    """The name of the network for a use.

    Args:
        use: what it is for.
        wanted: a name, or ``auto``.
        trained_against: networks in the model's own losses, which ``auto`` passes over.

    Raises:
        UserError: an unknown name.
    """
    if wanted != "auto":
        if wanted not in use.networks:
            names = f"auto, {', '.join(use.networks[:-1])} or {use.networks[-1]}"
            raise UserError(f"{use.setting}={wanted} is not a network; choose {names}.")
        if wanted in trained_against:
            title = NETWORKS[wanted].title
            notice(use.setting, f"The model was trained against {title}: its statistics prove nothing.")
        return wanted
    reasons = []
    for name in use.networks:
        network = NETWORKS[name]
        if name in trained_against:
            reasons.append(f"the model was trained against {network.title}")
        elif not network.at_hand():
            reasons.append(f"the weights of {network.title} cannot be reached ({network.how_to_have()} to use them)")
        else:
            break
    if reasons:
        notice(use.setting, f"{use.what} {NETWORKS[name].title}: {', and '.join(reasons)}.")
    return name


def feature_maps(features: str = "auto", use: Use = PERCEPTUAL, trained_against: Collection[str] = ()) -> FeatureMaps:
    """The network whose feature maps are compared.

    Args:
        features: name of a network, or ``auto``.
        use: what it is for.
        trained_against: see :func:`choose`.

    Raises:
        UserError: an unknown name, or weights that cannot be had.
    """
    return cast(FeatureMaps, NETWORKS[choose(use, features, trained_against)]())


class LazyFeatureMaps:
    """A network of :func:`feature_maps`, loaded when first needed.

    Not a module, so that its weights are neither trained nor saved with what holds it. Copies share the network.

    Args:
        features: name of a network, or ``auto``.
    """

    def __init__(self, features: str = "auto") -> None:
        self.features = features
        self._network: FeatureMaps | None = None

    def on(self, device: torch.device) -> FeatureMaps:
        """The network, on a device."""
        if self._network is None:
            self._network = feature_maps(self.features)
        if isinstance(self._network, nn.Module):
            self._network.to(device)
        return self._network

    def __deepcopy__(self, memo: dict[int, Any]) -> "LazyFeatureMaps":
        return self


def check_statistics(features: str) -> None:
    """Whether ``evaluation.statistics`` names a network whose weights can be had, found out without loading them.

    Raises:
        UserError: it does not.
    """
    if features != "auto":
        check_at_hand(STATISTICS, choose(STATISTICS, features))


def check_at_hand(use: Use, name: str) -> None:
    """Whether a network's weights can be had, found out without loading them.

    Raises:
        UserError: they cannot.
    """
    network = NETWORKS[name]
    if not network.at_hand():
        raise UserError(
            f"The weights of {network.title} are neither on disk nor within reach; {network.how_to_have()}, or set "
            f"{use.setting}=auto."
        )


def choose_extractor(features: str | Extractor | nn.Module = "auto", weights_path: str | Path | None = None) -> Any:
    """The extractor that ``evaluation.features`` names.

    Args:
        features: ``inception``, ``efficientnet_lite0``, ``auto`` (Inception if its weights are on disk or can be
            downloaded, else EfficientNet-Lite0), the dotted path of a class or function that makes one, or one itself.
        weights_path: Inception's weights; None downloads them.

    Raises:
        UserError: no such extractor, or its weights cannot be had.
    """
    if not isinstance(features, str):
        ours = type(features) in (Inception, EfficientNetLite0, EfficientNetLite2)
        complete = isinstance(features, Extractor) and str(features.name).lower() not in PUBLISHED
        return freeze(features) if ours or complete else OwnNetwork(features)
    if features == "auto":
        features = "inception" if weights_path is not None else choose(DISTANCES)
    if features == "inception":
        return freeze(NETWORKS["inception"](weights_path))
    if features == "efficientnet_lite0":
        return freeze(EfficientNetLite0())
    return choose_extractor(_make(features))


def check_features(features: str | Any, weights_path: str | Path | None = None) -> None:
    """Whether :func:`choose_extractor` will find what it is asked for: a run must not end at its first measurement.

    No network is built, and a file of weights is read once in a process.

    Raises:
        UserError: ``features`` names nothing, or its weights are missing, cannot be had, or are something else.
    """
    if not isinstance(features, str):
        if not callable(features):
            raise UserError(f"evaluation.features: {type(features).__name__} cannot be called on pictures.")
    elif features not in ("auto", *DISTANCES.networks):
        _check_own(features)
    elif features == "inception" or (features == "auto" and (weights_path is not None or Inception.on_disk())):
        check_inception(weights_path)


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
        pass  # a builtin without a signature


def _make(path: str) -> Any:
    try:
        return _find(path)()
    except TypeError as problem:
        raise _cannot_be_made(path, problem) from None


def _cannot_be_made(path: str, problem: TypeError) -> UserError:
    return UserError(f"evaluation.features={path} cannot be made without arguments: {problem}.")
