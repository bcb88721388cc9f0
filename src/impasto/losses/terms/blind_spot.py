"""A term that learns to take noise away from noisy pictures alone."""

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.ranges import Count, NotNegative, Share
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term, given


class Noise2Void(Term):
    """Some pixels of the content are hidden, and are to be told from those around them (Krull et al. 2019, 3.3).

    Noise of a pixel that says nothing of that of its neighbours cannot be told, so that what is told is the picture.
    Each hidden pixel takes the value of another one near it. Of noise that spreads over neighbours, as of a
    reconstruction or of JPEG, it learns the noise too.

    Args:
        weight: of the term, a number or a schedule.
        share: of the pixels that are hidden.
        reach: how far away in pixels the value may come from, along each axis.
    """

    needs = ("content",)

    def __init__(self, weight: NotNegative | Schedule = 1.0, share: Share = 0.02, reach: Count = 2) -> None:
        super().__init__(weight)
        self.share, self.reach = share, reach

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar: the mean square, over the hidden pixels, of what is told less what was hidden."""
        noisy = given(p, "content")
        hidden = torch.rand(noisy.shape[0], 1, *noisy.shape[2:], device=noisy.device) < self.share
        told = p.generator(torch.where(hidden, moved(noisy, self.reach), noisy)).float()
        return ((told - noisy).square() * hidden).sum() / (hidden.sum() * noisy.shape[1]).clamp_min(1)


def moved(pictures: Tensor, reach: int) -> Tensor:
    """Each pixel with the value of one near it, never its own; the border is reflected.

    Args:
        pictures: (N, C, H, W).
        reach: farthest away along each axis.
    """
    n, channels, height, width = pictures.shape
    side = 2 * reach + 1
    place = torch.randint(side * side - 1, (n, 1, height, width), device=pictures.device)
    place = place + (place >= side * side // 2)  # the middle is left out
    rows = torch.arange(height, device=pictures.device).view(1, 1, -1, 1) + place // side
    columns = torch.arange(width, device=pictures.device).view(1, 1, 1, -1) + place % side
    padded = F.pad(pictures, (reach,) * 4, mode="reflect")
    index = (rows * padded.shape[3] + columns).flatten(2).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, index).view_as(pictures)
