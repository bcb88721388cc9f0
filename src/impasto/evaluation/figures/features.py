"""Features of pictures, collected in one pass that depends neither on the batch size nor on the processes."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from impasto.base import distributed
from impasto.evaluation.figures.distances import Statistics
from impasto.networks.pretrained.extractor import Extractor, device_of

T = TypeVar("T")
CHUNK = 32
"""Pictures that go through a network together; fixed, because sums inside a convolution depend on it."""

Pictures = Callable[[int, int], Tensor]
"""Given a start and a count, pictures ``start`` to ``start + count`` as uint8 (count, C, H, W)."""


@dataclass(frozen=True)
class Features:
    """One feature pass.

    Attributes:
        values: float32 (N, dim) on the CPU, in the order of the pictures.
        logits: float32 (N, classes); None for a network without classes.
        pictures: int64 (N,), which picture each is a crop of; None if each is a picture of its own.
    """

    values: Tensor
    logits: Tensor | None = None
    pictures: Tensor | None = None

    def __len__(self) -> int:
        return len(self.values)


def outputs_sha256(extractor: Extractor, shape: tuple[int, int, int]) -> str:
    """Digest of an extractor's features of two fixed pictures: its code and buffers count, not only its weights.

    Of a few projections of the features, each to a thousandth of the largest one, so that the last digits, which differ
    between machines and numbers of threads, do not count.

    Args:
        extractor: the network.
        shape: (H, W, C) of pictures that it is used on.
    """
    height, width, channels = shape
    noise = torch.randint(0, 256, (channels, height, width), generator=torch.Generator().manual_seed(0))
    ramp = torch.linspace(0, 255, height * width).view(height, width).expand(channels, -1, -1).round()
    with exactly():
        values = extract(extractor, torch.stack([noise.to(torch.uint8), ramp.to(torch.uint8)])).values.double()
        directions = torch.randn(values.shape[1], 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        found = values @ directions
        scale = float(found.abs().max().clamp_min(1e-30))
        text = f"{tuple(values.shape)} {scale:.3g} {(found / scale * 1000).round().add(0.0).tolist()}"
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def exactly() -> Iterator[None]:
    """Convolutions in full float32: figures must not depend on the precision of a run."""
    full = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    with full, torch.inference_mode(), torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
        yield


def collect(
    extractors: Sequence[Extractor], pictures: Pictures, n: int, tick: Callable[[int], None] | None = None
) -> list[Features]:
    """Features of pictures 0 to ``n``, in that order, from every extractor in one pass.

    With several processes each takes its share of the chunks and all of them get everything; the chunks are the same in
    any case. Every process must call it.

    Args:
        extractors: the networks.
        pictures: pictures by number.
        n: how many, at least 1.
        tick: called with the number of pictures done.
    """
    mine: dict[int, list[Features]] = {}
    for start in range(distributed.rank() * CHUNK, n, CHUNK * distributed.world_size()):
        count = min(CHUNK, n - start)
        images = pictures(start, count)
        with exactly():
            mine[start] = [extract(extractor, images) for extractor in extractors]
        if tick is not None:
            tick(count)
    chunks = [chunk for _, chunk in sorted(_gathered(mine).items())]
    return [concatenate(parts) for parts in zip(*chunks, strict=True)]


def extract(extractor: Extractor, images: Tensor) -> Features:
    """Features of one chunk of uint8 pictures (N, C, H, W)."""
    images = images.to(device_of(extractor))
    with_logits = getattr(extractor, "with_logits", None)
    values, logits = with_logits(images) if with_logits is not None else (extractor(images), None)
    return Features(values.float().cpu(), None if logits is None else logits.float().cpu())


def concatenate(parts: Sequence[Features]) -> Features:
    """One after the other."""
    logits = [part.logits for part in parts if part.logits is not None]
    return Features(torch.cat([part.values for part in parts]), torch.cat(logits) if logits else None)


def _gathered(mine: dict[int, Any]) -> Mapping[int, Any]:
    if distributed.world_size() == 1:
        return mine
    everyone: list[dict[int, Any]] = [{}] * distributed.world_size()
    dist.all_gather_object(everyone, mine)
    return {start: chunk for part in everyone for start, chunk in part.items()}


def from_first(value: T) -> T:
    """The first process's value, in all of them; every process must call it."""
    if distributed.world_size() == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


@dataclass(frozen=True)
class TrainedOn:
    """Features of the pictures trained on, among which copies are searched.

    Attributes:
        values: features (m, d) of the pictures trained on, or of some of them.
        positions: int64 (m,), which of them.
        about: plain values that say which pictures they are.
    """

    values: Tensor
    positions: np.ndarray
    about: dict[str, Any]


@dataclass(frozen=True)
class Floor:
    """The Fréchet distance of real pictures from other real ones: its bias at these counts.

    Attributes:
        value: the distance.
        counts: pictures on either side.
    """

    value: float
    counts: tuple[int, int]


@dataclass(frozen=True)
class RealFeatures:
    """Features of real pictures.

    Attributes:
        values: features (m, d) of those that figures compare with.
        statistics: their mean and covariance.
        pictures: int64 (m,), which picture each is a crop of; None if each is a picture of its own.
        trained_on: among which copies are searched; None searches none.
        floor: what the Fréchet distance of a perfect generator would be; None if there are too few pictures.
    """

    values: Tensor
    statistics: Statistics
    pictures: Tensor | None = None
    trained_on: TrainedOn | None = None
    floor: Floor | None = None
