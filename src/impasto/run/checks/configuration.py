"""Mistakes in a configuration, found before any data is read."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar, get_args

import torch
from hydra.utils import get_object
from omegaconf import DictConfig
from torch import nn

from impasto.base.errors import UserError
from impasto.base.instantiate import make
from impasto.base.spec import ImageSpec
from impasto.data.base import PackedDataModule
from impasto.data.packing.packed import Duplicates
from impasto.data.transforms import as_size
from impasto.losses.adversarial import Minimax, NonSaturating
from impasto.losses.penalties import GradientPenalty, Penalty
from impasto.networks.build import build_network
from impasto.run.build import build_callbacks, build_data, build_model, make_penalties
from impasto.run.checks.batches import batch_problems, lone_problems
from impasto.run.checks.devices import precision_problems, trainer_problems, try_trainer
from impasto.run.checks.network_trials import size_problems
from impasto.run.checks.ranges import number_problems
from impasto.run.checks.warnings import say_what_is_doubtful

Built = TypeVar("Built")

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
    problems.found += number_problems(cfg) or batch_problems(cfg)
    problems.found += precision_problems(cfg) + split_problems(cfg) + duplicate_problems(cfg)
    if not (refused := trainer_problems(cfg)):
        problems.attempt("trainer", lambda: try_trainer(cfg.get("trainer")))
    problems.found += refused
    model, data = (problems.attempt(group, partial(located, cfg, group)) for group in ("model", "data"))
    loss = problems.attempt("loss", lambda: make(cfg.loss))
    penalties = problems.attempt("penalty", lambda: list(make_penalties(cfg.penalty).values())) or []
    augment = problems.attempt("augment", lambda: make(cfg.augment))
    for key in ("optimizer_g", "optimizer_d"):
        if key in cfg.model:
            problems.attempt(f"model.{key}", partial(make_optimizer, cfg.model[key]))
    spec = problems.attempt("data.image_size", lambda: expected_spec(cfg))
    generator, discriminator = check_networks(cfg, spec, problems)
    problems.found += mixture_problems(loss, penalties, discriminator) + kind_problems(model, data)
    if spec is not None and not problems.found:
        problems.found += lone_problems(cfg, spec, generator, discriminator)
    if data is not None:
        problems.attempt("data", lambda: build_data(cfg))
    problems.attempt("callbacks", lambda: build_callbacks(cfg))
    problems.report()
    say_what_is_doubtful(cfg, spec, loss, penalties, augment, generator, discriminator)


def make_optimizer(node: Any) -> torch.optim.Optimizer:
    """An optimiser of a parameter that nobody needs."""
    return make(node)([nn.Parameter(torch.zeros(1))])


def check_networks(cfg: DictConfig, spec: ImageSpec | None, problems: Problems) -> tuple[nn.Module, nn.Module]:
    """Build both networks and then the model around them; one that cannot be built comes back empty."""
    built: dict[str, nn.Module] = {}
    if spec is not None:
        with torch.device("meta"):
            for name in ("generator", "discriminator"):
                make_it = partial(lambda node: build_network(make(node), spec), cfg.model[name])
                network = problems.attempt(f"model.{name}", make_it)
                built |= {name: network} if network is not None else {}
            if not problems.found:
                problems.attempt("model", lambda: build_model(cfg, spec))
            if len(built) == 2 and not hasattr(built["generator"], "latent_dim"):
                problems.found += size_problems(spec, **built)
    return built.get("generator", nn.Module()), built.get("discriminator", nn.Module())


def check_data(cfg: DictConfig, data: PackedDataModule) -> None:
    """As :func:`check`, of what is known only once the data has been read.

    Raises:
        UserError: the measurements want held-out pictures, and none could be held out.
    """
    if wanted_split(cfg) == "held_out" and getattr(data, "held_out", data) is None:
        raise UserError(NOTHING_HELD_OUT)


def expected_spec(cfg: DictConfig) -> ImageSpec:
    """The shape that the data will have, as far as config knows; two classes stand for any number.

    Raises:
        UserError: ``data.image_size`` is not a size.
    """
    wanted = cfg.data.get("image_size")
    if isinstance(wanted, bool):
        raise UserError(f"data.image_size={str(wanted).lower()} is not a size: give pixels, such as 64.")
    height, width = as_size(wanted or 64, "data.image_size")
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


def duplicate_problems(cfg: DictConfig) -> list[str]:
    """A word for what is to happen to pictures that repeat another, and is not known."""
    wanted = cfg.data.get("duplicates", "skip")
    known = get_args(Duplicates)
    return [] if wanted in known else [f"data.duplicates={wanted} is not known: choose one of {', '.join(known)}."]


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
