"""What a direction changes, of what it is to change and of all else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from impasto.explain.attributes import Scorer, score
from impasto.explain.noise import Noise, centred, paint
from impasto.painters.painter import Painter
from impasto.painters.sliders import DEVIATION

REACH = 2.0
"""Standard deviations to both sides at which changes are measured."""
RANDOM = 8
"""Random directions that are measured as a control."""
DRAWS = 500
"""Of the bootstrap."""


@dataclass(frozen=True)
class Changes:
    """Measured changes of attributes.

    Attributes:
        mean: (J, A), by direction and attribute: from -2 to +2 deviations, in the attribute's deviations over pictures.
        low: likewise, lower ends of 95% intervals over latent vectors.
        high: upper ends.
        control: (A,), mean absolute change along random directions.
    """

    mean: Tensor
    low: Tensor
    high: Tensor
    control: Tensor

    def share(self, direction: int, attribute: int) -> float:
        """Of the sum of absolute changes along a direction, that of one attribute: 1 is nothing else, 1 / A no aim."""
        row = self.mean[direction].abs()
        return float(row[attribute] / row.sum().clamp_min(1e-9))

    def others(self, direction: int, attribute: int) -> float:
        """Mean absolute change of all other attributes."""
        row = self.mean[direction].abs()
        return float((row.sum() - row[attribute]) / max(len(row) - 1, 1))


def measure_changes(
    painter: Painter, noise: Noise, vectors: Tensor, scorers: Mapping[str, Scorer], batch_size: int = 64
) -> Changes:
    """Paint each latent vector at both ends of each direction, and score what comes out.

    Args:
        painter: from noise.
        noise: latent vectors that no direction was found with.
        vectors: (J, latent_dim), of length 1.
        scorers: of the attributes.
        batch_size: pictures at a time.
    """
    natural = centred(score(scorers, paint(painter, noise, batch_size)), noise.groups).std(0).clamp_min(1e-6)
    draw = torch.Generator().manual_seed(0)
    random = nn.functional.normalize(torch.randn(RANDOM, vectors.shape[1], generator=draw))
    reach = REACH * DEVIATION[painter.latent]

    def change(vector: Tensor) -> Tensor:
        ends = (score(scorers, paint(painter, noise.moved(sign * reach * vector), batch_size)) for sign in (1, -1))
        upper, lower = ends
        return (upper - lower) / natural

    found = torch.stack([change(vector) for vector in vectors])
    control = torch.stack([change(vector).mean(0).abs() for vector in random]).mean(0)
    chosen = torch.randint(0, len(noise), (DRAWS, len(noise)), generator=draw)
    # One direction at a time, since all draws of all directions are large together.
    ends = torch.stack([values[chosen].mean(1).quantile(torch.tensor([0.025, 0.975]), 0) for values in found])
    return Changes(found.mean(1), ends[:, 0], ends[:, 1], control)


def strongest(changes: Changes, direction: int, names: Sequence[str]) -> str:
    """The attribute that a direction changes most."""
    return names[int(changes.mean[direction].abs().argmax())]
