"""Training of the discriminator against pictures that were changed to mislead it."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base import distributed
from impasto.base.ranges import Count, NotNegative, Positive, Strength
from impasto.base.schedules import Schedule, value_at
from impasto.losses.penalties import DiscriminatorPass, Penalty
from impasto.networks.scores import Scores, over_maps

LEVEL = 2 / 255
"""One of 255 levels of a pixel, where pictures are in [-1, 1]."""


class AdversarialExamples(Penalty):
    """The logistic loss of real and generated pictures that were changed within a budget to mislead the discriminator.

    ``weight`` * (mean softplus(-D(real*)) + mean softplus(D(fake*))), where * is what projected gradient descent (Madry
    et al. 2018, equation 3) makes of a picture in ``steps`` steps: no pixel moves by more than ``budget`` levels. One
    step is the fast gradient sign method with a random start (Wong et al. 2020). RobGAN (Liu and Hsieh 2019) trains on
    such real pictures in place of the plain ones; here they come beside them.

    With a ``target`` the strength adapts, as in ADA: while more than that share of the changed pictures is judged
    rightly, the budget in use grows, up to ``budget``, and it shrinks while fewer are. It starts from 0. State is in
    buffers on the device: saved, resumed, never waited for.

    Args:
        weight: see above.
        budget: levels of 255 by which a pixel may move; a schedule is taken too.
        steps: of the search.
        target: share judged rightly that the budget follows; None keeps the whole budget.
        speed_kimg: thousands of pictures in which the strength can go from 0 to 1.
        every: as for every penalty.
    """

    strength: Tensor

    def __init__(
        self,
        weight: NotNegative = 1.0,
        budget: NotNegative | Schedule = 4.0,
        steps: Count = 1,
        target: Strength | None = None,
        speed_kimg: Positive = 50.0,
        every: Count = 1,
    ) -> None:
        super().__init__(every)
        self.weight, self.budget, self.steps, self.target, self.speed_kimg = weight, budget, steps, target, speed_kimg
        self.register_buffer("strength", torch.tensor(1.0 if target is None else 0.0))

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        radius = value_at(self.budget, p.kimg) * LEVEL * self.strength
        discriminate_fake = p.discriminate_fake or p.discriminate
        real = p.discriminate(self.misleading(p.discriminate, p.real, radius, -1.0)).float()
        fake = discriminate_fake(self.misleading(discriminate_fake, p.fake, radius, 1.0)).float()
        if self.target is not None:
            rightly = torch.cat([(real.flat() > 0).float().flatten(), (fake.flat() < 0).float().flatten()]).mean()
            self.adapt(rightly, len(p.real))
        return self.weight * over_maps(
            lambda of_real, of_fake: F.softplus(-of_real).mean() + F.softplus(of_fake).mean(), real, fake
        )

    def misleading(
        self, discriminate: Callable[[Tensor], Scores], images: Tensor, radius: Tensor, direction: float
    ) -> Tensor:
        """What moves the scores as far as the budget allows.

        Args:
            discriminate: scores them under their conditions.
            images: (N, C, H, W) in [-1, 1].
            radius: by which a pixel may move, scalar.
            direction: 1 raises the scores, -1 lowers them.
        """
        images = images.detach()
        moved = images + radius * distributed.per_sample(
            lambda count: torch.rand(count, *images.shape[1:], device=images.device) * 2 - 1, len(images)
        )
        step = radius * (1.25 if self.steps == 1 else 2.5 / self.steps)  # Wong et al. 2020; Madry et al. 2018
        for _ in range(self.steps):
            moved = moved.clamp(-1, 1).requires_grad_()
            (gradient,) = torch.autograd.grad(discriminate(moved).sum(), moved)
            moved = moved.detach() + direction * step * gradient.sign()
            moved = torch.minimum(torch.maximum(moved, images - radius), images + radius)
        return moved.clamp(-1, 1)

    @torch.no_grad()
    def adapt(self, rightly: Tensor, count: int) -> None:
        """Move the strength by one step.

        Args:
            rightly: share of the changed pictures that are judged rightly, 0..1.
            count: real pictures of this pass, in this process.
        """
        assert self.target is not None
        step = count * distributed.world_size() * self.every / (self.speed_kimg * 1000)
        self.strength.add_(step * torch.sign(distributed.mean_over_processes(rightly) - self.target)).clamp_(0, 1)
