"""One process or many, with the same numbers.

Every process draws random values for the whole global batch from the same generator state and keeps its own slice, so
that a run gives the same curve on any number of processes.
"""

from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor


def rank() -> int:
    """This process's number, 0 without a process group."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def world_size() -> int:
    """Number of processes, 1 without a process group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def per_sample(draw: Callable[[int], Tensor], n: int) -> Tensor:
    """Draw one value per sample of the global batch and return this process's ``n`` of them.

    Args:
        draw: given a count, returns a tensor whose first axis has that length.
        n: samples in this process's part of the batch; the same in every process.
    """
    first = rank() * n
    return draw(world_size() * n)[first : first + n]


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of ``value`` over all processes, without gradient; ``value`` itself in a single process."""
    if world_size() == 1:
        return value.detach()
    total = value.detach().clone()
    dist.all_reduce(total)
    return total / world_size()


def gather(value: Tensor) -> Tensor:
    """The parts of all processes, of equal length, joined along the first axis; a collective call."""
    if world_size() == 1:
        return value
    parts = [torch.empty_like(value) for _ in range(world_size())]
    dist.all_gather(parts, value.contiguous())
    return torch.cat(parts)


def any_process(flag: bool, device: torch.device | str = "cpu") -> bool:
    """Whether the flag is set anywhere; a collective call, so every process must make it."""
    if world_size() == 1:
        return flag
    value = torch.tensor(int(flag), device=device)
    dist.all_reduce(value, op=dist.ReduceOp.MAX)
    return bool(value.item())
