"""Penalties on the discriminator: modules, because some have state.

Each is given one :class:`DiscriminatorPass` and returns a scalar to add to the discriminator's loss. A penalty with
``every`` k is applied at every k-th update and multiplied by k, so that its strength does not depend on k
(lazy regularisation: Karras et al. 2020b, section 3.1). The paper takes a separate Adam step for the penalty, and so
multiplies the learning rate by c = k / (k + 1) and raises the betas to the power c. Here the penalty is added to the
loss of an ordinary update: the number of steps, and the meaning of learning rate and betas, do not depend on k.

The step computes the pass in float32 when one of the penalties that are due differentiates through it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Count, NotNegative, Share
from impasto.base.schedules import Schedule
from impasto.losses.adaptive_gamma import AdaptiveGamma, as_gamma, gamma_now
from impasto.networks.layers.head import MinibatchDeviation
from impasto.networks.scores import Scores, over_maps


@dataclass
class DiscriminatorPass:
    """One evaluation of the discriminator on real and generated pictures.

    Attributes:
        discriminate: scores pictures under the conditions of the real ones, which are the batch's own.
        real: what the discriminator saw, augmentation included, (N, C, H, W).
        fake: likewise for generated pictures, detached from the generator.
        real_scores: scores of ``real``, with graph.
        fake_scores: scores of ``fake``, with graph.
        original_real: ``real`` before augmentation; a leaf that requires gradient if a penalty needs it.
        original_fake: likewise for generated pictures.
        kimg: the clock, for weights on a schedule.
        share: of the update's batch that these pictures are; less than 1 if it is processed in parts.
        discriminate_fake: scores pictures under the conditions of the generated ones, of which there may be more; None
            if they are those of the real ones.
    """

    discriminate: Callable[[Tensor], Scores]
    real: Tensor
    fake: Tensor
    real_scores: Scores
    fake_scores: Scores
    original_real: Tensor
    original_fake: Tensor
    kimg: float = 0.0
    share: float = 1.0
    discriminate_fake: Callable[[Tensor], Scores] | None = None


class Penalty(nn.Module):
    """Base of all penalties.

    Args:
        every: apply at every k-th update of the discriminator, k times as strong.
    """

    needs_input_grad: ClassVar[bool] = False
    """Whether the scores of the pass itself are differentiated with respect to its pictures."""
    second_order: ClassVar[bool] = False
    """Whether gradients are differentiated again, for which the whole pass is computed in float32."""

    def __init__(self, every: Count = 1) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"penalty.every is {every}; give 1 or more.")
        self.every = every

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """What the parts of the penalty find."""
        for part in self.children():
            if callable(check_with := getattr(part, "check_with", None)):
                yield from check_with(parts)

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """The penalty, a scalar, not yet multiplied by ``every``."""
        raise NotImplementedError


def squared_gradient_norm(scores: Scores, images: Tensor) -> Tensor:
    """Squared L2 norm of the scores' gradient with respect to each picture: (N,), differentiable again."""
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.float().square().flatten(1).sum(1)


class GradientPenalty(Penalty):
    """WGAN-GP (Gulrajani et al. 2017, equation 3): ``weight`` * (|gradient| - ``target``)^2 between real and fake."""

    second_order: ClassVar[bool] = True

    def __init__(self, weight: NotNegative = 10.0, target: NotNegative = 1.0, every: Count = 1) -> None:
        super().__init__(every)
        self.weight, self.target = weight, target

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Refuse or doubt layers that make a score depend on other pictures of the batch."""
        asks = f"{type(self).__name__} needs the gradient of each score by its own picture, but"
        for network in parts.discriminators.values():
            key = parts.key_of(network)
            if any("batchnorm" in type(m).__name__.lower() for m in network.modules()):
                yield Refusal(
                    f"{asks} the discriminator's batch normalisation mixes the pictures of a batch; set {key}.norm="
                    "layer, instance or none."
                )
            if any(isinstance(m, MinibatchDeviation) for m in network.modules()):
                yield Doubt(
                    parts.key_of(self),
                    f"{asks} minibatch_std lets a score depend on all pictures of its group (Karras et al. 2018 "
                    f"combine them nevertheless): set {key}.minibatch_std=false for the exact penalty.",
                )

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        n = len(p.real)
        share = distributed.per_sample(lambda count: torch.rand(count, 1, 1, 1, device=p.real.device), n)
        between = torch.lerp(p.real.detach().float(), p.fake.detach().float(), share).requires_grad_()
        # The small constant keeps the square root's own gradient finite where the critic is flat.
        norm = (squared_gradient_norm(p.discriminate(between), between) + 1e-12).sqrt()
        return self.weight * (norm - self.target).square().mean()


class R1(Penalty):
    """Mescheder et al. 2018, equation 9: ``gamma`` / 2 * |gradient|^2 at the real pictures; a schedule is taken too,
    and ``auto``, see :class:`~impasto.losses.adaptive_gamma.AdaptiveGamma`.

    The authors' code, GAN_stability, has no half: its gamma of 10 is 20 here. The gradient is taken with respect
    to the pictures before augmentation, which counts as a part of the discriminator (as in the code of Karras et al.
    2020a).
    """

    needs_input_grad: ClassVar[bool] = True
    second_order: ClassVar[bool] = True

    def __init__(
        self, gamma: NotNegative | Schedule | AdaptiveGamma | Literal["auto"] = 10.0, every: Count = 1
    ) -> None:
        super().__init__(every)
        self.gamma = as_gamma(gamma)

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        return 0.5 * gamma_now(self.gamma, p, self.every) * squared_gradient_norm(p.real_scores, p.original_real).mean()


class R1R2(Penalty):
    """R1 at the real and R2 at the generated pictures (Huang et al. 2024, equation 3), both ``gamma`` / 2.

    As :class:`R1` with respect to the pictures before augmentation, as in the authors' code.
    """

    needs_input_grad: ClassVar[bool] = True
    second_order: ClassVar[bool] = True

    def __init__(self, gamma: NotNegative | Schedule | AdaptiveGamma | Literal["auto"] = 1.0, every: Count = 1) -> None:
        super().__init__(every)
        self.gamma = as_gamma(gamma)

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        r1 = squared_gradient_norm(p.real_scores, p.original_real).mean()
        r2 = squared_gradient_norm(p.fake_scores, p.original_fake).mean()
        return 0.5 * gamma_now(self.gamma, p, self.every) * (r1 + r2)


class LeCam(Penalty):
    """Tseng et al. 2021: scores are held near the other side's moving average.

    ``weight`` * (mean relu(real - average of fake)^2 + mean relu(average of real - fake)^2), as in the authors' code
    (google/lecam-gan): only scores on their own side are drawn back. Equation 5 of the paper has the squares without
    relu. The averages are buffers, so that they are saved and resumed; they start from the first batch.

    Args:
        weight: see above.
        decay: of the averages per update of the discriminator, independent of ``accumulate`` and ``every``.
        one_sided: as in the code; false gives the paper's equation.
        every: as for every penalty.
    """

    average_real: Tensor
    average_fake: Tensor
    started: Tensor

    def __init__(
        self, weight: NotNegative = 0.3, decay: Share = 0.99, one_sided: bool = True, every: Count = 1
    ) -> None:
        super().__init__(every)
        self.weight, self.decay, self.one_sided = weight, decay, one_sided
        self.register_buffer("average_real", torch.zeros(()))
        self.register_buffer("average_fake", torch.zeros(()))
        self.register_buffer("started", torch.zeros(()))

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        kept = self.decay ** (self.every * p.share)
        self._follow(self.average_real, p.real_scores, kept)
        self._follow(self.average_fake, p.fake_scores, kept)
        self.started.fill_(1)
        return self.weight * over_maps(self._distance, p.real_scores, p.fake_scores)

    def _distance(self, real: Tensor, fake: Tensor) -> Tensor:
        real, fake = real.float() - self.average_fake, self.average_real - fake.float()
        if self.one_sided:
            real, fake = real.relu(), fake.relu()
        return real.square().mean() + fake.square().mean()

    def _follow(self, average: Tensor, scores: Scores, kept: float) -> None:
        mean = distributed.mean_over_processes(scores.float().mean())
        # `started` stays on the device: reading it here would make the hot loop wait.
        average.copy_(torch.lerp(mean, average, kept * self.started))


class Consistency(Penalty):
    """Balanced consistency (Zhao et al. 2021, bCR): scores must not change when a picture is shifted or mirrored.

    ``weight`` * mean (D(x) - D(T(x)))^2 over real and over generated pictures. T mirrors half of the pictures and
    shifts each by up to ``shift`` of its size, with zeros moving in.
    """

    def __init__(self, weight: NotNegative = 10.0, shift: Share = 0.125, mirror: bool = True, every: Count = 1) -> None:
        super().__init__(every)
        self.weight, self.shift, self.mirror = weight, shift, mirror

    def forward(self, p: DiscriminatorPass) -> Tensor:
        """Scalar."""
        real = over_maps(_mean_square, p.real_scores, p.discriminate(self.transform(p.real.detach())))
        fake = over_maps(_mean_square, p.fake_scores, p.discriminate(self.transform(p.fake.detach())))
        return self.weight * (real + fake)

    def transform(self, images: Tensor) -> Tensor:
        """A random shift and mirroring of each picture: (N, C, H, W) to the same."""
        n, _, height, width = images.shape
        draw = distributed.per_sample(lambda count: torch.rand(count, 3, device=images.device), n)
        rows = torch.arange(height, device=images.device) + _up_to(draw[:, :1], int(height * self.shift))
        columns = torch.arange(width, device=images.device) + _up_to(draw[:, 1:2], int(width * self.shift))
        inside = _within(rows, height)[:, None, :, None] & _within(columns, width)[:, None, None, :]
        if self.mirror:
            columns = torch.where(draw[:, 2:] < 0.5, width - 1 - columns, columns)
        rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
        sample = torch.arange(n, device=images.device)[:, None, None]
        moved = images.permute(0, 2, 3, 1)[sample, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
        return moved * inside


def _mean_square(scores: Tensor, others: Tensor) -> Tensor:
    return (scores - others).float().square().mean()


def _up_to(draw: Tensor, limit: int) -> Tensor:
    """Uniform draws in [0, 1) to whole numbers in [-limit, limit]."""
    return (draw * (2 * limit + 1)).long() - limit


def _within(index: Tensor, size: int) -> Tensor:
    return (index >= 0) & (index < size)
