"""Differentiable augmentation of all that the discriminator sees (Zhao et al. 2020)."""

import torch
from torch import Tensor, nn

from impasto.augment.draws import per_image, uniform
from impasto.base.ranges import Strength
from impasto.base.schedules import Schedule, value_at


class DiffAugment(nn.Module):
    """Colour, translation and cutout, drawn anew for each picture, real or generated (Zhao et al. 2020, section 4).

    Works on any number of channels and any size; gradients of any order reach the pictures.

    Args:
        color: change brightness by U(-0.5, 0.5), saturation by a factor from U(0, 2), contrast by one from U(0.5, 1.5).
        translation: shift by up to this share of the sides, with zeros moving in; 0 for none.
        cutout: sides of a rectangle of zeros, as a share of the picture's; 0 for none.
        p: probability of each of the three for each picture, a number or a schedule over kimg.
    """

    p: Tensor

    def __init__(
        self, color: bool = True, translation: Strength = 0.125, cutout: Strength = 0.5, p: Strength | Schedule = 1.0
    ) -> None:
        super().__init__()
        self.color, self.translation, self.cutout = color, translation, cutout
        self.schedule = p
        # A buffer, so that a resumed run goes on with the same probability.
        self.register_buffer("p", torch.tensor(value_at(p, 0.0)))

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to the same, in float32."""
        images = images.to(torch.promote_types(images.dtype, torch.float32))  # not in bfloat16
        draw = uniform(len(images), 10, images.device)
        applied = draw[:, :3] < self.p
        if self.color:
            images = _colored(images, *torch.where(applied[:, :1], draw[:, 3:6], 0.5).unbind(1))
        if self.translation > 0:
            images = _shifted(images, torch.where(applied[:, 1:2], draw[:, 6:8], 0.5), self.translation)
        if self.cutout > 0:
            images = images * (~rectangle(images, draw[:, 8:10], self.cutout) | ~per_image(applied[:, 2]))
        return images

    def update(self, real_scores: Tensor, kimg: float) -> None:
        """Follow the schedule of ``p``; the scores are ignored."""
        self.p.fill_(value_at(self.schedule, kimg))


def _colored(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """Uniform draws (N,) in [0, 1), of which 0.5 changes nothing, to changed colours."""
    brightness, saturation, contrast = per_image(brightness), per_image(saturation), per_image(contrast)
    # Written as x + change, so that draws of 0.5 leave every bit as it is.
    images = images + (brightness - 0.5)
    images = images + (images - images.mean(1, keepdim=True)) * (2 * saturation - 1)
    return images + (images - images.mean((1, 2, 3), keepdim=True)) * (contrast - 0.5)


def _shifted(images: Tensor, draw: Tensor, share: float) -> Tensor:
    """Each picture shifted by whole pixels: uniform draws (N, 2) of which 0.5 moves nothing."""
    height, width = images.shape[2:]
    rows, row_inside = _source(draw[:, :1], height, share)
    columns, column_inside = _source(draw[:, 1:], width, share)
    sample = torch.arange(len(images), device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[sample, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return moved * (row_inside[:, None, :, None] & column_inside[:, None, None, :])


def _source(draw: Tensor, size: int, share: float) -> tuple[Tensor, Tensor]:
    """Where each row (or column) comes from, (N, size), and whether that lies inside the picture."""
    limit = int(size * share + 0.5)
    index = torch.arange(size, device=draw.device) + (draw * (2 * limit + 1)).long() - limit
    return index.clamp(0, size - 1), (index >= 0) & (index < size)


def rectangle(images: Tensor, draw: Tensor, share: float) -> Tensor:
    """A rectangle of ``share`` of the sides, its centre anywhere in the picture: (N, 1, H, W), true inside."""
    inside = []
    for axis, size in enumerate(images.shape[2:]):
        length = int(size * share + 0.5)
        start = (draw[:, axis : axis + 1] * (size + (1 - length % 2))).long() - length // 2
        index = torch.arange(size, device=images.device)
        inside.append((index >= start) & (index < start + length))
    return inside[0][:, None, :, None] & inside[1][:, None, None, :]
