"""Painting pictures of any size, whole or in tiles that leave no seam."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.layers.norm import Statistics, WholePictureStatistics

WHOLE: Final = 4_000_000
"""Pixels up to which a picture is painted whole unless told otherwise: about 4 GB at the published width."""
TILE: Final = 1024
OVERLAP: Final = 96
"""Pixels; a place of the published network's output sees about as far."""

Box = tuple[int, int, int, int]
"""Top, left, bottom, right."""


def paint(network: nn.Module, image: Tensor, tile: int | None = None, overlap: int = OVERLAP) -> Tensor:
    """Paint one picture of any size: reflected to the network's stride, and cropped back.

    Args:
        network: a translation generator.
        image: (1, C, H, W) in [-1, 1].
        tile: side of the tiles in pixels; 0 paints it whole, null does up to 4 megapixels.
        overlap: of neighbouring tiles, on each side.

    Returns:
        (1, C, H, W) in [-1, 1], float32.
    """
    height, width = image.shape[-2:]
    stride = int(cast(int, getattr(network, "stride", 1)))
    smallest = int(cast(int, getattr(network, "smallest", stride)))
    padded = reflect_to(image, max(smallest, ceil_to(height, stride)), max(smallest, ceil_to(width, stride)))
    if tile is None:
        tile = TILE if height * width > WHOLE else 0
    if not tile or (height <= tile and width <= tile):
        painted = network(padded).float()
    else:
        painted = paint_tiles(network, padded, ceil_to(max(tile, smallest), stride), ceil_to(overlap, stride))
    return painted[..., :height, :width].clamp(-1, 1)


def ceil_to(size: int, multiple: int) -> int:
    """The next multiple."""
    return -(-size // multiple) * multiple


def reflect_to(image: Tensor, height: int, width: int) -> Tensor:
    """Continue a picture by its mirror image below and to the right, as often as it takes, or its edge if 1 pixel."""
    while image.shape[-2] < height or image.shape[-1] < width:
        down = min(height - image.shape[-2], max(image.shape[-2] - 1, 1))
        right = min(width - image.shape[-1], max(image.shape[-1] - 1, 1))
        mode = "reflect" if min(image.shape[-2:]) > 1 else "replicate"
        image = F.pad(image, (0, right, 0, down), mode=mode)
    return image


def paint_tiles(network: nn.Module, image: Tensor, tile: int, overlap: int) -> Tensor:
    """Paint in tiles with ``overlap`` on each side, faded into each other.

    Instance normalisation would make every tile another function, so all share its statistics. Where the overlap covers
    the network's reach, neighbours then agree to the last digit.
    """
    total, weights = torch.zeros_like(image), torch.zeros_like(image[:, :1])
    with shared_statistics(network, image, tile + 2 * overlap):
        for top, left, bottom, right in cut(image.shape[-2], image.shape[-1], tile, overlap):
            painted = network(image[..., top:bottom, left:right]).float()
            down = fade(bottom - top, overlap, top > 0, bottom < image.shape[-2], image.device)
            across = fade(right - left, overlap, left > 0, right < image.shape[-1], image.device)
            weight = down[:, None] * across
            total[..., top:bottom, left:right] += painted * weight
            weights[..., top:bottom, left:right] += weight
    return total / weights


def cut(height: int, width: int, tile: int, overlap: int) -> Iterator[Box]:
    """Boxes that cover a picture: cores of ``tile`` pixels, evenly spread, with ``overlap`` on each inner side."""

    def spans(length: int) -> list[tuple[int, int]]:
        count = math.ceil(length / tile)
        step = ceil_to(math.ceil(length / count), 4)
        starts = range(0, length, step)
        return [(max(start - overlap, 0), min(start + step + overlap, length)) for start in starts]

    for top, bottom in spans(height):
        for left, right in spans(width):
            yield top, left, bottom, right


def fade(length: int, overlap: int, before: bool, after: bool, device: torch.device) -> Tensor:
    """Weights of one side of a tile: nothing for the outer half of an overlap, whose border was reflected, then a ramp.

    (length,) in (0, 1].
    """
    place = torch.arange(length, device=device) + 0.5
    weight = torch.ones(length, device=device)
    half = max(overlap / 2, 0.5)
    if before:
        weight = weight * ((place - half) / overlap if overlap else place).clamp(1e-6, 1)
    if after:
        rest = length - place
        weight = weight * ((rest - half) / overlap if overlap else rest).clamp(1e-6, 1)
    return weight


@contextmanager
def shared_statistics(network: nn.Module, image: Tensor, side: int) -> Iterator[None]:
    """Within the block, every instance normalisation uses one mean and variance for the whole picture.

    They are those of the picture made small enough to be painted whole. Taking them from tiles and going over it again
    is no better: what a layer sees depends on all layers before it, and the error grows from round to round.

    Args:
        network: any.
        image: (1, C, H, W).
        side: of a square with as many pixels as may be painted at once.
    """
    norms = [module for module in network.modules() if isinstance(module, WholePictureStatistics)]
    try:
        if norms:
            factor = min(side / math.sqrt(image.shape[-2] * image.shape[-1]), 1.0)
            small = [max(int(length * factor) // 4 * 4, 16) for length in image.shape[-2:]]
            measure(network, norms, F.interpolate(image, small, mode="bilinear", antialias=True))
        yield
    finally:
        for norm in norms:
            norm.statistics = None


def measure(network: nn.Module, norms: Sequence[WholePictureStatistics], image: Tensor) -> None:
    """Set every norm's statistics to those of its input for this picture."""
    found: list[tuple[WholePictureStatistics, Statistics]] = []

    def note(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found.append((cast(WholePictureStatistics, norm), cast(WholePictureStatistics, norm).measure(inputs[0])))

    handles = [cast(nn.Module, norm).register_forward_pre_hook(note) for norm in norms]
    try:
        network(image)
    finally:
        for handle in handles:
            handle.remove()
    for norm, statistics in found:
        norm.statistics = statistics
