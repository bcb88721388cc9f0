"""Networks tried on a picture of the expected size, without memory and without values."""

import logging
from collections.abc import Mapping
from itertools import product
from typing import Final

import torch
from omegaconf import DictConfig, ListConfig
from torch import nn

from impasto.base.errors import UserError
from impasto.base.parts import Doubt
from impasto.base.spec import DataSpec, ImageSpec
from impasto.models.roles import Role
from impasto.networks.layers.attention import CrossAttention, SelfAttention


def size_problems(specs: DataSpec, roles: Mapping[str, Role], networks: Mapping[str, nn.Module]) -> list[str]:
    """Sizes of pictures that the networks of a translation refuse, or cannot turn into each other.

    Those that paint from noise are built for a size and have said what they think of it; these are told only here.

    Args:
        specs: of the pictures, by part.
        roles: of the networks.
        networks: on the meta device.
    """
    if any(hasattr(network, "latent_dim") for network in networks.values()):  # from noise: said so when built
        return []
    with torch.device("meta"):
        pictures = {part: torch.zeros(2, *spec.shape) for part, spec in specs.items()}
        label = torch.zeros(2, dtype=torch.long)
        if misfits := [problem for name, role in roles.items() if (problem := misfit(name, role, networks, pictures))]:
            return misfits
        found = []
        for name, role in roles.items():
            picture, shown = pictures[role.part], (pictures[role.given],) if role.given is not None else ()
            given = (shown or (picture,)) if role.optimizer == "g" else (picture, label, *shown)
            found.append(refusal(networks[name], *given))
    return [problem for problem in found if problem is not None]


def misfit(
    name: str, role: Role, networks: Mapping[str, nn.Module], pictures: Mapping[str, torch.Tensor]
) -> str | None:
    """Why a generator cannot make pictures of one part of those of another, of another size; None if it can.

    Args:
        name: of the network.
        role: of the network.
        networks: by name, on the meta device.
        pictures: (2, C, H, W) by part, on the meta device.
    """
    if role.optimizer != "g" or role.given is None:
        return None
    given, wanted = pictures[role.given], pictures[role.part]
    if given.shape[2:] == wanted.shape[2:]:
        return None
    # A network may refuse the smaller size, and say of the larger one that it keeps it.
    for tried_with in (given, given.new_zeros(2, given.shape[1], *wanted.shape[2:])):
        try:
            made = networks[name](tried_with)
        except Exception as problem:
            logging.getLogger("impasto").debug("%s is tried: %s", name, problem)
            continue
        if made.shape[2:] != tried_with.shape[2:] and made.shape[2:] == wanted.shape[2:]:
            return None
        sizes = [f"{each.shape[2]}x{each.shape[3]}" for each in (tried_with, made, given, wanted)]
        return (
            f"model.{name} turns pictures of {sizes[0]} into {sizes[1]}, but {role.given} has {sizes[2]} and "
            f"{role.part} {sizes[3]}: choose a model that changes the size so, or data whose parts have one size."
        )
    return None


ATTENTION: Final = {"attention": SelfAttention, "cross_attention": CrossAttention}
"""Layers by the setting that places them."""


def moved_attention(cfg: DictConfig, spec: ImageSpec, networks: Mapping[str, nn.Module]) -> list[Doubt]:
    """Resolutions wanted for attention that a network does not pass through; the nearest one gets it."""
    doubts = []
    for (name, network), (setting, kind) in product(networks.items(), ATTENTION.items()):
        wanted = cfg.model[name].get(setting)
        found = attended(network, spec, kind) if isinstance(wanted, ListConfig) and wanted else None
        if found and found != set(wanted):
            key, places = f"model.{name}.{setting}", ", ".join(map(str, sorted(found)))
            size = f"{spec.height}x{spec.width}"
            sentence = f"{key}={wanted}, but pictures are {size}: attention goes to {places}, the nearest there is."
            doubts.append(Doubt(key, sentence))
    return doubts


def attended(network: nn.Module, spec: ImageSpec, kind: type[nn.Module]) -> set[int] | None:
    """Shorter sides of the maps that a network attends over; None if it cannot be tried.

    Args:
        network: a generator from noise or a discriminator; on the meta device.
        spec: of the pictures that it was built for.
        kind: of attention.
    """
    sides: set[int] = set()
    layers = [layer for layer in network.modules() if isinstance(layer, kind)]
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
