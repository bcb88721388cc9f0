"""Mixtures that run, but hardly as they are meant to: notices instead of refusals."""

import math

from omegaconf import DictConfig, ListConfig
from torch import nn

from impasto.augment.ada import ADA
from impasto.base.notices import notice
from impasto.base.spec import ImageSpec
from impasto.losses.adversarial import LSGAN, Relativistic, Wasserstein
from impasto.losses.penalties import GradientPenalty, Penalty
from impasto.networks.layers.head import MinibatchDeviation
from impasto.painters.latents import is_conditional
from impasto.run.checks.network_trials import attended


def say_what_is_doubtful(
    cfg: DictConfig,
    spec: ImageSpec | None,
    loss: object,
    penalties: list[Penalty],
    augment: object,
    generator: nn.Module,
    discriminator: nn.Module,
) -> None:
    """Say what a run of this configuration would do to nobody's surprise but its user's."""
    if isinstance(augment, ADA) and augment.schedule is None:
        say_what_strength_goes_by(augment, loss)
    if isinstance(loss, Wasserstein) and not constrained(cfg, penalties, discriminator):
        notice(
            "loss", "loss=wasserstein without penalty, clipping or spectral norm: nothing keeps the critic Lipschitz."
        )
    say_what_is_mixed(penalties, discriminator)
    say_what_fades(cfg)
    updates = math.ceil(cfg.kimg * 1000 / (cfg.data.get("batch_size") or 1))
    if (n_critic := cfg.model.get("n_critic", 1)) > updates:
        notice(
            "model.n_critic",
            f"model.n_critic={n_critic}, but kimg={cfg.kimg} is over after {updates} updates of the discriminator: the "
            "generator will not be trained; make kimg larger.",
        )
    if spec is not None:
        say_where_attention_goes(cfg, spec, generator, discriminator)
        say_what_balance_is_for(cfg, spec, generator)


def say_what_is_mixed(penalties: list[Penalty], discriminator: nn.Module) -> None:
    """A gradient by one picture of scores that depend on others too; with batch normalisation it is refused."""
    mixes = any(isinstance(m, MinibatchDeviation) for m in discriminator.modules())
    if mixes and any(isinstance(p, GradientPenalty) for p in penalties):
        notice(
            "penalty.gradient_penalty",
            "penalty=gradient_penalty asks for the gradient of each score by its own picture, but minibatch_std lets a "
            "score depend on all pictures of its group (Karras et al. 2018 use them together all the same): set "
            "model.discriminator.minibatch_std=false for the penalty as it is meant.",
        )


def say_what_fades(cfg: DictConfig) -> None:
    """Small initial weights without the normalisation that makes up for them."""
    for name in ("generator", "discriminator"):
        gain = cfg.model[name].get("init_gain", 1)
        if cfg.model[name].get("norm") == "none" and 0 < gain < 0.1:
            key = f"model.{name}.init_gain"
            notice(
                key,
                f"{key}={gain} with norm=none: nothing makes up for such small weights, and signals fade from layer to "
                f"layer; set {key}=1.",
            )


def say_what_balance_is_for(cfg: DictConfig, spec: ImageSpec, generator: nn.Module) -> None:
    """Classes drawn equally often for a generator that is told none."""
    if cfg.data.get("balanced") and hasattr(generator, "latent_dim") and not is_conditional(generator, spec):
        notice(
            "data.balanced",
            "data.balanced=true, but this generator is told no classes: it learns a mixture in which each comes "
            "equally often, and is measured against the pictures as they are; set data.balanced=false, or choose a "
            "conditional model such as model=cgan.",
        )


def say_what_strength_goes_by(augment: ADA, loss: object) -> None:
    """Adaptive augmentation reads the sign of scores, which not every loss gives a meaning."""
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


def say_where_attention_goes(cfg: DictConfig, spec: ImageSpec, generator: nn.Module, discriminator: nn.Module) -> None:
    """Resolutions that a network does not pass through, or not with room for attention; the nearest one gets it."""
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        wanted = cfg.model[name].get("attention")
        if not isinstance(wanted, ListConfig) or not wanted:
            continue
        found = attended(network, spec)
        if found and found != set(wanted):
            key, size = f"model.{name}.attention", f"{spec.height}x{spec.width}"
            places = ", ".join(map(str, sorted(found)))
            notice(key, f"{key}={wanted}, but pictures are {size}: attention goes to {places}, the nearest there is.")


def constrained(cfg: DictConfig, penalties: list[Penalty], discriminator: nn.Module) -> bool:
    """Whether anything bounds the critic's slope."""
    spectral = any("spectralnorm" in type(m).__name__.lower() for m in discriminator.modules())
    return spectral or bool(penalties) or cfg.model.get("clip_weights") is not None
