"""Inputs on which an exported file is compared with its painter: random numbers, and real pictures."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.label_maps import boundaries
from impasto.base.pixels import from_uint8, luma
from impasto.data.sources.decode import decode
from impasto.data.sources.opening import SAMPLES, ManifestSource
from impasto.export.parts import Input, Part
from impasto.painters.latents import latents

BATCHES: Final = (1, 3)
"""Neither is the batch with which graphs are recorded."""
SHARES: Final = ((1.0, 1.0), (0.75, 1.25), (1.5, 1.0))
"""Heights and widths, as parts of those that the painter was trained on."""


@dataclass(frozen=True)
class Case:
    """What both are given once.

    Attributes:
        name: in a few words.
        given: the inputs in order.
    """

    name: str
    given: tuple[Tensor, ...]


def cases(part: Part) -> Iterator[Case]:
    """Random and real inputs of two batches and, where sizes are free, three sizes each."""
    free = any("height" in each.shape for each in part.inputs)
    for batch in BATCHES:
        for share in SHARES if free else SHARES[:1]:
            for kind in ("random", "real"):
                if kind == "real" and not free:
                    continue
                given = tuple(values(part, each, batch, share, kind == "real") for each in part.inputs)
                size = next((f" of {t.shape[2]}x{t.shape[3]}" for t in given if t.dim() == 4), "")
                yield Case(f"{batch} {kind}{size}", given)


def values(part: Part, taken: Input, batch: int, share: tuple[float, float], real: bool) -> Tensor:
    """One input.

    Args:
        part: that takes it.
        taken: the input.
        batch: its first side.
        share: of the height and width that the painter was trained on.
        real: pictures rather than random numbers.
    """
    numbers = torch.Generator().manual_seed(batch)
    painter = part.painter
    if taken.name == "latent":
        return latents(painter.latent, painter.latent_dim, batch, seed=1)
    if taken.name == "label":
        return torch.arange(batch) % max(painter.gives.num_classes, 1)
    if taken.name in ("vector", "code", "adapter"):
        shape = [batch if n == "batch" else int(n) for n in taken.shape]
        drawn = torch.randn(shape, generator=numbers)
        return drawn * 0.02 if taken.name == "adapter" else code_of(part, drawn) if taken.name == "code" else drawn
    height, width = sides(part, taken, share)
    channels = int(taken.shape[1])
    label_map = painter.content.label_map if painter.content is not None and taken.name == "content" else None
    if label_map is not None:
        coarse = torch.randn(batch, len(label_map.class_names), 3 if real else height, 3 if real else width)
        classes = F.interpolate(coarse, (height, width)).argmax(1)
        seen = F.one_hot(classes, len(label_map.class_names)).permute(0, 3, 1, 2).float()
        return torch.cat([seen, boundaries(classes)[:, None].float()], 1) if label_map.boundaries else seen
    if not real:
        return torch.rand(batch, channels, height, width, generator=numbers) * 2 - 1
    photos = torch.cat([photo(i, height, width) for i in range(batch)])
    return photos if channels == 3 else luma(photos).expand(-1, channels, -1, -1).contiguous()


def code_of(part: Part, drawn: Tensor) -> Tensor:
    """A style code: that of a painting, moved a little at random; palettes of random numbers are no palettes."""
    painting = sorted((SAMPLES / "paintings").rglob("*.jpg"))[0]
    picture = read(painting, 64, 64)
    channels = part.painter.gives.channels
    encoder = part.painter.network.encoder
    code: Tensor = encoder(picture if channels == 3 else luma(picture).expand(-1, channels, -1, -1))  # type: ignore
    length = code.shape[1] - int(part.painter.network.palette_length)  # type: ignore[arg-type]
    code[:, :length] += 0.1 * drawn[:, :length]
    return code


def sides(part: Part, taken: Input, share: tuple[float, float]) -> tuple[int, int]:
    """Height and width: multiples that the part takes, about a share of those of its training."""
    trained = part.painter.content or part.painter.gives

    def fitting(side: float) -> int:
        return max(round(side / taken.multiple), math.ceil(taken.smallest / taken.multiple)) * taken.multiple

    height, width = (fitting(side * k) for side, k in zip((trained.height, trained.width), share, strict=True))
    return height, width


def photo(number: int, height: int, width: int) -> Tensor:
    """An embedded photograph (1, 3, height, width) in [-1, 1]."""
    known = list(ManifestSource(SAMPLES / "photos").items())
    return read(Path(str(known[(17 * number + 3) % len(known)].load)), height, width)


def read(path: Path, height: int, width: int) -> Tensor:
    """A picture brought to a size, (1, 3, height, width) in [-1, 1]."""
    whole = from_uint8(torch.from_numpy(decode(path, 3).copy()).permute(2, 0, 1)[None])
    return F.interpolate(whole, (height, width), mode="bilinear", antialias=True).clamp(-1, 1)
