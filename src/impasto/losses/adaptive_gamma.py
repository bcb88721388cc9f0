"""A gamma for R1-type penalties on new data: by size and batch first, then by the discriminator's overfitting."""

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import NotNegative, Positive, Strength
from impasto.base.schedules import Schedule, value_at
from impasto.networks.scores import Scores

HEURISTIC: Final = 0.0002
"""Of Karras et al. 2020a: gamma = 0.0002 * height * width / batch (stylegan2-ada-pytorch, train.py, cfg=auto)."""


class AdaptiveGamma(nn.Module):
    """``gamma: auto``: starts at 0.0002 * height * width / batch, and follows the discriminator's overfitting.

    As in :class:`~impasto.augment.ada.ADA`, the discriminator overfits when it is sure of real pictures: r = mean
    sign(D(real)) above ``target``. Then gamma grows, and it falls while r is below, by ``speed`` octaves for
    each kimg. It stays within ``octaves`` of where it started. State and strength are on the device, are saved and are
    never waited for.

    Args:
        target: of r; the default was chosen on Fashion-MNIST alone, see docs/frontier.md.
        speed: octaves (doublings or halvings) per thousand pictures.
        octaves: the farthest from the start.
    """

    octave: Tensor
    strength: Tensor

    def __init__(self, target: Strength = 0.6, speed: Positive = 0.5, octaves: NotNegative = 12.0) -> None:
        super().__init__()
        self.target, self.speed, self.octaves = target, speed, octaves
        self.register_buffer("octave", torch.zeros(()))
        self.register_buffer("strength", torch.zeros(()))

    @torch.no_grad()
    def at(self, real: Tensor, scores: Scores, share: float, every: int) -> Tensor:
        """Follow the scores of real pictures, and give gamma: scalar.

        Args:
            real: pictures (N, C, H, W) of this process, or a part of them.
            scores: theirs.
            share: of the update's batch that they are.
            every: updates from one call to the next.
        """
        batch = len(real) / share * distributed.world_size()
        sure = distributed.mean_over_processes(scores.flat().float().sign().mean())
        step = self.speed * len(real) * distributed.world_size() * every / 1000
        self.octave.add_(step * torch.sign(sure - self.target)).clamp_(-self.octaves, self.octaves)
        self.strength.copy_(HEURISTIC * real.shape[-2] * real.shape[-1] / batch * torch.exp2(self.octave))
        return self.strength.clone()  # the graph keeps it, and the next pass changes it

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Doubt losses under which the sign of scores has no meaning, or another one."""
        if getattr(parts.loss, "real_above", 0.0) != 0:
            yield Doubt(
                "penalty.gamma",
                f"gamma=auto counts scores above 0 as real, which under {type(parts.loss).__name__} has no meaning or "
                "another one: give gamma as a number.",
            )


def as_gamma(setting: Any) -> Any:
    """A number, a schedule or an :class:`AdaptiveGamma`, which ``auto`` stands for."""
    return AdaptiveGamma() if setting == "auto" else setting


def gamma_now(setting: "float | Schedule | AdaptiveGamma", p: Any, every: int) -> "float | Tensor":
    """Its value in one pass of the discriminator.

    Args:
        setting: of :func:`as_gamma`.
        p: the :class:`~impasto.losses.penalties.DiscriminatorPass`.
        every: updates from one pass to the next.
    """
    if isinstance(setting, AdaptiveGamma):
        return setting.at(p.real, p.real_scores, p.share, every)
    return value_at(setting, p.kimg)
