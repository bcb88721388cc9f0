"""Batch statistics for averaged weights."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def running_norms(network: nn.Module) -> list[Any]:
    """The layers of a network that keep running statistics."""
    return [m for m in network.modules() if isinstance(getattr(m, "running_mean", None), torch.Tensor)]


@torch.no_grad()
def standing_statistics(network: nn.Module, runs: Iterable[Callable[[], object]]) -> None:
    """Let normalisation layers measure anew what the network makes of its inputs.

    A moving average of weights never saw the statistics that were gathered with other weights; plain means over a few
    batches fit it (the standing statistics of Brock et al. 2019, appendix C.1). All other layers stay as they are.

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


def in_proportion(weights: Sequence[int], n: int) -> Tensor:
    """``n`` labels, each class as often as its weight says, evenly spread: (n,); equal weights take turns."""
    wanted, taken = np.asarray(weights), np.zeros(len(weights), np.int64)
    labels = []
    for i in range(1, n + 1):
        labels.append(int(np.argmax(wanted * i - taken * wanted.sum())))  # the class that is furthest behind
        taken[labels[-1]] += 1
    return torch.tensor(labels)
