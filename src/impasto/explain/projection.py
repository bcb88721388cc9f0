"""The latent vector that paints most nearly a given picture."""

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.evaluation.figures.image_metrics import psnr
from impasto.explain.noise import ANY, Conditions, Noise, draw, paint
from impasto.painters.painter import Painter
from impasto.painters.sliders import DEVIATION

DRAWS: Final = 512
"""Random pictures of which the nearest is started from."""
PRIOR: Final = 0.01
"""Weight of the length of the latent vector, which keeps it where training has been."""
RATE: Final = 0.05
"""Of Adam."""


@dataclass(frozen=True)
class Projection:
    """Pictures in latent space.

    Attributes:
        noise: latent vectors, with the class under which each was found.
        painted: (N, C, H, W), what is painted of them.
        psnr: (N,) dB, against the pictures; infinite for equal ones.
        psnr_drawn: (N,) dB, of the nearest of the random pictures, which is what drawing alone reaches.
    """

    noise: Noise
    painted: Tensor
    psnr: Tensor
    psnr_drawn: Tensor


def project(
    painter: Painter,
    targets: Tensor,
    steps: int,
    seed: int = 0,
    conditions: Conditions = ANY,
) -> Projection:
    """Find latent vectors by gradient descent on the difference of pixels at three scales (Abdal et al. 2019).

    Each begins at the nearest of 512 random pictures of all classes, and keeps its class.

    Args:
        painter: from noise.
        targets: (N, C, H, W) in [-1, 1], of the size that it paints.
        steps: of the optimiser.
        seed: of the random pictures.
        conditions: that are tried.
    """
    drawn = draw(painter, DRAWS, seed, conditions)
    known = paint(painter, drawn)
    nearest = torch.cdist(targets.flatten(1), known.flatten(1)).argmin(1)
    start = drawn[nearest]
    inputs = painter.condition_inputs(start.condition, 0, len(start))
    z, wanted = start.z.to(painter.device).requires_grad_(), targets.to(painter.device)
    optimizer = torch.optim.Adam([z], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    usual = painter.latent_dim * DEVIATION[painter.latent] ** 2
    best, lowest = z.detach().clone(), torch.full((len(z),), torch.inf, device=z.device)
    with torch.enable_grad():
        for _ in range(steps):
            error = difference(painter(latent=z, **inputs), wanted)
            found = error.detach() < lowest
            best[found], lowest[found] = z.detach()[found], error.detach()[found]
            loss = (error + PRIOR * (z.square().sum(1) / usual - 1).square()).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    noise = Noise(best.cpu(), start.condition)
    painted = paint(painter, noise)
    return Projection(noise, painted, psnr(painted, targets), psnr(known[nearest], targets))


def difference(images: Tensor, targets: Tensor) -> Tensor:
    """Mean squared difference at full, a half and a quarter of the size: (N,)."""
    total = (images - targets).square().mean((1, 2, 3))
    for scale in (2, 4):
        if min(images.shape[2:]) >= 2 * scale:
            total = total + F.avg_pool2d(images - targets, scale).square().mean((1, 2, 3))
    return total
