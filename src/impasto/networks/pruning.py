"""Structured pruning: whole channels are taken out of a network, the least important ones first."""

import importlib
import warnings
from copy import deepcopy
from typing import Any, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError

ROOTS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
"""Layers whose output channels are taken out."""


def pruned_weights(network: nn.Module, narrow: nn.Module, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """The weights of a network without the channels that a narrower one of its class does not have.

    Channels that are added to each other or multiplied go together, as the graph of the network says (Fang et al. 2023,
    "DepGraph"); of each such group those stay whose weights, into it and out of it, have the largest norm.

    Args:
        network: trained; it is not changed.
        narrow: another of its class, with fewer channels.
        inputs: of a call, by which its graph is found.

    Raises:
        UserError: torch-pruning is not installed, or the network has layers that it does not know.
    """
    pruning = torch_pruning()
    copy, kind = deepcopy(network).eval().requires_grad_(True), type(network).__name__
    widths = {name: out_channels(module) for name, module in narrow.named_modules() if isinstance(module, ROOTS)}
    names = {module: name for name, module in copy.named_modules()}
    importance = pruning.importance.GroupMagnitudeImportance(p=2)
    try:
        with torch.enable_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parameters outside layers, which the comparison below finds
            graph = pruning.DependencyGraph().build_dependency(copy, example_inputs=inputs)
            for group in graph.get_all_groups(root_module_types=list(ROOTS)):
                root = group[0].dep.target.module
                spare = out_channels(root) - widths.get(names[root], out_channels(root))
                if spare > 0:
                    group.prune(importance(group).argsort()[:spare].tolist())
    except Exception as problem:
        raise UserError(f"{kind} cannot be pruned, as torch-pruning does not follow its layers ({problem}).") from None
    weights = {name: value.detach() for name, value in copy.state_dict().items()}
    shapes = {name: value.shape for name, value in narrow.state_dict().items()}
    if {name: value.shape for name, value in weights.items()} != shapes:
        raise UserError(f"{kind} cannot be pruned: it has layers whose channels torch-pruning does not count.")
    return weights


def out_channels(layer: nn.Module) -> int:
    """Of a layer of :data:`ROOTS`."""
    return cast(int, layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels)


def torch_pruning() -> Any:
    """The package.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module("torch_pruning")
    except ImportError:
        raise UserError("Pruning needs the compress extra: pip install 'impasto[compress]'.") from None
