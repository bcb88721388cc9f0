"""Running means of logged values, kept on the device so that the hot loop never waits."""

import torch
from torch import Tensor

from impasto.base import distributed


class Tracker:
    """Sums and counts by name since the last :meth:`drain`."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, value: Tensor) -> None:
        """Add one scalar."""
        value = value.detach().float()
        self._sums[name] = self._sums[name] + value if name in self._sums else value
        self._counts[name] = self._counts.get(name, 0) + 1

    def drain(self) -> dict[str, float]:
        """Means since the last call, over all processes; waits for the device."""
        means = self.peek()
        self._sums, self._counts = {}, {}
        return means

    def peek(self) -> dict[str, float]:
        """As :meth:`drain`, without starting afresh."""
        names = sorted(self._sums)
        if not names:
            return {}
        means = torch.stack([self._sums[name] / self._counts[name] for name in names])
        return dict(zip(names, distributed.mean_over_processes(means).tolist(), strict=True))
