"""Painting commutes with small motion and noise, so that a clip that is painted frame by frame flickers less."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.ranges import NotNegative, Share
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term, given
from impasto.networks.layers.placed import Drift, Drifting


class WarpConsistency(Term):
    """L1 between the painting of a picture that was moved a little, and its painting moved alike.

    Two neighbouring frames of a clip are such a pair, so that the motion of clips can be learnt from photographs
    (Eilertsen et al. 2019; for small noise, Zheng et al. 2016). The motion is a shift and a smooth random field.
    A network that draws noise by place is given noise that moves with the picture: what it paints from noise may stay.

    Args:
        weight: of the term.
        shift: most pixels by which the whole moves.
        bend: most pixels by which parts of it move against each other, in a field that is drawn at 4 x 4 places.
        noise: standard deviation of what is added to the moved picture, whose values are in [-1, 1].
        share: of the batch for which the term is computed, at least one picture: it is painted once more, and twice by
            a network that draws noise.
    """

    needs = ("content",)

    def __init__(
        self,
        weight: NotNegative | Schedule = 1.0,
        shift: NotNegative = 4.0,
        bend: NotNegative = 2.0,
        noise: NotNegative = 0.02,
        share: Share = 0.5,
    ) -> None:
        super().__init__(weight)
        self.shift, self.bend, self.noise, self.share = shift, bend, noise, share

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        content = given(p, "content") if p.shown is None else p.shown
        count = max(round(len(content) * self.share), 1)
        content, code = content[:count], None if p.code is None else p.code[:count]
        height, width = content.shape[2:]
        way = random_way(count, height, width, self.shift, self.bend, content.device)
        moved, inside = warped(content, way)
        moved = moved + self.noise * torch.randn_like(moved)
        painted = p.painted[:count]
        if any(isinstance(part, Drifting) for part in p.generator.modules()):
            away = torch.rand(count, 2, 1, 1, device=content.device) * FAR
            with drifting(p.generator, away):
                painted = paint(p.generator, content, code)
            with drifting(p.generator, way / sides(content) + away):
                again = paint(p.generator, moved, code)
        else:
            again = paint(p.generator, moved, code)
        difference = (again.float() - warped(painted.float(), way)[0]).abs() * inside
        return difference.sum() / (inside.sum() * painted.shape[1]).clamp_min(1)


FAR = 100.0
"""Widths and heights of the picture within which noise is drawn at random."""


def paint(generator: nn.Module, content: Tensor, code: Tensor | None) -> Tensor:
    """What a generator makes of content (N, C, H, W), told the style by a code if it takes one."""
    painted: Tensor = generator(content) if code is None else generator(content, code)
    return painted


@contextmanager
def drifting(network: nn.Module, way: Tensor) -> Iterator[None]:
    """Within the block, all noise is drawn where ``way`` leads; see :class:`~impasto.networks.layers.placed.Drift`."""
    parts = [part for part in network.modules() if isinstance(part, Drifting)]
    before = [part.drift for part in parts]
    try:
        for part in parts:
            part.drift = Drift(way)
        yield
    finally:
        for part, drift in zip(parts, before, strict=True):
            part.drift = drift


def random_way(count: int, height: int, width: int, shift: float, bend: float, device: torch.device) -> Tensor:
    """How far to go from each pixel to where its colour is taken from: (N, 2, H, W) in pixels, right before down."""
    whole = (torch.rand(count, 2, 1, 1, device=device) * 2 - 1) * shift
    parts = (torch.rand(count, 2, 4, 4, device=device) * 2 - 1) * bend
    field = F.interpolate(parts, (height, width), mode="bicubic", align_corners=True)
    return whole + field


def warped(images: Tensor, way: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures (N, C, H, W) moved along a way (N, 2, H, W); and where it stays inside, (N, 1, H, W) of 0 and 1."""
    height, width = images.shape[2:]
    rows, columns = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    x, y = columns + way[:, 0], rows[:, None] + way[:, 1]
    grid = torch.stack([(x + 0.5) / width, (y + 0.5) / height], -1) * 2 - 1
    moved = F.grid_sample(images, grid, "bilinear", padding_mode="border", align_corners=False)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return moved, inside[:, None].to(images.dtype)


def sides(images: Tensor) -> Tensor:
    """Width and height, (1, 2, 1, 1)."""
    return torch.tensor(images.shape[:1:-1], device=images.device, dtype=torch.float32).view(1, 2, 1, 1)
