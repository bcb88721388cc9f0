"""Batch statistics for averaged weights: the standing statistics of Brock et al. 2019."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn


def running_norms(network: nn.Module) -> list[Any]:
    """The layers of a network that keep running statistics."""
    return [m for m in network.modules() if isinstance(getattr(m, "running_mean", None), torch.Tensor)]


@torch.no_grad()
def standing_statistics(network: nn.Module, runs: Iterable[Callable[[], object]]) -> None:
    """Measure the running statistics of normalisation layers anew.

    Running statistics were gathered with the weights in training, and do not fit their moving average; means over a
    few batches do (Brock et al. 2019, appendix C.1). All other layers keep their mode.

    Args:
        network: in evaluation mode.
        runs: each puts one batch through the network.
    """
    norms = running_norms(network)
    momenta = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.train()
        for i, run in enumerate(runs):
            for norm in norms:
                norm.momentum = 1 / (i + 1)  # the first batch replaces what was there, the rest make it a mean
            run()
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
