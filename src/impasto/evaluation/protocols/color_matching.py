"""The control for translation: pictures that take only the colours of a set of paintings."""

from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.evaluation.figures.distances import transport


@dataclass(frozen=True)
class Colours:
    """Mean (C,) and covariance (C, C) of the pixels of a set of pictures, 0..255, float64."""

    mean: Tensor
    covariance: Tensor


def colours_of(images: Tensor) -> Colours:
    """Colours of all pixels of all pictures, pooled.

    Args:
        images: uint8 (N, C, H, W).
    """
    pixels = images.movedim(1, -1).flatten(0, -2).double()
    return Colours(pixels.mean(0), torch.cov(pixels.T).reshape(images.shape[1], images.shape[1]))


def match_colours(images: Tensor, target: Colours) -> Tensor:
    """Map the pixels of each picture to the ``target`` mean and covariance with the least change of colours.

    The linear Monge-Kantorovitch map of Pitié and Kokaram 2007, in RGB. One map for each picture: a common one
    leaves larger distances to the paintings, and a control should be hard to beat.

    Args:
        images: uint8 (N, C, H, W).
        target: colours wanted.

    Returns:
        uint8 (N, C, H, W), rounded, values outside 0..255 cut.
    """
    return torch.stack([_matched(image, target) for image in images.cpu()]).to(images.device)


def _matched(image: Tensor, target: Colours) -> Tensor:
    own = colours_of(image[None])
    matrix = transport(own.covariance, target.covariance)
    pixels = (image.movedim(0, -1).double() - own.mean) @ matrix.T + target.mean
    return pixels.round().clamp(0, 255).to(torch.uint8).movedim(-1, 0).contiguous()
