"""Random placements of pictures: affine maps in pixels, composed first and applied in one resampling.

The pixel blitting and the geometric group of Karras et al. 2020a, appendix B. Matrices are (N, 3, 3) in homogeneous
coordinates (column, row, 1) about the picture's centre and map a place in the result to where it comes from. A
transformation that is not applied is exactly the identity. Unlike the authors' code this one does not filter against
aliasing where a picture gets smaller: it samples bilinearly.
"""

import math
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.augment.draws import normal, per_image, uniform


def random_placement(images: Tensor, p_pixel: Tensor, p_geometric: Tensor) -> Tensor:
    """A random placement for each of the pictures (N, C, H, W): (N, 3, 3).

    Args:
        images: only their number and size matter.
        p_pixel: probability of each of mirroring, quarter turns, and shifts by up to 1/8 in whole pixels; scalar.
        p_geometric: probability of each of scaling, rotation, stretching and shifts; scalar.
    """
    n, _, height, width = images.shape
    on, u = uniform(n, 8, images.device), uniform(n, 6, images.device)
    g = normal(n, 4, images.device)
    sides = torch.tensor([width, height], device=images.device)
    # Rotations before and after stretching give it any direction; one of the two happens with probability p.
    p_rotation = 1 - (1 - p_geometric).sqrt()

    mirror = torch.where((on[:, 0] < p_pixel) & (u[:, 0] < 0.5), -1.0, 1.0)
    turns = torch.where(on[:, 1] < p_pixel, (4 * u[:, 1]).long(), 0)
    blit = torch.where(on[:, 2:3] < p_pixel, (sides * (u[:, 2:4] - 0.5) / 4).round(), 0.0)
    scale = torch.where(on[:, 3] < p_geometric, torch.exp2(0.2 * g[:, 0]), 1.0)
    before = torch.where(on[:, 4] < p_rotation, math.tau * (u[:, 4] - 0.5), 0.0)
    stretch = torch.where(on[:, 5] < p_geometric, torch.exp2(0.2 * g[:, 1]), 1.0)
    after = torch.where(on[:, 6] < p_rotation, math.tau * (u[:, 5] - 0.5), 0.0)
    shift = torch.where(on[:, 7:8] < p_geometric, 0.125 * sides * g[:, 2:4], 0.0)

    # Each factor is the inverse of what it does to the picture, so the first one applied stands first.
    steps = (
        scaling(mirror, torch.ones_like(mirror)),
        quarter_turn(turns),
        translation(-blit),
        scaling(1 / scale, 1 / scale),
        rotation(before),
        scaling(1 / stretch, stretch),
        rotation(after),
        translation(-shift),
    )
    total = steps[0]
    for step in steps[1:]:
        total = total @ step
    return total


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """Factors (N,) on columns and rows: (N, 3, 3)."""
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], 1))


def translation(offset: Tensor) -> Tensor:
    """Pixels (N, 2) to the right and down: (N, 3, 3)."""
    return torch.eye(3, device=offset.device) + F.pad(offset[:, :, None], (2, 0, 0, 1))


def rotation(angle: Tensor) -> Tensor:
    """Radians (N,), from the columns' axis towards the rows': (N, 3, 3)."""
    return _turned(angle.cos(), angle.sin())


def quarter_turn(turns: Tensor) -> Tensor:
    """Quarters of a full turn (N,), in whole numbers without rounding errors: (N, 3, 3)."""
    cosines = torch.tensor([1.0, 0.0, -1.0, 0.0], device=turns.device)
    return _turned(cosines[turns % 4], cosines[(turns - 1) % 4])


def _turned(cosine: Tensor, sine: Tensor) -> Tensor:
    zero, one = torch.zeros_like(sine), torch.ones_like(sine)
    return torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], 1).view(-1, 3, 3)


def placed(images: Tensor, where: Tensor) -> Tensor:
    """Pictures (N, C, H, W) under placements (N, 3, 3); the outside is filled with its mirror image.

    A picture whose placement is the identity comes out bit for bit.
    """
    _, _, height, width = images.shape
    half = torch.tensor([width / 2, height / 2, 1.0], device=images.device)
    theta = (where * half / half[:, None])[:, :2]  # grid_sample counts from -1 to 1
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    moved = cast(Tensor, _Sampled.apply(images, grid))
    still = (where == torch.eye(3, device=images.device)).flatten(1).all(1)
    return torch.where(per_image(still), images, moved)


def _sample(images: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


class _Sampled(torch.autograd.Function):
    """Bilinear sampling with derivatives of any order by the pictures; torch's own has one, and R1 needs two.

    It is linear in the pictures: its gradient is the transposed map, whose gradient is the map itself.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return _sample(images, grid)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return cast(Tensor, _SampledBack.apply(gradient, ctx.saved_tensors[0], ctx.shape)), None


class _SampledBack(torch.autograd.Function):
    """The transpose of :class:`_Sampled`: what each pixel of a picture of ``shape`` gave to what was sampled."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        with torch.enable_grad():
            images = values.new_zeros(shape).requires_grad_()
            return torch.autograd.grad(_sample(images, grid), images, values)[0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        return cast(Tensor, _Sampled.apply(gradient, ctx.saved_tensors[0])), None, None
