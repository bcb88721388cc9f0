"""Beginning a run with the weights of another: the same, or those that remain when channels are pruned."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.spec import DataSpec
from impasto.models.roles import Role
from impasto.networks.pruning import pruned_weights
from impasto.painters.checkpoints import find_checkpoint, shipped_base
from impasto.painters.cost import example
from impasto.painters.teachers import Teacher, teacher_in

TRACED = 64
"""Pixels of each side of the picture by which the graph of a network is found."""


def begin_with(start: str, networks: Mapping[str, nn.Module], roles: Mapping[str, Role], spec: DataSpec) -> None:
    """Give networks the weights of a trained model.

    A generator gets those of the model's average. A narrower one gets those of the most important channels, see
    :func:`~impasto.networks.pruning.pruned_weights`, or, where it cannot be pruned, those of the same name and shape. A
    discriminator gets them if it is of the same shape. A notice says what each got.

    Args:
        start: run, checkpoint or base; ``base`` is the one that comes with the package.
        networks: newly built, by name.
        roles: of the networks.
        spec: of the data.

    Raises:
        UserError: the model cannot be loaded, or is of another kind.
    """
    source = source_of(start)
    for name, network in networks.items():
        known = network_in(source, name)
        if known is None:
            notice(f"start.{name}", f"model.{name} starts anew: {start} has no such network.")
            continue
        notice(
            f"start.{name}", f"model.{name} starts with {given_weights(network, known, roles[name], spec)} of {start}."
        )


def source_of(start: str) -> Teacher:
    """The model that a run begins with.

    Raises:
        UserError: it cannot be loaded.
    """
    if start != "base" and not Path(start).exists():
        raise UserError(f"start={start} does not exist: give the folder of a run, a checkpoint, or base.")
    with torch.device("cpu"):
        return teacher_in(shipped_base() if start == "base" else find_checkpoint(start))


def network_in(source: Teacher, name: str) -> nn.Module | None:
    """The trained network of this name."""
    known = source.networks.get(name)
    return known if known is None or name == "discriminator" else known.network  # type: ignore[return-value]


def given_weights(network: nn.Module, known: nn.Module, role: Role, spec: DataSpec) -> str:
    """Copy weights from a trained network; returns what was copied, for a sentence."""
    old, new = known.state_dict(), network.state_dict()
    if same_shapes(old, new):
        network.load_state_dict(old)
        return "the weights"
    reason = ""
    if role.optimizer == "g" and type(network) is type(known):
        content = spec[role.given] if role.given is not None else None
        side = (spec[role.part].height, spec[role.part].width) if content is None else (TRACED, TRACED)
        try:
            network.load_state_dict(pruned_weights(known, network, example(known, spec[role.part], content, *side)))
        except UserError as problem:
            reason = f" ({str(problem).rstrip('.')})"
        else:
            return "the most important channels"
    shared = {key: value for key, value in old.items() if key in new and value.shape == new[key].shape}
    if role.optimizer == "g" and not shared:
        raise UserError(
            f"start= has a {type(known).__name__}, none of whose weights fit {type(network).__name__}: give a run of "
            "the same model, or leave it out."
        )
    network.load_state_dict({**new, **shared})
    return f"{len(shared)} of {len(new)} tensors, those of the same name and shape{reason},"


def same_shapes(first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor]) -> bool:
    """Whether tensors have the same names and shapes."""
    return {k: v.shape for k, v in first.items()} == {k: v.shape for k, v in second.items()}
