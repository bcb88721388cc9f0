"""Pictures that belong together, such as the two sides of a pair: matched by name, cut from one picture, or made."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from impasto.data.sources.folder import FolderSource
from impasto.data.sources.source import Item, Layers, Load, Made, Missing, Origin, Source


class AlignedSource:
    """Several sources read in step; what they give at one position is packed as one picture with all channels.

    Args:
        sources: of equally many pictures that belong together by their positions; the first names them.
        channels: of each source.
    """

    def __init__(self, sources: Sequence[Source], channels: Sequence[int]) -> None:
        self.sources, self.channels = tuple(sources), tuple(channels)
        self.origin, self.class_names = sources[0].origin, sources[0].class_names

    @property
    def length(self) -> int | None:
        """How many there are; None for a stream."""
        return self.sources[0].length

    def fingerprint(self) -> str:
        """A hash of theirs and of the channels."""
        what = [*(source.fingerprint() for source in self.sources), str(self.channels)]
        return hashlib.sha256("\n".join(what).encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures from position ``start`` on, each of all sources."""
        for items in zip(*(source.items(start) for source in self.sources), strict=True):
            loads = tuple(item.load for item in items)
            yield Item(items[0].name, Layers(loads, self.channels), items[0].label)


class MadeSource:
    """Pictures made of another source's, one by one.

    Args:
        source: of the pictures.
        make: makes one, see :class:`~impasto.data.sources.source.Made`.
        version: raised when ``make`` makes something else.
    """

    def __init__(self, source: Source, make: Callable[[np.ndarray, int], np.ndarray], version: int = 1) -> None:
        self.source, self.make, self.version = source, make, version
        self.origin, self.class_names = source.origin, source.class_names

    @property
    def length(self) -> int | None:
        """How many there are; None for a stream."""
        return self.source.length

    def fingerprint(self) -> str:
        """A hash of the source's and of what is made."""
        return hashlib.sha256(f"{self.make.__name__} {self.version} {self.source.fingerprint()}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures from position ``start`` on."""
        for item in self.source.items(start):
            assert not isinstance(item.load, Layers), "aligned pictures are made before they are aligned"
            yield Item(item.name, Made(item.load, self.make), item.label)


@dataclass(frozen=True)
class ListedSource:
    """Pictures of a list.

    Attributes:
        origin: where they come from.
        listed: name and load of each.
        digest: changes when they do.
    """

    origin: Origin
    listed: list[tuple[str, Load | Layers]]
    digest: str
    class_names: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self.listed)

    def fingerprint(self) -> str:
        """The digest."""
        return self.digest

    def items(self, start: int = 0) -> Iterator[Item]:
        """The pictures from position ``start`` on."""
        for name, load in self.listed[start:]:
            yield Item(name, load)


def matched(first: FolderSource, second: FolderSource) -> tuple[ListedSource, ListedSource, list[str]]:
    """The pictures of two folders that have the same name, with sub-folders and without endings, in step.

    A picture without a partner of its name keeps a place in both, with the reason why it cannot be used.

    Returns:
        Those of the first folder, those of the second, and the names without a partner.
    """
    known, twice = zip(*(by_key(source) for source in (first, second)), strict=True)
    sides: tuple[list[tuple[str, Load | Layers]], list[tuple[str, Load | Layers]]] = ([], [])
    alone = []
    for key in sorted(known[0].keys() | known[1].keys()):
        names = [side.get(key) for side in known]
        name = names[0] or names[1] or key
        if None in names:
            alone.append(name)
        for side, source, other, own in zip(sides, (first, second), (second, first), names, strict=True):
            reason = f"no picture of that name in {(source if own is None else other).root}"
            side.append((name, Missing(reason) if own is None else source.root / own))
    for name, kept in [*twice[0], *twice[1]]:
        alone.append(name)
        for side in sides:
            side.append((name, Missing(f"{kept} has the same name but for its ending")))
    digest = first.fingerprint() + second.fingerprint()
    return ListedSource(first.origin, sides[0], digest), ListedSource(second.origin, sides[1], digest), alone


def by_key(source: FolderSource) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Names by their keys for matching; and those with a key that is taken, with the name that took it."""
    found: dict[str, str] = {}
    twice = []
    for item in source.items():
        key = without_ending(item.name)
        if key in found:
            twice.append((item.name, found[key]))
        else:
            found[key] = item.name
    return found, twice


def without_ending(name: str) -> str:
    """A path without the ending of its file."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + (file.rpartition(".")[0] or file)


def left_half(pixels: np.ndarray, _canvas: int) -> np.ndarray:
    """The left one of two pictures side by side; of an odd width, the column in the middle is left out."""
    return pixels[:, : pixels.shape[1] // 2]


def right_half(pixels: np.ndarray, _canvas: int) -> np.ndarray:
    """The right one of two pictures side by side."""
    return pixels[:, (pixels.shape[1] + 1) // 2 :]
