"""Where a painter's attention layers look, for a few places of the picture."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from impasto.explain.directions import watching
from impasto.networks.layers.attention import SelfAttention


def attention_layers(network: nn.Module) -> dict[str, SelfAttention]:
    """Self-attention by name, in the order of the network."""
    return {name: module for name, module in network.named_modules() if isinstance(module, SelfAttention)}


@torch.no_grad()
def attention_maps(network: nn.Module, run: Callable[[], object], places: Tensor) -> dict[str, Tensor]:
    """Attention weights of every layer during a run of the network.

    Args:
        network: with attention layers.
        run: calls the network, for one picture.
        places: (P, 2), where from: shares of height and width in [0, 1).

    Returns:
        By layer (P, h, w): weights of what each place attends to, of sum 1 over the pooled places that are keys.
    """
    found: dict[str, Tensor] = {}

    def keep(name: str, layer: SelfAttention, given: Any, _: Any) -> None:
        found[name] = weights_of(layer, given[0][:1], places)

    with ExitStack() as stack:
        for name, layer in attention_layers(network).items():
            stack.enter_context(watching(layer, partial(keep, name, layer)))
        run()
    return found


def weights_of(layer: SelfAttention, x: Tensor, places: Tensor) -> Tensor:
    """What a layer attends to from a few places of its input (1, C, H, W): (P, h, w) on the CPU."""
    height, width = x.shape[2:]
    rows, columns = (places * torch.tensor([height, width])).long().T
    query = layer.query(x)[0, :, rows, columns].T
    key, _ = layer.keys_and_values(x)
    weights = torch.softmax(query @ key[0], -1)
    return weights.unflatten(1, (-(-height // 2), -(-width // 2))).float().cpu()
