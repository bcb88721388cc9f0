"""Adaptive discriminator augmentation (Karras et al. 2020a)."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from impasto.augment.color import random_color, recolored
from impasto.augment.diffaugment import rectangle
from impasto.augment.draws import per_image, uniform
from impasto.augment.geometry import placed, random_placement
from impasto.base import distributed
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Count, NotNegative, Positive, Strength
from impasto.base.schedules import Schedule, value_at


class ADA(nn.Module):
    """Blitting, geometry and colour, each applied to a picture with probability ``p``, which follows D's overfitting.

    D overfits when it is sure of real pictures: r = mean sign(D(real)). Every ``interval`` updates p moves by the step
    that takes it from 0 to 1 over ``speed_kimg``, up if r is above ``target`` and down if it is below (Karras et
    al. 2020a, section 3.2, equation 1). Below p = 0.8 no transformation can leak into what is generated (section 2.2).

    The state is in buffers on the device: it is saved, resumed, and never waited for. If ``p`` is given, a number or a
    schedule over kimg, nothing adapts (as in Huang et al. 2024, whose relativistic scores have no meaningful sign).

    Works on any number of channels and any size; gradients reach the pictures.

    Args:
        pixel: factor on p for mirroring, quarter turns and whole-pixel shifts.
        geometric: factor on p for scaling, rotation, stretching and shifts.
        color: factor on p for brightness, contrast, luma flip, hue and saturation.
        cutout: factor on p for a rectangle of zeros, half as wide and as high as the picture; 0 in the paper's default.
        target: of r.
        speed_kimg: thousands of pictures in which p can go from 0 to 1.
        interval: updates between two changes of p.
        threshold: a score above it counts as real: 0 for most losses, 0.5 for least squares.
        p: fixed or scheduled probability; None adapts it.
    """

    p: Tensor
    signs: Tensor
    count: Tensor
    updates: Tensor

    def __init__(
        self,
        pixel: NotNegative = 1.0,
        geometric: NotNegative = 1.0,
        color: NotNegative = 1.0,
        cutout: NotNegative = 0.0,
        target: Strength = 0.6,
        speed_kimg: Positive = 500.0,
        interval: Count = 4,
        threshold: float = 0.0,
        p: Strength | Schedule | None = None,
    ) -> None:
        super().__init__()
        self.pixel, self.geometric, self.color, self.cutout = pixel, geometric, color, cutout
        self.target, self.speed_kimg, self.interval, self.threshold = target, speed_kimg, interval, threshold
        self.schedule = p
        self.register_buffer("p", torch.tensor(0.0 if p is None else value_at(p, 0.0)))
        self.register_buffer("signs", torch.zeros(()))
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """Doubt losses under which the sign of scores, which shows overfitting, has no meaning or another one."""
        real_above = getattr(parts.loss, "real_above", self.threshold)
        if self.schedule is not None or real_above == self.threshold:
            return
        if real_above is None:
            yield Doubt(
                "augment",
                "augment=ada measures overfitting by the sign of scores, which has no meaning under this loss: set "
                "augment.p, or augment=ada_scheduled.",
            )
        elif self.threshold == 0:
            yield Doubt(
                "augment",
                f"augment=ada counts scores above 0 as real, {type(parts.loss).__name__} those above {real_above}: set "
                f"augment.threshold={real_above}.",
            )

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to the same, in float32."""
        with torch.autocast(images.device.type, enabled=False):
            images = images.to(torch.promote_types(images.dtype, torch.float32))
            images = placed(images, random_placement(images, self.p * self.pixel, self.p * self.geometric))
            images = recolored(images, *random_color(images, self.p * self.color))
            if self.cutout > 0:
                draw = uniform(len(images), 3, images.device)
                spared = per_image(draw[:, 0] >= self.p * self.cutout)
                images = images * (spared | ~rectangle(images, draw[:, 1:], 0.5))
        return images

    @torch.no_grad()
    def update(self, real_scores: Tensor, kimg: float) -> None:
        """Take the scores of real pictures after every pass: any shape, first axis the pictures.

        With several processes this is a collective call.
        """
        if self.schedule is not None:
            self.p.fill_(value_at(self.schedule, kimg))
            return
        self.signs += distributed.mean_over_processes((real_scores.float() - self.threshold).sign().mean())
        self.count += len(real_scores) * distributed.world_size()
        self.updates += 1
        due = self.updates % self.interval == 0
        step = torch.sign(self.signs / self.interval - self.target) * self.count / (self.speed_kimg * 1000)
        self.p.copy_(torch.where(due, (self.p + step).clamp(0, 1), self.p))
        self.signs.masked_fill_(due, 0)
        self.count.masked_fill_(due, 0)
