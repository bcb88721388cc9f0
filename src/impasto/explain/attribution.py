"""What brought about which region of a painting: by hiding parts and by gradients, through captum."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.errors import UserError

REGIONS = 8
"""Regions of a painting along each side."""

Paint = Callable[[Tensor], Tensor]
"""From whatever is changed to a painting (1, C, H, W), the same every time."""


def captum_attr() -> Any:
    """The library.

    Raises:
        UserError: it is not installed.
    """
    try:
        import captum.attr
    except ImportError:
        raise UserError("Attributions need captum: pip install 'impasto[explain]'.") from None
    return captum.attr


def changes_by_region(paint: Paint, whole: Tensor) -> Callable[[Tensor], Tensor]:
    """How far each region of the painting differs from what the whole gives: (REGIONS^2,).

    Args:
        paint: see :data:`Paint`.
        whole: what nothing is hidden of.
    """
    before = paint(whole)

    def change(given: Tensor) -> Tensor:
        difference = (paint(given) - before).square().mean(1, keepdim=True)
        return F.adaptive_avg_pool2d(difference, REGIONS).flatten().sqrt()

    return change


@torch.no_grad()
def by_leaving_out(paint_mix: Paint, count: int) -> Tensor:
    """How far each region changes when one of several is left out: (count, REGIONS, REGIONS), by feature ablation.

    Args:
        paint_mix: from weights (1, count), of which one or more are 1 and the others 0.
        count: how many there are, two or more.
    """
    weights = torch.ones(1, count)
    change = changes_by_region(paint_mix, weights)
    found = captum_attr().FeatureAblation(change).attribute(weights, baselines=0)
    return found.abs().T.unflatten(1, (REGIONS, REGIONS))


@torch.no_grad()
def by_hiding_patches(paint: Paint, picture: Tensor, patch: int) -> Tensor:
    """How far each region changes when a patch of a picture is hidden behind its mean colour, by occlusion.

    Args:
        paint: from the picture (1, C, h, w).
        picture: the same, whole.
        patch: side in pixels; patches lie side by side.

    Returns:
        (rows, columns, REGIONS, REGIONS), by patch.
    """
    change = changes_by_region(paint, picture)
    mean = picture.mean((2, 3), keepdim=True).expand_as(picture)
    high, wide = (min(patch, side) for side in picture.shape[2:])
    window = (picture.shape[1], high, wide)
    found = captum_attr().Occlusion(change).attribute(picture, window, strides=window, baselines=mean)
    each = found.abs()[:, 0, ::high, ::wide]
    return each.permute(1, 2, 0).unflatten(2, (REGIONS, REGIONS))


def by_gradient(paint: Paint, picture: Tensor, box: Tensor) -> Tensor:
    """What of a picture a box of the painting depends on in its lightness: (h, w), gradients (Simonyan et al. 2014).

    Args:
        paint: from the picture (1, C, h, w), with a graph.
        picture: the same.
        box: (4,), top, left, bottom and right in pixels of the painting.
    """
    top, left, bottom, right = box.tolist()

    def lightness(given: Tensor) -> Tensor:
        return paint(given)[:, :, top:bottom, left:right].mean((1, 2, 3))

    return captum_attr().Saliency(lightness).attribute(picture.detach().clone().requires_grad_())[0].amax(0).detach()


def of_scores(judge: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """What of pictures a discriminator's scores depend on: (N, H, W), absolute gradients, smoothed (SmoothGrad).

    Args:
        judge: pictures (N, C, H, W) to one score each (N,).
        images: the pictures.
    """
    library, images = captum_attr(), images.detach().clone().requires_grad_()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        smooth = library.NoiseTunnel(library.Saliency(judge))
        found = smooth.attribute(images, nt_samples=8, nt_samples_batch_size=1, stdevs=0.1)
    return found.abs().amax(1).detach()
