"""Batches from packed pictures: bytes until they are on the device, floats there."""

import signal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from impasto.base.label_maps import as_channels
from impasto.base.spec import LabelMap
from impasto.data.packing.packed import PackedImages
from impasto.data.sampler import BatchSampler, Draw
from impasto.data.transforms import Levels, crop, jitter, to_float

Batch = dict[str, Tensor]

IGNORED: Final = ("SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Signals that are not for processes that load batches."""


@dataclass(frozen=True)
class View:
    """How packed pictures are turned into what networks see.

    Attributes:
        size: (h, w) that networks see; smaller than the canvas means crops at random.
        flip: mirror every other picture.
        color_jitter: how far brightness, contrast and saturation are changed, 0..1.
    """

    size: tuple[int, int]
    flip: bool = False
    color_jitter: float = 0.0

    def __call__(
        self,
        images: Tensor,
        valid: Tensor,
        chances: Tensor,
        levels: Levels | None = None,
        label_map: LabelMap | None = None,
    ) -> Tensor:
        """Whole numbers (N, H, W, C) to float32 (N, C, h, w) in [-1, 1], on the device that they are on.

        Label maps become the channels of their classes; changes of colour are not for them.
        """
        images = self.cut(images, valid, chances)
        if label_map is not None:
            return as_channels(images.permute(0, 3, 1, 2), label_map)
        result = to_float(images, levels)
        return jitter(result, chances[:, 3:6], self.color_jitter) if self.color_jitter else result

    def cut(self, images: Tensor, valid: Tensor, chances: Tensor) -> Tensor:
        """Cut and mirrored, colours as they are: whole numbers (N, H, W, C) to (N, h, w, C)."""
        if not self.flip and tuple(images.shape[1:3]) == self.size:
            return images
        return crop(images, valid, chances[:, :3], self.size, flip=self.flip)


class PackedDataset(Dataset[Any]):
    """Reads the batch of each draw at once.

    Args:
        parts: packed pictures by name; a draw holds one :class:`Draw` for each.
    """

    def __init__(self, parts: Mapping[str, PackedImages]) -> None:
        self.parts = dict(parts)

    def __getitems__(self, draws: Mapping[str, Draw]) -> dict[str, Batch]:
        """By name: pixels (N, H, W, C), valid (N, 2), chances (N, 6); labels (N,) and vectors (N, K) if any."""
        return {name: _read(self.parts[name], draw) for name, draw in draws.items()}


def _read(packed: PackedImages, draw: Draw) -> Batch:
    batch = {
        "pixels": _pixels(packed, draw.pictures),
        "valid": torch.from_numpy(packed.sizes[draw.pictures].astype(np.int64)),
        "chances": torch.from_numpy(draw.chances),
    }
    if packed.labels is not None:
        batch["labels"] = torch.from_numpy(packed.labels[draw.pictures].astype(np.int64))
    if packed.vectors is not None:
        batch["vectors"] = torch.from_numpy(packed.vectors[draw.pictures])
    return batch


def _pixels(packed: PackedImages, positions: np.ndarray) -> Tensor:
    """uint8, or int32 for 16-bit pictures, since torch does little with uint16."""
    pixels = packed.batch(positions)
    return torch.from_numpy(pixels if pixels.dtype == np.uint8 else pixels.astype(np.int32))


class Together:
    """Draws from several samplers at once, without end.

    Args:
        samplers: by the names of what they draw from.
    """

    def __init__(self, samplers: Mapping[str, Iterable[Draw]]) -> None:
        self.samplers = dict(samplers)

    def __iter__(self) -> Any:
        streams = {name: iter(sampler) for name, sampler in self.samplers.items()}
        while True:
            yield {name: next(stream) for name, stream in streams.items()}


def make_loader(pictures: Dataset[Any], samplers: Mapping[str, Iterable[Draw]], num_workers: int) -> DataLoader[Any]:
    """A loader of endless batches.

    Args:
        pictures: reads the batch of each draw at once, as :class:`PackedDataset` does.
        samplers: of what it reads, by name.
        num_workers: processes; 0 is fastest as a rule, since a packed batch is read faster than it is handed over.
    """
    if num_workers:
        # Before they are forked: a process that ends threads which were not forked with it waits for ever.
        cv2.setNumThreads(1)
    return DataLoader(
        pictures,
        batch_sampler=Together(samplers),  # type: ignore[arg-type]
        collate_fn=_as_it_is,  # type: ignore[arg-type]
        num_workers=num_workers,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=num_workers > 0,
        worker_init_fn=start_worker,
    )


def start_worker(_number: int) -> None:
    """Make a process that loads batches leave signals to the one that trains, and keep to one core.

    Terminals and queues send signals to every process of a run, which then saves after its step, and needs its batches
    until then. A second SIGTERM ends the process.
    """
    if cv2.getNumThreads() != 1:  # which a process that is spawned does not inherit
        cv2.setNumThreads(1)
    for name in IGNORED:
        if (number := getattr(signal, name, None)) is not None:  # Windows lacks some
            signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: signal.signal(number, signal.SIG_DFL))


def _as_it_is(batch: dict[str, Batch]) -> dict[str, Batch]:
    return batch


def first_batches(packed: PackedImages, view: View, size: int, count: int) -> Iterator[Tensor]:
    """Batches as training sees them, the same every time: ``count`` of (size, C, H, W) in [-1, 1]."""
    sampler = BatchSampler(len(packed), size)
    for position in range(count):
        part = _read(packed, sampler.draw(position))
        yield view(part["pixels"], part["valid"], part["chances"], packed.levels_to_map, packed.label_map)


def look_at(packed: PackedImages, count: int) -> Tensor:
    """Evenly spaced pictures, as networks take them: (count or fewer, C, H, W) in [-1, 1]."""
    pixels = _pixels(packed, evenly_spaced(packed, count))
    if packed.label_map is not None:
        return as_channels(pixels.permute(0, 3, 1, 2), packed.label_map)
    return to_float(pixels, packed.levels_to_map)


def vectors_in(packed: PackedImages, count: int) -> Tensor | None:
    """Condition vectors of the pictures that :func:`look_at` takes: (count or fewer, K); None without vectors."""
    return None if packed.vectors is None else torch.from_numpy(packed.vectors[evenly_spaced(packed, count)])


def evenly_spaced(packed: PackedImages, count: int) -> np.ndarray:
    """Positions of ``count`` pictures, or of all if there are fewer, the first and the last among them."""
    return np.linspace(0, len(packed) - 1, min(count, len(packed))).round().astype(int)
