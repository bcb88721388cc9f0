"""Mistakes in a configuration, found before any data is read."""

from typing import Any

import torch
from hydra.utils import get_class
from omegaconf import DictConfig
from torch import nn

from impasto.augment.ada import ADA
from impasto.data.spec import ImageSpec
from impasto.errors import UserError
from impasto.losses.adversarial import Minimax, NonSaturating, Relativistic, Wasserstein
from impasto.losses.penalties import GradientPenalty, Penalty
from impasto.run.build import build_network, make_penalties
from impasto.run.instantiate import make
from impasto.run.notices import notice


def check(cfg: DictConfig) -> None:
    """Refuse what cannot work, and say why; every problem is named at once.

    The networks are built without memory for their weights, for data of the shape that config speaks of.

    Raises:
        UserError: the problems.
    """
    problems = number_problems(cfg)
    loss = make(cfg.loss)
    penalties = list(make_penalties(cfg.penalty).values())
    with torch.device("meta"):
        discriminator = build_network(make(cfg.model.discriminator), expected_spec(cfg))
    problems += mixture_problems(loss, penalties, discriminator)
    problems += kind_problems(get_class(cfg.model._target_), get_class(cfg.data._target_))
    if isinstance(make(cfg.augment), ADA) and isinstance(loss, Relativistic | Wasserstein):
        notice(
            "augment",
            "augment=ada reads overfitting off the sign of scores, which this loss leaves open: set augment.p.",
        )
    if isinstance(loss, Wasserstein) and not constrained(cfg, penalties, discriminator):
        notice(
            "loss", "loss=wasserstein without penalty, clipping or spectral norm: nothing keeps the critic Lipschitz."
        )
    if problems:
        raise UserError(" ".join(problems))


def expected_spec(cfg: DictConfig) -> ImageSpec:
    """The shape that the data will have, as far as config knows; two classes stand for any number."""
    size = cfg.data.get("crop_size") or cfg.data.get("image_size") or 64
    height, width = (size, size) if isinstance(size, int) else size
    return ImageSpec(cfg.data.get("channels") or 3, height, width, ("a", "b"))


def number_problems(cfg: DictConfig) -> list[str]:
    """Numbers that make no sense."""
    counts = ("n_critic", "accumulate")
    problems = [f"model.{k} is {cfg.model[k]}; give 1 or more." for k in counts if cfg.model.get(k, 1) < 1]
    if cfg.kimg <= 0:
        problems.append(f"kimg is {cfg.kimg}; give a positive number of thousands of pictures.")
    batch = cfg.data.get("batch_size")
    if batch is not None and batch < 1:
        problems.append(f"data.batch_size is {batch}; give 1 or more.")
    elif batch is not None and cfg.model.get("accumulate", 1) > batch:
        problems.append(f"model.accumulate={cfg.model.accumulate} cannot split a batch of {batch}; make it smaller.")
    return problems


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


def constrained(cfg: DictConfig, penalties: list[Penalty], discriminator: nn.Module) -> bool:
    """Whether anything bounds the critic's slope."""
    spectral = any("spectralnorm" in type(m).__name__.lower() for m in discriminator.modules())
    return spectral or bool(penalties) or cfg.model.get("clip_weights") is not None
