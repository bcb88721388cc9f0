"""Clips: walks through latent space, and pictures between classes or styles."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from impasto.base.notices import notice
from impasto.base.pixels import to_uint8
from impasto.explain.noise import Noise, paint
from impasto.networks.layers.condition import ConditionEmbedding
from impasto.painters.latents import slerp
from impasto.painters.painter import Painter
from impasto.video.frame import ClipInfo, Frame
from impasto.video.writing import ClipWriter

RATE: Final = 25
"""Frames per second."""
SIDE: Final = 96
"""Pixels to which smaller pictures are enlarged, by whole factors."""


def write_clip(frames: Iterable[Tensor], path: Path) -> bool:
    """Write frames (C, H, W) in [-1, 1], one or more; whether that was possible, which takes PyAV."""
    try:
        import av  # noqa: F401
    except ImportError:
        notice("explain.clips", "Clips were left out: they need PyAV, pip install 'impasto[video]'.")
        return False
    pictures = (to_uint8(even(frame)).permute(1, 2, 0).contiguous().numpy() for frame in frames)
    first = next(pictures)  # whose size is that of all
    height, width = first.shape[:2]
    with ClipWriter(path, ClipInfo(width, height, 0, 0.0, Fraction(RATE), Fraction(1, RATE))) as writer:
        for number, pixels in enumerate(chain([first], pictures)):
            writer.write(pixels, Frame(pixels, number, Fraction(1, RATE), 1))
    return True


def even(frame: Tensor) -> Tensor:
    """With an even height and width, by a white line where one is missing: players want that."""
    return torch.nn.functional.pad(frame, (0, frame.shape[2] % 2, 0, frame.shape[1] % 2), value=1.0)


def walk(painter: Painter, noise: Noise, seconds: float, columns: int = 4) -> Iterator[Tensor]:
    """Frames of a closed walk past every latent vector, several walkers side by side.

    Along great circles for normal vectors (White 2016), straight for uniform ones. Each walker keeps its class.

    Args:
        painter: from noise.
        noise: (4 * walkers) vectors; each walker has four of them.
        seconds: of the clip.
        columns: walkers in a row.
    """
    stops = noise.z.unflatten(0, (-1, 4))
    condition = None if noise.condition is None else noise.condition[: len(stops)]
    count = max(round(seconds * RATE), 4)
    for number in range(count):
        place = 4 * number / count
        share = torch.tensor(smooth(place % 1))
        first, last = stops[:, int(place)], stops[:, (int(place) + 1) % 4]
        z = slerp(first, last, share) if painter.latent == "normal" else torch.lerp(first, last, share)
        yield tiled(paint(painter, Noise(z, condition)), columns)


def between_classes(painter: Painter, noise: Noise, seconds: float, columns: int = 4) -> Iterator[Tensor]:
    """Frames in which the same latent vectors go through all classes: embeddings are mixed (Brock et al. 2019).

    Args:
        painter: conditional on labels, with an embedding of them.
        noise: latent vectors; their own labels do not count.
        seconds: of the clip.
        columns: pictures in a row.
    """
    classes = painter.gives.num_classes
    count = max(round(seconds * RATE), classes)
    for number in range(count):
        place = classes * number / count
        yield tiled(
            of_mixed_classes(painter, noise.z, int(place), (int(place) + 1) % classes, smooth(place % 1)), columns
        )


@torch.no_grad()
def of_mixed_classes(painter: Painter, z: Tensor, first: int, second: int, share: float) -> Tensor:
    """Pictures (N, C, H, W) of latent vectors under an embedding between those of two classes."""

    def mixed(embedding: torch.nn.Module, given: tuple[Tensor], output: Tensor) -> Tensor:
        other = embedding.embed(torch.full_like(given[0], second))  # type: ignore[operator]
        return torch.lerp(output, other, share)

    embeddings = [module for module in painter.network.modules() if isinstance(module, ConditionEmbedding)]
    handles = [module.register_forward_hook(mixed) for module in embeddings]
    try:
        return paint(painter, Noise(z, torch.full((len(z),), first)))
    finally:
        for handle in handles:
            handle.remove()


def mixes_classes(painter: Painter) -> bool:
    """Whether there are classes whose embeddings can be mixed."""
    embeds = any(isinstance(module, ConditionEmbedding) for module in painter.network.modules())
    return "label" in painter.takes and painter.gives.num_classes > 1 and embeds


def between_styles(painter: Painter, content: Tensor, codes: Tensor, seconds: float) -> Iterator[Tensor]:
    """Frames in which one picture goes through all styles: their codes are mixed.

    Args:
        painter: of any style.
        content: (1, C, H, W).
        codes: (S, D), two or more.
        seconds: of the clip.
    """
    count = max(round(seconds * RATE), len(codes))
    for number in range(count):
        place = len(codes) * number / count
        code = torch.lerp(codes[int(place)], codes[(int(place) + 1) % len(codes)], smooth(place % 1))
        # The same strokes in every frame: where they begin is drawn anew otherwise.
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            yield painter(content=content.to(painter.device), style=code[None].to(painter.device))[0].cpu()


def smooth(share: float) -> float:
    """From 0 to 1, slowly at both ends."""
    return share * share * (3 - 2 * share)


def tiled(images: Tensor, columns: int, gap: int = 2) -> Tensor:
    """Pictures (N, C, H, W) side by side, small ones enlarged: (C, H', W')."""
    from torchvision.utils import make_grid

    factor = max(1, SIDE // max(images.shape[2:]))
    large = images.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    return make_grid(large if large.shape[1] in (1, 3) else large[:, :1], columns, gap, pad_value=1.0)
