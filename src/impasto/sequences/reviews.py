"""Short reviews made by a grammar, and a reader that says whether a sentence is one, and what it is about.

Every sentence praises or complains, never both; nouns and verbs agree in number, and a word for food is not said of
people. So what a model has learnt can be read off: whether its sentences are of the grammar, and of the class that was
asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

CLASSES: Final = ("negative", "positive")
NOUNS: Final = {
    "food": (("soup", "bread", "coffee", "cake", "fish", "salad"), ("noodles", "desserts", "drinks", "beans")),
    "staff": (("waiter", "owner", "cook", "host"), ("waiters", "cooks", "guides", "clerks")),
    "place": (("room", "garden", "kitchen", "hall", "pool", "lobby"), ("rooms", "tables", "chairs", "beds")),
}
"""Of each kind, one and several."""
ADJECTIVES: Final = {
    "food": (("stale", "bland", "greasy", "burnt", "sour"), ("fresh", "tasty", "crisp", "delicious", "warm")),
    "staff": (("rude", "careless", "slow", "bored", "cold"), ("kind", "helpful", "quick", "polite", "cheerful")),
    "place": (("dirty", "noisy", "dark", "cramped", "broken"), ("clean", "quiet", "bright", "spacious", "lovely")),
}
"""Of each kind, to complain and to praise."""
ADVERBS: Final = ("very", "really", "so", "always", "quite")
FEELINGS: Final = (("hated", "disliked"), ("loved", "enjoyed"))
PEOPLE: Final = ("i", "we", "they")
KIND_OF: Final = {noun: kind for kind, forms in NOUNS.items() for form in forms for noun in form}
PLURAL: Final = frozenset(noun for forms in NOUNS.values() for noun in forms[1])
TONE_OF: Final = {
    (kind, word): tone for kind, tones in ADJECTIVES.items() for tone, words in enumerate(tones) for word in words
}
LONGEST: Final = 14
"""Words of a sentence, at most."""


@dataclass(frozen=True)
class Read:
    """What a sentence says.

    Attributes:
        tone: number of its class.
        nouns: what it is about.
    """

    tone: int
    nouns: tuple[str, ...]


def sentence(tone: int, numbers: np.random.Generator) -> list[str]:
    """A sentence of a class: one or two clauses."""
    words = clause(tone, numbers)
    if numbers.random() < 0.5:
        words += ["and", *clause(tone, numbers, short=len(words) > 6)]
    return words


def clause(tone: int, numbers: np.random.Generator, short: bool = False) -> list[str]:
    """``the soup was very stale``, or ``we hated the noodles``."""

    def any_of(words: Sequence[str]) -> str:
        return words[int(numbers.integers(len(words)))]

    kind = any_of(tuple(NOUNS))
    noun = any_of(NOUNS[kind][int(numbers.random() < 0.4)])
    if numbers.random() < 0.3:
        return [any_of(PEOPLE), any_of(FEELINGS[tone]), "the", noun]
    how = [any_of(ADVERBS)] if numbers.random() < 0.5 and not short else []
    words = ["the", noun, "were" if noun in PLURAL else "was", *how, any_of(ADJECTIVES[kind][tone])]
    if numbers.random() < 0.2 and not short:
        words += ["but", any_of(("not", "never")), any_of(ADJECTIVES[kind][1 - tone])]
    return words


def read(words: Sequence[str]) -> Read | None:
    """What a sentence says; None if it is none of the grammar, or praises and complains."""
    if not words or len(words) > LONGEST:
        return None
    clauses: list[list[str]] = [[]]
    for word in words:
        if word == "and":
            clauses.append([])
        else:
            clauses[-1].append(word)
    found = [read_clause(each) for each in clauses]
    if len(found) > 2 or any(each is None for each in found):
        return None
    tones = {tone for each in found if each is not None for tone in [each[0]]}
    nouns = tuple(each[1] for each in found if each is not None)
    return Read(tones.pop(), nouns) if len(tones) == 1 else None


def read_clause(words: list[str]) -> tuple[int, str] | None:
    """The tone and the noun of a clause; None if it is none."""
    if len(words) == 4 and words[0] in PEOPLE and words[2] == "the" and words[3] in KIND_OF:
        return next(((tone, words[3]) for tone, verbs in enumerate(FEELINGS) if words[1] in verbs), None)
    if len(words) < 4 or words[0] != "the" or words[1] not in KIND_OF:
        return None
    noun, kind = words[1], KIND_OF[words[1]]
    if words[2] != ("were" if noun in PLURAL else "was"):
        return None
    rest = words[4:] if words[3] in ADVERBS else words[3:]
    tone = TONE_OF.get((kind, rest[0])) if rest else None
    if tone is None or len(rest) == 1:
        return None if tone is None else (tone, noun)
    other = len(rest) == 4 and rest[1] == "but" and rest[2] in ("not", "never")
    return (tone, noun) if other and TONE_OF.get((kind, rest[3])) == 1 - tone else None
