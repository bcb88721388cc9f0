"""The interface of sources of pictures: items to pack one after another, and a fingerprint."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

Origin = Literal["hub", "local", "sample"]
"""Where pictures come from, as the run's summary says it."""

UNLABELLED = -1
"""The label of an item that has none."""


def shown(name: str) -> str:
    """A file's or a folder's name as it can be written anywhere: bytes that are not UTF-8 become ``\\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that is made of another when it is packed.

    Args:
        of: the other picture, as :class:`Item` has it.
        make: given uint8 or uint16 (H, W, 3) and the longer side of the canvas, returns (h, w, 1 or 3) of either type.
            A function of a module, for it is sent to other processes; or an object that can be, whose ``repr`` tells
            it from others.
    """

    of: "Load"
    make: Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class Missing:
    """A picture that is not there, and why; packing lists it among the bad ones."""

    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """A file that is read in a way of its own when it is packed, such as a label map.

    Args:
        path: of the file.
        read: given its bytes, returns uint8 (h, w, C); raises :class:`~impasto.data.sources.decode.BadImage`. An object
            that can be sent to other processes, whose ``repr`` tells it from others.
    """

    path: Path
    read: Callable[[bytes], np.ndarray]


Load = Path | bytes | np.ndarray | Made | Missing | Read


@dataclass(frozen=True, slots=True)
class Layers:
    """Aligned pictures, packed as one picture with all channels, at the size of the first that is no label map.

    Args:
        loads: of each picture.
        channels: of each picture.
    """

    loads: tuple["Load | Layers", ...]
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One picture, not decoded yet.

    Args:
        name: what to call it in ``bad_images.csv``: a path below the source's root, or a row of it.
        load: a file to read; or its bytes, in any format Pillow reads; or uint8 pixels, HW or HWC; or a picture made
            of those, or read in a way of its own.
        label: position in the source's ``class_names``, or :data:`UNLABELLED`.
    """

    name: str
    load: Load | Layers
    label: int = UNLABELLED


class Source(Protocol):
    """A deterministic sequence of items that can be read again from any position.

    ``items`` must not hold more than a few items at a time: packing reads millions through it. A read that
    fails for good (no network, a folder gone) raises ``UserError``; a single bad picture is an item like any
    other, and packing finds out.
    """

    @property
    def origin(self) -> Origin:
        """Where the pictures come from."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per label, in label order; empty for unlabelled pictures."""
        ...

    @property
    def length(self) -> int | None:
        """How many items there are, if skipping items costs nothing; None for a stream.

        A limit takes evenly spaced items if the length is known (so every class keeps its share, though
        folders come in order), and the first ones of a stream (so that no more than those are downloaded).
        """
        ...

    def fingerprint(self) -> str:
        """Changes when an item, its label or the order does; for files, by names, sizes and times of change."""
        ...

    def items(self, start: int = 0) -> Iterator[Item]:
        """The items from position ``start`` on, in an order that never changes under one fingerprint."""
        ...
