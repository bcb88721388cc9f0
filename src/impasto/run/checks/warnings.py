"""Settings that do nothing, or not what they say: notices instead of refusals."""

import math

from omegaconf import DictConfig, ListConfig
from torch import nn

from impasto.base.notices import notice
from impasto.base.spec import ImageSpec
from impasto.painters.latents import condition_taken
from impasto.run.checks.network_trials import attended


def warn_of_settings(cfg: DictConfig, spec: ImageSpec, generator: nn.Module, discriminator: nn.Module) -> None:
    """Notices of settings that do nothing, or not what they say."""
    warn_of_small_weights(cfg)
    updates = math.ceil(cfg.kimg * 1000 / (cfg.data.get("batch_size") or 1))
    if (n_critic := cfg.model.get("n_critic", 1)) > updates:
        notice(
            "model.n_critic",
            f"model.n_critic={n_critic}, but kimg={cfg.kimg} is over after {updates} updates of the discriminator: the "
            "generator will not be trained; make kimg larger.",
        )
    warn_of_attention(cfg, spec, generator, discriminator)
    warn_of_balance(cfg, spec, generator)


def warn_of_small_weights(cfg: DictConfig) -> None:
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


def warn_of_balance(cfg: DictConfig, spec: ImageSpec, generator: nn.Module) -> None:
    """Classes drawn equally often for a generator that is told none."""
    if cfg.data.get("balanced") and hasattr(generator, "latent_dim") and not condition_taken(generator, spec):
        notice(
            "data.balanced",
            "data.balanced=true, but this generator is told no classes: it learns a mixture in which each comes "
            "equally often, and is measured against the pictures as they are; set data.balanced=false, or choose a "
            "conditional model such as model=cgan.",
        )


def warn_of_attention(cfg: DictConfig, spec: ImageSpec, generator: nn.Module, discriminator: nn.Module) -> None:
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
