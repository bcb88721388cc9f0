"""Mistakes in a configuration, found before any data is read."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

import torch
from hydra.utils import get_object
from omegaconf import DictConfig
from torch import nn

from impasto.augment.ada import ADA
from impasto.data.base import PackedDataModule
from impasto.data.spec import ImageSpec
from impasto.data.transforms import as_size
from impasto.errors import UserError
from impasto.losses.adversarial import LSGAN, Minimax, NonSaturating, Relativistic, Wasserstein
from impasto.losses.penalties import GradientPenalty, Penalty
from impasto.run.build import build_callbacks, build_data, build_model, build_network, make_penalties
from impasto.run.instantiate import make
from impasto.run.notices import notice
from impasto.run.ranges import number_problems

Built = TypeVar("Built")

PRECISIONS: Final = ("auto", "32-true", "bf16-mixed", "16-mixed")
SPLITS: Final = ("train", "held_out")
NOTHING_HELD_OUT: Final = (
    "evaluation.split=held_out, but no pictures are held out: set data.holdout, such as 0.1, or evaluation.split=train."
)


class Problems:
    """What is wrong so far, and what the first of it came from."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.cause: Exception | None = None

    def attempt(self, name: str, build: Callable[[], Built]) -> Built | None:
        """Build a part; if it cannot be built, that is a problem and there is None."""
        try:
            return build()
        except UserError as problem:
            self.found.append(str(problem))
            self.cause = self.cause or problem
        except Exception as problem:
            # A network of the user's own may look at its weights while it is built; here they have no values.
            if "meta" in str(problem).lower():
                logging.getLogger("impasto").debug("%s is not checked: %s", name, problem)
                return None
            self.found.append(f"{name} cannot be built: {' '.join(str(problem).split()).rstrip('.')}.")
            self.cause = self.cause or problem
        return None

    def report(self) -> None:
        """Raise them all at once, if there are any.

        Raises:
            UserError: the problems.
        """
        if self.found:
            raise UserError(" ".join(dict.fromkeys(self.found))) from self.cause


def check(cfg: DictConfig) -> None:
    """Refuse what cannot work, and say why; every problem is named at once.

    The model is built without memory for its weights, for data of the shape that config speaks of.

    Raises:
        UserError: the problems.
    """
    problems = Problems()
    problems.found += number_problems(cfg) + precision_problems(cfg) + split_problems(cfg)
    model, data = (problems.attempt(group, partial(located, cfg, group)) for group in ("model", "data"))
    loss = problems.attempt("loss", lambda: make(cfg.loss))
    penalties = problems.attempt("penalty", lambda: list(make_penalties(cfg.penalty).values())) or []
    augment = problems.attempt("augment", lambda: make(cfg.augment))
    for key in ("optimizer_g", "optimizer_d"):
        if key in cfg.model:
            problems.attempt(f"model.{key}", partial(make_optimizer, cfg.model[key]))
    discriminator = check_networks(cfg, problems)
    problems.found += mixture_problems(loss, penalties, discriminator) + kind_problems(model, data)
    if data is not None:
        problems.attempt("data", lambda: build_data(cfg))
    problems.attempt("callbacks", lambda: build_callbacks(cfg))
    problems.report()
    say_what_is_doubtful(cfg, loss, penalties, augment, discriminator)


def make_optimizer(node: Any) -> torch.optim.Optimizer:
    """An optimiser of a parameter that nobody needs."""
    return make(node)([nn.Parameter(torch.zeros(1))])


def check_networks(cfg: DictConfig, problems: Problems) -> nn.Module:
    """Build both networks and then the model around them; returns the discriminator, empty if it cannot be built."""
    spec = problems.attempt("data.image_size", lambda: expected_spec(cfg))
    discriminator = None
    if spec is not None:
        with torch.device("meta"):
            problems.attempt("model.generator", lambda: build_network(make(cfg.model.generator), spec))
            discriminator = problems.attempt(
                "model.discriminator", lambda: build_network(make(cfg.model.discriminator), spec)
            )
            if not problems.found:
                problems.attempt("model", lambda: build_model(cfg, spec))
    return nn.Module() if discriminator is None else discriminator


def check_data(cfg: DictConfig, data: PackedDataModule) -> None:
    """As :func:`check`, of what is known only once the data has been read.

    Raises:
        UserError: the measurements want held-out pictures, and none could be held out.
    """
    if wanted_split(cfg) == "held_out" and getattr(data, "held_out", data) is None:
        raise UserError(NOTHING_HELD_OUT)


def expected_spec(cfg: DictConfig) -> ImageSpec:
    """The shape that the data will have, as far as config knows; two classes stand for any number."""
    height, width = as_size(cfg.data.get("image_size") or 64, "data.image_size")
    return ImageSpec(cfg.data.get("channels") or 3, height, width, ("a", "b"))


def located(cfg: DictConfig, group: str) -> Any:
    """The class that a group names.

    Raises:
        UserError: there is none.
    """
    target = cfg[group].get("_target_")
    try:
        return get_object(str(target))
    except Exception as problem:
        reason = " ".join(str(problem).split())
        raise UserError(
            f"{group}._target_={target} cannot be imported ({reason}): give the dotted path of a class."
        ) from problem


def wanted_split(cfg: DictConfig) -> str | None:
    """The part of the data to measure against; None where nothing is measured."""
    measured = (cfg.get("callbacks") or {}).get("evaluation") is not None and "_target_" in (cfg.evaluation or {})
    return cfg.evaluation.get("split") if measured else None


def split_problems(cfg: DictConfig) -> list[str]:
    """Measurements that want a part of the data that is not there."""
    split = wanted_split(cfg)
    if split is not None and split not in SPLITS:
        return [f"evaluation.split={split} is not known: choose one of {', '.join(SPLITS)}."]
    # Translation falls back on what was trained on, and says so in its figures: one painting may be all there is.
    falls_back = "content" in cfg.data
    return [NOTHING_HELD_OUT] if split == "held_out" and cfg.data.get("holdout") == 0 and not falls_back else []


def precision_problems(cfg: DictConfig) -> list[str]:
    """Number formats that are not known, or that a setting does not go with."""
    if cfg.precision not in PRECISIONS:
        return [f"precision={cfg.precision} is not known: choose one of {', '.join(PRECISIONS)}."]
    # Lightning takes the loss scale off inside the optimiser's step, after the norm would have been measured.
    if cfg.precision == "16-mixed" and cfg.model.get("clip_grad") is not None:
        return [
            "model.clip_grad cannot measure the scaled gradients of precision=16-mixed: set precision=bf16-mixed or "
            "32-true, or model.clip_grad=null."
        ]
    return []


def mixture_problems(loss: object, penalties: list[Penalty], discriminator: nn.Module) -> list[str]:
    """Parts that defeat each other."""
    problems = []
    name = type(loss).__name__
    if getattr(discriminator, "sigmoid", False) and not getattr(loss, "takes_sigmoid", True):
        reason = (
            "applies the sigmoid itself"
            if isinstance(loss, NonSaturating | Minimax)
            else "needs scores on the whole real line"
        )
        problems.append(f"{name} {reason}, but model.discriminator.sigmoid=true squashes them; set it to false.")
    normalised = any("batchnorm" in type(m).__name__.lower() for m in discriminator.modules())
    if normalised and any(isinstance(p, GradientPenalty) for p in penalties):
        problems.append(
            "penalty=gradient_penalty asks for the gradient of each score by its own picture, but the discriminator's "
            "batch normalisation mixes the pictures of a batch; set model.discriminator.norm=layer, instance or none."
        )
    return problems


def kind_problems(model: Any, data: Any) -> list[str]:
    """A model that paints photographs given none, and the other way round; classes that do not say are let through."""
    needs, gives = set(getattr(model, "needs", ())), set(getattr(data, "gives", ()))
    if not needs or not gives or needs <= gives:
        return []
    remedy = "data=unpaired" if "content" in needs else "another data=, such as image_folder"
    wanted, found = " and ".join(sorted(needs)), " and ".join(sorted(gives))
    return [f"The model learns from {wanted}, the data has {found}: set {remedy}."]


def say_what_is_doubtful(
    cfg: DictConfig, loss: object, penalties: list[Penalty], augment: object, discriminator: nn.Module
) -> None:
    """Notices of mixtures that run, but hardly as they are meant to."""
    if isinstance(augment, ADA) and augment.schedule is None:
        if isinstance(loss, Relativistic | Wasserstein):
            notice(
                "augment",
                "augment=ada reads overfitting off the sign of scores, which this loss leaves open: set augment.p, or "
                "augment=ada_scheduled.",
            )
        elif isinstance(loss, LSGAN) and augment.threshold == 0:
            notice(
                "augment",
                "augment=ada takes scores above 0 for real, loss=lsgan those above 0.5: set augment.threshold=0.5.",
            )
    if isinstance(loss, Wasserstein) and not constrained(cfg, penalties, discriminator):
        notice(
            "loss", "loss=wasserstein without penalty, clipping or spectral norm: nothing keeps the critic Lipschitz."
        )


def constrained(cfg: DictConfig, penalties: list[Penalty], discriminator: nn.Module) -> bool:
    """Whether anything bounds the critic's slope."""
    spectral = any("spectralnorm" in type(m).__name__.lower() for m in discriminator.modules())
    return spectral or bool(penalties) or cfg.model.get("clip_weights") is not None
