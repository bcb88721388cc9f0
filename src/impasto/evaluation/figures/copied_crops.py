"""Whether generated pictures are crops of the pictures trained on, searched for at every place."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.notices import notice
from impasto.base.pixels import from_uint8
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.features import CHUNK, Pictures
from impasto.evaluation.figures.metrics import Figure
from impasto.networks.pretrained.extractor import best_device

BLOCK: Final = 64
"""Generated pictures that are searched for at a time."""


LEAST: Final = 32
"""Generated pictures to search for; with fewer a share means nothing."""
USUAL: Final = 2**27
"""Pixels of canvas to search, over all generated pictures: about ten seconds on a core ..."""
MOST: Final = 2**29
"""... and where even :data:`LEAST` take more than this, nothing is searched."""


def measure_crops(generate: Pictures, n: int, canvases: PackedImages | None) -> dict[str, Figure]:
    """``copied_crops``, the share of generated pictures that are crops of those trained on; see :func:`copied_crops`.

    Features cannot show this: a crop is hardly nearer to other crops of its picture than to those of other pictures.
    A notice says why nothing is measured.

    Args:
        generate: pictures by number.
        n: how many there are.
        canvases: pictures that training sees crops of; None if they are not known.
    """
    area = 0 if canvases is None else len(canvases) * canvases.shape[0] * canvases.shape[1]
    if canvases is None or len(canvases) < 2 or area * LEAST > MOST:
        if canvases is None:
            reason = "the whole pictures that training cuts them out of are not known"
        elif len(canvases) < 2:
            reason = "two or more pictures to train on are needed, and there is 1"
        else:
            reason = f"{len(canvases)} pictures would take too long to search at every place"
        notice(
            "evaluation.memorisation",
            f"Copies of crops are not searched: {reason}. The sheet of neighbours may show them.",
        )
        return {}
    count = min(n, max(LEAST, USUAL // area))
    generated = torch.cat([generate(i, min(CHUNK, count - i)).cpu() for i in range(0, count, CHUNK)])
    distance = nearest_crops(generated, canvases)
    about: dict[str, Any] = {"extractor": "pixels", "weights_sha256": None, "outputs_sha256": None, "resizer": None}
    about |= {"generated": count, "real": len(canvases), "real_available": len(canvases), "real_pictures": None}
    about |= {"fingerprint": canvases.fingerprint, "split": "train", "places": "all, and mirrored"}
    return {"copied_crops": Figure(copied_crops(distance), about)}


def nearest_crops(generated: Tensor, packed: PackedImages) -> Tensor:
    """How far generated pictures are from the nearest crop of each picture trained on, at any place, mirrored or not.

    Root of the summed squared difference of pixels in [-1, 1], by correlation in the frequency domain.

    Args:
        generated: uint8 (n, C, h, w).
        packed: m pictures on a canvas of (H, W).

    Returns:
        float32 (n, m).
    """
    return torch.stack([nearest_crop(generated, canvas) for canvas in _canvases(packed, generated.shape[2:])], 1)


def copied_crops(distance: Tensor) -> float:
    """Share of pictures that are less than a third as far from one picture's nearest crop as from any other's.

    The rule of Yoon et al. 2023, with the second neighbour from another picture: crops of one picture at neighbouring
    places are all alike.

    Args:
        distance: (n, m) as :func:`nearest_crops` gives it, m at least 2.
    """
    first, second = distance.topk(2, 1, largest=False).values.T
    return float((first < second / 3).double().mean())


def _canvases(packed: PackedImages, size: tuple[int, ...]) -> Iterator[Tensor]:
    """Each picture without the fill of its canvas, continued by its mirror image if it is smaller than a crop."""
    for number in range(len(packed)):
        height, width = packed.sizes[number]
        pixels = packed.as_bytes([number])[0, :height, :width]
        missing = [(0, max(want - have, 0)) for want, have in zip(size, (height, width), strict=True)]
        yield from_uint8(torch.from_numpy(np.pad(pixels, (*missing, (0, 0)), mode="reflect"))).permute(2, 0, 1)


def nearest_crop(generated: Tensor, canvas: Tensor) -> Tensor:
    """How far pictures uint8 (n, C, h, w) are from the nearest crop of one, (C, H, W) in [-1, 1]: float32 (n,).

    As :func:`nearest_crops`.
    """
    canvas = canvas.to(best_device())
    (height, width), whole = generated.shape[2:], canvas.shape[1:]
    spectrum = torch.fft.rfft2(canvas)
    ones = torch.fft.rfft2(torch.ones(height, width, device=canvas.device), s=whole)
    places = slice(whole[0] - height + 1), slice(whole[1] - width + 1)
    energy = torch.fft.irfft2(torch.fft.rfft2(canvas.square().sum(0)) * ones.conj(), s=whole)[places]
    parts = []
    for block in generated.split(BLOCK):
        pictures = from_uint8(block.to(canvas.device))
        nearest = torch.full((len(block),), torch.inf, device=canvas.device)
        for view in (pictures, pictures.flip(3)):
            product = (torch.fft.rfft2(view, s=whole).conj() * spectrum).sum(1)
            across = torch.fft.irfft2(product, s=whole)[:, places[0], places[1]]
            squared = energy - 2 * across + view.square().sum((1, 2, 3))[:, None, None]
            nearest = torch.minimum(nearest, squared.flatten(1).min(1).values)
        parts.append(nearest.clamp_min(0).sqrt().cpu())
    return torch.cat(parts)
