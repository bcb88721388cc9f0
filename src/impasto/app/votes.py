"""Comparing paintings blind: contenders, the pairs that a rater sees, and votes as lines of JSON."""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from impasto.base.errors import UserError
from impasto.base.files import locked
from impasto.data.sources.folder import FolderSource

CONTENT: Final = "content"
"""Name of the folder of the pictures that were painted."""
NEITHER: Final = ""
"""The winner where neither is better."""
CHOICES: Final = ("left", "right", "neither")
EVERY: Final = 8
"""After so many pairs, one of them is shown once more with its sides swapped."""


@dataclass(frozen=True)
class Pair:
    """Two paintings of one picture.

    Attributes:
        picture: its name without an ending.
        left: contender.
        right: contender.
        check: whether the rater has seen it before, the other way round.
    """

    picture: str
    left: str
    right: str
    check: bool = False


@dataclass(frozen=True)
class Vote:
    """What a rater chose.

    Attributes:
        rater: name.
        picture: see :class:`Pair`.
        left: likewise.
        right: likewise.
        chosen: ``left``, ``right`` or ``neither``.
        check: see :class:`Pair`.
        seconds: that the pair was looked at.
        time: of the vote, ISO 8601 in UTC.
    """

    rater: str
    picture: str
    left: str
    right: str
    chosen: str
    check: bool = False
    seconds: float = 0.0
    time: str = ""

    @property
    def pair(self) -> tuple[str, str, str]:
        """The picture and both contenders, whichever side they were on."""
        return (self.picture, *sorted((self.left, self.right)))  # type: ignore[return-value]

    @property
    def winner(self) -> str:
        """The contender that was chosen; :data:`NEITHER`."""
        return {"left": self.left, "right": self.right}.get(self.chosen, NEITHER)

    @property
    def share_of_left(self) -> float:
        """1 if the left one was chosen, half for neither."""
        return {"left": 1.0, "right": 0.0}.get(self.chosen, 0.5)


class Comparison:
    """Contenders that painted the same pictures.

    Args:
        folder: with a folder for each contender; paintings of one picture have the same name but for the ending.
        votes: file of the votes.

    Raises:
        UserError: there are no two contenders with a picture in common.
    """

    def __init__(self, folder: Path, votes: Path) -> None:
        self.folder, self.file = folder, votes
        names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        found = {name: pictures_in(folder / name) for name in names}
        self.content = found.pop(CONTENT, {})
        self.contenders = {name: pictures for name, pictures in found.items() if pictures}
        self.pairs = [
            (picture, a, b)
            for a, b in combinations(self.contenders, 2)
            for picture in sorted(self.contenders[a].keys() & self.contenders[b].keys())
        ]
        if not self.pairs:
            raise UserError(
                f"rate={folder} has no two sub-folders with paintings of the same name: paint the same pictures into "
                f"{folder / 'one'} and {folder / 'other'} first."
            )

    def votes(self) -> list[Vote]:
        """All votes so far; lines that are none are left out."""
        return read_votes(self.file)

    def next_pair(self, rater: str, votes: Sequence[Vote]) -> Pair | None:
        """What a rater sees next, by what was voted so far; None at the end.

        Order and sides are drawn for each rater, and are the same whenever the rater comes back.
        """
        own = [vote for vote in votes if vote.rater == rater]
        seen = [vote for vote in own if not vote.check]
        checks = len(own) - len(seen)
        if len(seen) // EVERY > checks:
            at = random.Random(f"{rater} check {checks}").randrange(EVERY - 1)
            before = seen[checks * EVERY + at]
            return Pair(before.picture, before.right, before.left, check=True)
        done = {vote.pair for vote in seen}
        for pair in self.ordered(rater):
            if (pair.picture, *sorted((pair.left, pair.right))) not in done:
                return pair
        return None

    def ordered(self, rater: str) -> list[Pair]:
        """All pairs in the order of a rater."""
        draw = random.Random(rater)
        shuffled = draw.sample(self.pairs, len(self.pairs))
        return [Pair(p, a, b) if draw.random() < 0.5 else Pair(p, b, a) for p, a, b in shuffled]

    def add(self, rater: str, pair: Pair, chosen: str, seconds: float) -> None:
        """Write one vote down.

        Raises:
            UserError: it is none.
        """
        if chosen not in CHOICES:
            raise UserError("Choose the left one, the right one, or neither.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        vote = Vote(rater, **asdict(pair), chosen=chosen, seconds=round(seconds, 1), time=now)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        alone = locked(self.file.with_name(f".{self.file.name}.lock"), "Waiting for another vote.")
        with alone, self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(vote), ensure_ascii=False) + "\n")


def pictures_in(folder: Path) -> dict[str, Path]:
    """The pictures below a folder, by their paths without endings."""
    try:
        names = [item.name for item in FolderSource(folder, labels="none", option="rate").items()]
    except UserError:
        return {}
    return {Path(name).with_suffix("").as_posix(): folder / name for name in names}


def read_votes(path: Path) -> list[Vote]:
    """The votes of a file; lines that are none, such as one cut short, are left out."""
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            told: Any = json.loads(line)
            vote = Vote(**told)
        except (ValueError, TypeError, RecursionError):
            continue
        texts = (vote.rater, vote.picture, vote.left, vote.right)
        if vote.chosen in CHOICES and all(isinstance(text, str) for text in texts):
            found.append(vote)
    return found


class Waiting:
    """Pairs that were shown and not yet voted on, under tokens that say nothing of them."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, Pair, float]] = {}

    def show(self, token: str, rater: str, pair: Pair) -> None:
        """Remember a pair."""
        while len(self._shown) > 1000:
            self._shown.pop(next(iter(self._shown)))
        self._shown[token] = (rater, pair, time.monotonic())

    def of(self, token: object) -> tuple[str, Pair, float] | None:
        """Rater, pair, and seconds since it was shown."""
        found = self._shown.get(token) if isinstance(token, str) else None
        return None if found is None else (found[0], found[1], time.monotonic() - found[2])

    def forget(self, token: str) -> None:
        """A pair that was voted on."""
        self._shown.pop(token, None)
