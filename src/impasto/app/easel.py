"""What the tabs of the page work with, and the turns of open pages."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from impasto.app.pictures import Album
from impasto.app.places import Shelf
from impasto.app.studio import Studio
from impasto.base.errors import UserError

MOST_FILES: Final = 20
EVENTS: Final[dict[str, Any]] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
"""For every event of the page."""

State = dict[str, Any]
"""What a part shows."""
Then = Callable[[Any], Any]
"""Adds something that follows an event."""


@dataclass
class Easel:
    """All that the tab works with.

    Attributes:
        studio: paints.
        album: of pictures that visitors brought.
        brought: styles that visitors brought.
        results: paintings.
    """

    studio: Studio
    album: Album
    brought: Shelf
    results: Shelf

    def __post_init__(self) -> None:
        self._latest: dict[str, int] = {}
        self._counting = threading.Lock()

    def sentence(self, problem: UserError) -> str:
        """What a visitor is told of a problem: names of files, not where they lie."""
        text = str(problem)
        for shelf in (self.album.shelf, self.brought, self.results):
            text = shelf.without(text)
        return text.replace(f"{self.album.uploads}{os.sep}", "")

    def take_turn(self, page: str) -> int:
        """A number for one more painting on somebody's page: the ones before are given up, of other pictures too."""
        with self._counting:
            self._latest[page] = self._latest.get(page, 0) + 1
            return self._latest[page]

    def is_over(self, page: str, turn: int) -> bool:
        """Whether the page is to show something else by now."""
        return self._latest.get(page) != turn
