"""The words of captions: a text as the numbers of its words, which is how networks and painters are told it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

PADDING: Final = 0
"""The number behind the last word of a text."""
UNKNOWN: Final = 1
"""The number of every word that is not in the vocabulary."""
FIRST: Final = 2
"""The number of the first word of the vocabulary."""

_WORD: Final = re.compile(r"\w+(?:['’]\w+)?|[^\w\s]")  # noqa: RUF001


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; each mark between them is a word too, but for full stops and commas."""
    return [word for word in _WORD.findall(text.lower()) if word not in ".,;"]


@dataclass(frozen=True)
class Vocabulary:
    """Words by number; texts become rows of numbers of one length, padded behind.

    Args:
        words: in the order of their numbers, which begin at :data:`FIRST`.
        length: words of a text at most; what goes beyond is cut.
    """

    words: tuple[str, ...]
    length: int

    @classmethod
    def of(cls, texts: Iterable[str], most: int = 16_384, longest: int = 64) -> "Vocabulary":
        """The vocabulary of some texts.

        Args:
            texts: from which the words are taken, the most frequent first.
            most: words at most; rarer ones are unknown.
            longest: words of a text that are looked at, at most.
        """
        counts: Counter[str] = Counter()
        length = 1
        for text in texts:
            words = words_of(text)
            counts.update(words)
            length = max(length, len(words))
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(tuple(ordered[:most]), min(length, longest))

    @property
    def size(self) -> int:
        """How many numbers there are, those of padding and of unknown words among them."""
        return len(self.words) + FIRST

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, FIRST)}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Texts as float32 (n, length), whole numbers: a condition vector for each."""
        rows = np.full((len(texts), self.length), PADDING, np.float32)
        for row, text in zip(rows, texts, strict=True):
            numbers = [self._numbers.get(word, UNKNOWN) for word in words_of(text)[: self.length]]
            row[: len(numbers)] = numbers
        return rows

    def decode(self, row: Iterable[float]) -> str:
        """The text of a row; unknown words become a question mark."""
        numbers = [int(number) for number in row if int(number) != PADDING]
        return " ".join("?" if number < FIRST else self.words[number - FIRST] for number in numbers)

    def unknown(self, text: str) -> list[str]:
        """The words of a text that are not in the vocabulary."""
        return [word for word in words_of(text) if word not in self._numbers]

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, so that a checkpoint can hold it."""
        return {"words": list(self.words), "length": self.length}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Vocabulary":
        """The inverse of :meth:`to_dict`."""
        return cls(tuple(str(word) for word in values["words"]), int(values["length"]))
