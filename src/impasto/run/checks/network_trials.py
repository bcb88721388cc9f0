"""Networks tried on a picture of the expected size, without memory and without values."""

import logging
from collections.abc import Mapping

import torch
from omegaconf import DictConfig, ListConfig
from torch import nn

from impasto.base.errors import UserError
from impasto.base.parts import Doubt
from impasto.base.spec import ImageSpec
from impasto.models.roles import Role
from impasto.networks.layers.attention import SelfAttention


def size_problems(spec: ImageSpec, roles: Mapping[str, Role], networks: Mapping[str, nn.Module]) -> list[str]:
    """Sizes of pictures that the networks of a translation refuse.

    Those that paint from noise are built for a size and have said what they think of it; these are told only here.

    Args:
        spec: of the pictures.
        roles: of the networks.
        networks: on the meta device.
    """
    with torch.device("meta"):
        picture = torch.zeros(2, spec.channels, spec.height, spec.width)
        label = torch.zeros(2, dtype=torch.long)
        found = []
        if any(hasattr(network, "latent_dim") for network in networks.values()):  # from noise: said so when built
            return []
        for name, role in roles.items():
            shown = (picture,) if role.given is not None else ()
            given = (picture,) if role.optimizer == "g" else (picture, label, *shown)
            found.append(refusal(networks[name], *given))
    return [problem for problem in found if problem is not None]


def moved_attention(cfg: DictConfig, spec: ImageSpec, networks: Mapping[str, nn.Module]) -> list[Doubt]:
    """Resolutions wanted for attention that a network does not pass through; the nearest one gets it."""
    doubts = []
    for name, network in networks.items():
        wanted = cfg.model[name].get("attention")
        found = attended(network, spec) if isinstance(wanted, ListConfig) and wanted else None
        if found and found != set(wanted):
            key, places = f"model.{name}.attention", ", ".join(map(str, sorted(found)))
            size = f"{spec.height}x{spec.width}"
            sentence = f"{key}={wanted}, but pictures are {size}: attention goes to {places}, the nearest there is."
            doubts.append(Doubt(key, sentence))
    return doubts


def attended(network: nn.Module, spec: ImageSpec) -> set[int] | None:
    """Shorter sides of the maps that a network attends over; None if it cannot be tried.

    Args:
        network: a generator from noise or a discriminator; on the meta device.
        spec: of the pictures that it was built for.
    """
    sides: set[int] = set()
    layers = [layer for layer in network.modules() if isinstance(layer, SelfAttention)]
    handles = [layer.register_forward_pre_hook(lambda _, given: sides.add(min(given[0].shape[2:]))) for layer in layers]
    with torch.device("meta"):
        latent = getattr(network, "latent_dim", None)
        shape = (spec.channels, spec.height, spec.width) if latent is None else (int(latent),)
        problem = tried(network, torch.zeros(2, *shape), torch.zeros(2, dtype=torch.long))
    for handle in handles:
        handle.remove()
    return sides if problem is None else None


def refusal(network: nn.Module, *given: torch.Tensor) -> str | None:
    """The sentence with which a network refuses a picture; None if it does not, or cannot be tried."""
    problem = tried(network, *given)
    return str(problem) if isinstance(problem, UserError) else None


def tried(network: nn.Module, *given: torch.Tensor) -> Exception | None:
    """What a network raises when it is given this; one of the user's own may not run without values."""
    try:
        network(*given)
    except Exception as problem:
        logging.getLogger("impasto").debug("%s is tried: %s", type(network).__name__, problem)
        return problem
    return None
