"""Cycle and identity against numbers worked out by hand."""

import pytest
import torch
from torch import nn

from impasto.losses.terms.cycle import Cycle, Identity
from impasto.losses.terms.term import GeneratorPass


class Halves(nn.Module):
    """Halves what it is given, and counts how often."""

    calls = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return images / 2


def test_cycle_and_identity() -> None:
    generator, content, style = Halves(), torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), -0.8)
    p = GeneratorPass(content, generator, content=content, style=style, cycled=content - 0.25)
    assert Cycle()(p).item() == pytest.approx(0.25)
    assert Identity()(p).item() == pytest.approx(0.4)
    Identity()(p)
    assert generator.calls == 1  # two terms that need it share it
