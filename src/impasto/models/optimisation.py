"""What goes with one optimiser's step: parts of a batch, rates, weights held still or within limits."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from impasto.base.schedules import Schedule, value_at


def size_of(batch: dict[str, Tensor]) -> int:
    """Pictures in a batch, on this process."""
    return len(next(iter(batch.values())))


def split(batch: dict[str, Tensor], parts: int) -> Iterator[dict[str, Tensor]]:
    """Cut a batch along the first axis into parts that differ by one picture at most; none of them is empty."""
    if parts == 1:
        yield batch
        return
    parts = min(parts, size_of(batch))
    chunks = {name: values.tensor_split(parts) for name, values in batch.items()}
    yield from ({name: chunk[i] for name, chunk in chunks.items()} for i in range(parts))


def remember_rates(optimizers: Iterable[Optimizer]) -> None:
    """Note the learning rates that optimisers were made with, which :func:`set_rates` multiplies."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.setdefault("base_lr", group["lr"])


def set_rates(optimizer: Optimizer, factor: float, beta2: float | Schedule | None, kimg: float) -> None:
    """Set the learning rates to ``factor`` times those it was made with and, unless null, Adam's second coefficient."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
        if beta2 is not None:
            group["betas"] = (group["betas"][0], value_at(beta2, kimg))


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """No gradients for the network's own weights: they would be computed only to be thrown away."""
    trained = [p for p in network.parameters() if p.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


@torch.no_grad()
def clip_weights(network: nn.Module, limit: float) -> None:
    """Hold every weight within [-limit, limit] (Arjovsky et al. 2017, algorithm 1)."""
    weights: list[Tensor] = list(network.parameters())
    torch._foreach_clamp_min_(weights, -limit)
    torch._foreach_clamp_max_(weights, limit)
