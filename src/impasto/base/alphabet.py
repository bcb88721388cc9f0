"""What sequences are made of: tokens by number, such as the bases of DNA, and how they are written and shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Property:
    """A number that sequences are conditioned on, and how networks see it: (value - center) / scale.

    Args:
        name: such as ``logp``.
        center: its mean over the sequences trained on.
        scale: its standard deviation over them; above 0.
    """

    name: str
    center: float
    scale: float


@dataclass(frozen=True)
class Alphabet:
    """Tokens by number, at most 256.

    Args:
        tokens: in the order of their numbers; the empty one, if there is one, fills a sequence up behind its end.
        kind: what the sequences are, such as ``dna``; it says in which files they are written, see
            :data:`impasto.sequences.files.WRITERS`.
        between: what is written between two tokens; empty for letters, a space for words.
        properties: numbers of a sequence that networks are told, in the order of its condition vector.
    """

    tokens: tuple[str, ...]
    kind: str
    between: str = ""
    properties: tuple[Property, ...] = ()

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens)}

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return len(self.tokens)

    @property
    def filler(self) -> int | None:
        """The number of the token behind a sequence's end; None for sequences of one length."""
        return self._numbers.get("")

    def encode(self, sequences: Sequence[Iterable[str]], length: int) -> np.ndarray:
        """Sequences of tokens as numbers, filled up behind their end: uint8 (n, length).

        Raises:
            KeyError: a token is not in the alphabet.
            ValueError: a sequence is longer than ``length``, or shorter and there is no token to fill it up with.
        """
        rows = np.zeros((len(sequences), length), np.uint8)
        for row, sequence in zip(rows, sequences, strict=True):
            numbers = [self._numbers[token] for token in sequence]
            if len(numbers) > length or (len(numbers) < length and self.filler is None):
                raise ValueError(f"{len(numbers)} tokens, not {length}")
            row[: len(numbers)] = numbers
            row[len(numbers) :] = self.filler or 0
        return rows

    def split(self, row: Iterable[int]) -> list[str]:
        """The tokens of a row of numbers, up to the first that fills it up."""
        found = []
        for number in row:
            if number == self.filler:
                break
            found.append(self.tokens[number])
        return found

    def ended(self, tokens: np.ndarray) -> np.ndarray:
        """Numbers of tokens (..., T) with nothing behind the first that fills a sequence up, as files show them."""
        if self.filler is None:
            return tokens
        return np.where((tokens != self.filler).cumprod(-1), tokens, self.filler).astype(tokens.dtype)

    def decode(self, row: Iterable[int]) -> str:
        """A row of numbers as text."""
        return self.between.join(self.split(row))

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, so that a checkpoint can hold it."""
        properties = [[each.name, each.center, each.scale] for each in self.properties]
        return {"tokens": list(self.tokens), "kind": self.kind, "between": self.between, "properties": properties}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Alphabet":
        """The inverse of :meth:`to_dict`."""
        properties = tuple(Property(str(name), float(a), float(b)) for name, a, b in values["properties"])
        tokens = tuple(str(token) for token in values["tokens"])
        return cls(tokens, str(values["kind"]), str(values["between"]), properties)
