"""Around an optimiser's step: splitting a batch, learning rates, freezing and clipping weights."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from impasto.base.schedules import Schedule, value_at


class PrivateStep(Protocol):
    """What makes the discriminator's updates differentially private."""

    batch_size: int
    """Real pictures of a step on average."""
    painted: int
    """Painted pictures of a step."""
    secret: int
    """What batches and noise are drawn by."""

    def begin(self, pictures: int, batch_size: int, steps: int, before: dict[str, Any] | None = None) -> None:
        """Plan a run of so many steps over so many pictures, or go on with one from its :meth:`state_dict`."""
        ...

    def watch(self, network: nn.Module) -> None:
        """Whose gradients are meant; called once, before training."""
        ...

    def watching(self) -> AbstractContextManager[None]:
        """A pass through the discriminator and back, in which the gradients of single pictures are kept; in float32."""
        ...

    def privatise(self) -> Tensor:
        """Replace its gradients by clipped and noised ones; returns the share of pictures that were clipped."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs, for checkpoints."""
        ...

    def record(self) -> dict[str, Any]:
        """What the summary of the run says of it."""
        ...


class BatchPart(dict[str, Tensor]):
    """Tensors of a batch, or of a part of one, by name.

    Attributes:
        share: of the update's batch that this part is; 1 for a whole one.
    """

    share: float = 1.0


def size_of(batch: dict[str, Tensor]) -> int:
    """Pictures in a batch, on this process."""
    return len(next(iter(batch.values())))


def split(batch: dict[str, Tensor], parts: int) -> Iterator[BatchPart]:
    """Cut a batch along the first axis into parts that differ by one picture at most; none of them is empty."""
    if parts == 1:
        yield BatchPart(batch)
        return
    parts = min(parts, size_of(batch))
    chunks = {name: values.tensor_split(parts) for name, values in batch.items()}
    for i in range(parts):
        part = BatchPart({name: chunk[i] for name, chunk in chunks.items()})
        part.share = size_of(part) / size_of(batch)
        yield part


def remember_rates(optimizers: Iterable[Optimizer]) -> None:
    """Note the learning rates that optimisers were made with, which :func:`set_rates` multiplies."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.setdefault("base_lr", group["lr"])


def set_rates(optimizer: Optimizer, factor: float, beta2: float | Schedule | None, kimg: float) -> None:
    """Set the learning rates to ``factor`` times those it was made with and Adam's second coefficient, unless None."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
        if beta2 is not None:
            group["betas"] = (group["betas"][0], value_at(beta2, kimg))


@contextmanager
def frozen(*networks: nn.Module) -> Iterator[None]:
    """No gradients for the networks' own weights, which would only be thrown away."""
    trained = [p for network in networks for p in network.parameters() if p.requires_grad]
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
