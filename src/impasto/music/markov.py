"""Markov chains of notes: what music is like that knows the last two notes, and nothing else."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np

from impasto.base.rolls import Roll
from impasto.music.rolls import FULL, begins_of, pitches_of

Something = TypeVar("Something", bound=Hashable)

Together = Literal["voices", "chords"]
"""Each voice by itself, or what all voices do together."""
START: Final = "start"
"""Stands before the first event of an excerpt."""

Event = tuple[tuple[int, ...], tuple[bool, ...], int]
"""Pitches, which of them begin, and for how many steps nothing changes."""


class MarkovChain(Generic[Something]):
    """Events, each drawn by how often it came after those before it.

    Where such a beginning never came, fewer of the events before count. The last event of a sequence, which the end of
    an excerpt may have cut short, is drawn only where nothing else is known to come.

    Args:
        sequences: of events, to learn from.
        order: how many events before count.
    """

    def __init__(self, sequences: Sequence[Sequence[Something]], order: int = 2) -> None:
        self.order = order
        self.seen: dict[tuple[Any, ...], list[Something]] = {}
        self.last: dict[tuple[Any, ...], list[Something]] = {}
        for events in sequences:
            padded: list[Any] = [*([START] * order), *events]
            for place in range(order, len(padded)):
                known = self.seen if place < len(padded) - 1 else self.last
                for length in range(order + 1):
                    known.setdefault(tuple(padded[place - length : place]), []).append(padded[place])

    def draw(self, random: np.random.Generator, ends: Callable[[list[Something]], bool]) -> list[Something]:
        """One sequence, drawn until ``ends`` says so of it."""
        events: list[Something] = []
        while not ends(events):
            before = tuple([*([START] * self.order), *events][len(events) :])
            contexts = (before[i:] for i in range(self.order + 1))
            following = next(known[c] for c in contexts for known in (self.seen, self.last) if c in known)
            events.append(following[int(random.integers(len(following)))])
        return events


def markov_rolls(
    rolls: np.ndarray, form: Roll, count: int, together: Together, seed: int = 0, order: int = 2
) -> np.ndarray:
    """Rolls that Markov chains make after others.

    An event is a note or a silence and how long it lasts; of all voices together, what they sound until one of them
    changes, and how long that is.

    Args:
        rolls: uint8 (N, voices, H, W), to learn from.
        form: of them.
        count: rolls to make.
        together: a chain for each ``voice``, or one of the ``chords``.
        seed: of the draws.
        order: of the chains.

    Returns:
        uint8 (count, voices, H, W).
    """
    pitches, begins = pitches_of(rolls, form), begins_of(rolls, form)
    voices, width = pitches.shape[1:]
    groups = [[voice] for voice in range(voices)] if together == "voices" else [list(range(voices))]
    random = np.random.default_rng([seed, 7])
    made = np.zeros((count, *rolls.shape[1:]), np.uint8)
    for group in groups:
        chain = MarkovChain([events_of(p, b) for p, b in zip(pitches[:, group], begins[:, group], strict=True)], order)
        for roll in made:
            lay(roll, chain.draw(random, lambda events: sum(event[2] for event in events) >= width), group, form)
    return made


def events_of(pitches: np.ndarray, begins: np.ndarray) -> list[Event]:
    """The events of some voices (voices, W) of one excerpt."""
    before = np.concatenate([np.full_like(pitches[:, :1], -2), pitches[:, :-1]], 1)
    changes = np.flatnonzero(((pitches != before) | begins).any(0))
    ends = [*changes[1:], pitches.shape[1]]
    return [
        (tuple(pitches[:, at].tolist()), tuple(begins[:, at].tolist()), int(end - at))
        for at, end in zip(changes, ends, strict=True)
    ]


def lay(roll: np.ndarray, events: Sequence[Event], voices: Sequence[int], form: Roll) -> None:
    """Write events of some voices into an empty roll (voices, H, W), as far as it goes."""
    step, width, rows = 0, roll.shape[2], roll.shape[1] - 1
    for pitches, begins, length in events:
        end = min(step + length, width)
        for voice, pitch, begin in zip(voices, pitches, begins, strict=True):
            if pitch >= 0:
                roll[voice, rows - 1 - (pitch - form.lowest), step:end] = FULL
                if step < width and (begin or step == 0):
                    roll[voice, -1, step] = FULL
        step = end
