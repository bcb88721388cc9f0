"""The styles that are served: those that come along, and adapters in a folder, which may change at any time."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from impasto.inference.style_choice import ADAPTER, ChosenStyle, shipped_styles
from impasto.serve.refusals import Refusal

log = logging.getLogger("impasto")

Version = tuple[int, int, int]
"""Of a file: number on its disk, bytes, and time of change; another file of the same name has another one."""
T = TypeVar("T")
SHIPPED: Final[Version] = (0, 0, 0)


@dataclass(frozen=True)
class Shelf:
    """Where styles are found by name.

    Attributes:
        folder: of adapters; None for none.
    """

    folder: Path | None = None

    def names(self) -> list[str]:
        """All that can be asked for."""
        found = set(shipped_styles())
        if self.folder is not None:
            found |= {path.stem for path in self.folder.glob(f"*{ADAPTER}") if path.is_file()}
        return sorted(name for name in found if is_name(name))

    def find(self, name: str) -> tuple[ChosenStyle, Version]:
        """A style and its version; an adapter comes before a shipped style of the same name.

        Raises:
            Refusal: 404, there is none.
        """
        if is_name(name):
            if self.folder is not None:
                path = self.folder / f"{name}{ADAPTER}"
                try:
                    found = path.stat()
                except (OSError, ValueError):
                    found = None
                if found is not None and path.is_file():
                    return ChosenStyle(name, adapter=path), (found.st_ino, found.st_size, found.st_mtime_ns)
            if (pictures := shipped_styles().get(name)) is not None:
                return ChosenStyle(name, pictures=pictures), SHIPPED
        raise Refusal(404, f"There is no style {name[:100]!r}: GET /styles lists them.")


def is_name(name: str) -> bool:
    """Whether a text may be the name of a style: of a file in the folder itself, which is not hidden."""
    return bool(name) and not name.startswith(".") and not set(name) & set("/\\\0") and name.isprintable()


class Recent(Generic[T]):
    """Holds what was used last, by name; what changed since is made anew.

    Args:
        most: how many are held.

    Attributes:
        made: how many were made.
    """

    def __init__(self, most: int) -> None:
        self.most, self.made = most, 0
        self._held: OrderedDict[str, tuple[Version, T]] = OrderedDict()

    def get(self, name: str, version: Version, make: Callable[[], T]) -> T:
        """What is held under a name in this version, or else what is made."""
        held = self._held.pop(name, None)
        if held is None or held[0] != version:
            held = (version, make())
            self.made += 1
        self._held[name] = held
        while len(self._held) > self.most:
            self._held.popitem(last=False)
        return held[1]

    def __contains__(self, name: str) -> bool:
        return name in self._held
