"""Opened sequences: tokens with all that is known of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from impasto.base.alphabet import Alphabet
from impasto.base.errors import UserError


@dataclass(frozen=True)
class Sequences:
    """Sequences of one alphabet and one length.

    Attributes:
        name: what they are, for the run's record, such as ``promoters made by code``.
        tokens: numbers of tokens, uint8 (n, voices, T).
        alphabet: what the numbers mean.
        names: of each, n texts that differ; by them some are held out.
        labels: int64 (n,), numbers of classes; None without classes.
        class_names: in the order of their numbers.
        properties: float32 (n, K), raw values of the alphabet's properties; None without any.
        origin: ``sample`` for what comes along or is made by code, ``local`` for a user's own.
        bad: what could not be used: (file or name, reason).
        known: more that the record says, plain values; of ``left_out``, how many do not fit, a notice speaks.
        truth: what is known of how they were made, for a protocol; None for real ones.
    """

    name: str
    tokens: np.ndarray
    alphabet: Alphabet
    names: Sequence[str]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    properties: np.ndarray | None = None
    origin: str = "sample"
    bad: Sequence[tuple[str, str]] = ()
    known: Mapping[str, Any] = field(default_factory=dict)
    truth: Any = None

    def __post_init__(self) -> None:
        if self.tokens.ndim != 3 or self.tokens.dtype != np.uint8 or len(self.names) != len(self.tokens):
            raise ValueError(f"tokens {self.tokens.dtype} {self.tokens.shape} and {len(self.names)} names")

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def shape(self) -> tuple[int, int]:
        """(voices, T)."""
        return int(self.tokens.shape[1]), int(self.tokens.shape[2])

    def subset(self, positions: np.ndarray) -> "Sequences":
        """Some of them, in this order."""
        return replace(
            self,
            tokens=self.tokens[positions],
            names=[self.names[i] for i in positions],
            labels=None if self.labels is None else self.labels[positions],
            properties=None if self.properties is None else self.properties[positions],
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of tokens, alphabet, classes and properties."""
        digest = hashlib.sha256(repr((self.alphabet.tokens, self.class_names, self.tokens.shape)).encode())
        for values in (self.tokens, self.labels, self.properties):
            digest.update(b"-" if values is None else np.ascontiguousarray(values).data)
        return digest.hexdigest()

    @property
    def vectors(self) -> np.ndarray | None:
        """The properties as networks see them: float32 (n, K); None without any."""
        return None if self.properties is None else as_seen(self.properties, self.alphabet)


def as_seen(properties: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """Raw values (n, K) of an alphabet's properties as networks see them."""
    centers, scales = ([getattr(each, side) for each in alphabet.properties] for side in ("center", "scale"))
    return ((properties - np.array(centers)) / np.array(scales)).astype(np.float32)


class OpenSequences(Protocol):
    """Opens sequences, given the settings of data that it names; those of one part, or a mapping by part."""

    def __call__(self, **where: Any) -> Sequences | Mapping[str, Sequences]:
        """Open them."""
        ...


def too_few(found: int, name: str) -> UserError:
    """There is nothing to learn from."""
    return UserError(f"{name} has {found} sequences that can be used, and 2 are needed: give more.")
