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
from impasto.inference.style_choice import names_in
from impasto.inference.tiles import ceil_to
from impasto.painters.latents import latents

BATCHES: Final = (1, 3)
"""Neither is the batch with which graphs are recorded."""
SHARES: Final = ((1.0, 1.0), (0.75, 1.25), (1.5, 1.0))
"""Heights and widths, as parts of those that the painter was trained on."""
MORE: Final = {SHARES[1]: (0, 1), SHARES[2]: (1, 0)}
"""Units by which they are larger, so that small sizes of few units differ as well."""
SIDE: Final = 256
"""Pixels of the pictures on which ranges are measured."""


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


def calibration_of(part: Part, folder: Path | None, count: int, first: int = 0) -> list[tuple[Tensor, ...]]:
    """Inputs of one picture each, on which ranges and losses are measured.

    Args:
        part: that takes them.
        folder: of pictures; None takes embedded photographs, or random numbers for what takes no pictures.
        count: inputs.
        first: number of the first picture.

    Raises:
        UserError: there are no pictures in the folder.
    """
    files = None if folder is None else [folder / name for name in names_in(folder)]
    found = []
    for i in range(first, first + count):
        given = []
        for taken in part.inputs:
            labels = part.painter.content is not None and part.painter.content.label_map is not None
            if "height" not in taken.shape or labels:
                given.append(values(part, taken, 1, SHARES[i % len(SHARES)], real=True, seed=i))
                continue
            height, width = (ceil_to(max(SIDE, taken.smallest), taken.multiple) for _ in range(2))
            picture = photo(i, height, width) if files is None else read(files[i % len(files)], height, width)
            given.append(in_channels(picture, int(taken.shape[1])))
        found.append(tuple(given))
    return found


def in_channels(pictures: Tensor, channels: int) -> Tensor:
    """Colours (N, 3, H, W) as so many channels: those of several frames again and again, or grey."""
    if channels % 3 == 0:
        return pictures.repeat(1, channels // 3, 1, 1)
    return luma(pictures).repeat(1, channels, 1, 1)


def values(part: Part, taken: Input, batch: int, share: tuple[float, float], real: bool, seed: int = 1) -> Tensor:
    """One input.

    Args:
        part: that takes it.
        taken: the input.
        batch: its first side.
        share: of the height and width that the painter was trained on.
        real: pictures rather than random numbers.
        seed: of random numbers.
    """
    numbers = torch.Generator().manual_seed(1000 * seed + batch)
    painter = part.painter
    if taken.name == "latent":
        return latents(painter.latent, painter.latent_dim, batch, seed=seed)
    if taken.name == "label":
        return (torch.arange(batch) + seed) % max(painter.gives.num_classes, 1)
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
    return in_channels(photos, channels)


def code_of(part: Part, drawn: Tensor) -> Tensor:
    """A style code: that of a painting, moved a little at random; palettes of random numbers are no palettes."""
    painting = sorted((SAMPLES / "paintings").rglob("*.jpg"))[0]
    picture = read(painting, 64, 64)
    channels = part.painter.gives.channels
    encoder = part.painter.network.encoder
    code: Tensor = encoder(in_channels(picture, channels))  # type: ignore[operator]
    length = code.shape[1] - int(part.painter.network.palette_length)  # type: ignore[arg-type]
    code[:, :length] += 0.1 * drawn[:, :length]
    return code


def sides(part: Part, taken: Input, share: tuple[float, float]) -> tuple[int, int]:
    """Height and width: multiples that the part takes, about a share of those of its training."""
    trained = part.painter.content or part.painter.gives

    def fitting(side: float, more: int) -> int:
        return (max(round(side / taken.multiple), math.ceil(taken.smallest / taken.multiple)) + more) * taken.multiple

    more = MORE.get(share, (0, 0))
    return fitting(trained.height * share[0], more[0]), fitting(trained.width * share[1], more[1])


def photo(number: int, height: int, width: int) -> Tensor:
    """An embedded photograph (1, 3, height, width) in [-1, 1]."""
    known = list(ManifestSource(SAMPLES / "photos").items())
    return read(Path(str(known[(17 * number + 3) % len(known)].load)), height, width)


def read(path: Path, height: int, width: int) -> Tensor:
    """A picture brought to a size, (1, 3, height, width) in [-1, 1]."""
    whole = from_uint8(torch.from_numpy(decode(path, 3).copy()).permute(2, 0, 1)[None])
    return F.interpolate(whole, (height, width), mode="bilinear", antialias=True).clamp(-1, 1)
