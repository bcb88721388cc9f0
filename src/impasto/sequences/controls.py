"""What learns the same sequences by likelihood: n-grams, and an LSTM of a given size; controls of generators."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.progress import counting

AT_ONCE = 512


def as_line(tokens: np.ndarray) -> np.ndarray:
    """Voices one behind the other at each step: (n, voices, T) to (n, T * voices)."""
    return np.ascontiguousarray(tokens.transpose(0, 2, 1)).reshape(len(tokens), -1)


def as_voices(line: np.ndarray, voices: int) -> np.ndarray:
    """The inverse of :func:`as_line`."""
    return np.ascontiguousarray(line.reshape(len(line), -1, voices).transpose(0, 2, 1))


@dataclass(frozen=True)
class Level:
    """What follows contexts of one length.

    Attributes:
        contexts: int64 (m,), their numbers, increasing.
        counts: float64 (m, V), how often each token follows.
    """

    contexts: np.ndarray
    counts: np.ndarray


class NGram:
    """The chance of a token by those before it, counted, with Witten and Bell's interpolation (1991, method C).

    Args:
        tokens: uint8 (n, L) to learn from.
        size: V, of the alphabet.
        order: tokens of an n-gram; a token depends on ``order - 1`` before it.
    """

    def __init__(self, tokens: np.ndarray, size: int, order: int) -> None:
        self.size, self.order, self.length = size, order, tokens.shape[1]
        self.levels = []
        padded = self._padded(tokens)
        for behind in range(order):
            numbers = self._numbers(padded, behind).ravel()
            contexts, rows = np.unique(numbers, return_inverse=True)
            counts = np.zeros((len(contexts), size))
            np.add.at(counts, (rows.ravel(), tokens.ravel()), 1)
            self.levels.append(Level(contexts, counts))

    def _padded(self, tokens: np.ndarray) -> np.ndarray:
        """With the mark of a beginning, number ``size``, in front."""
        front = np.full((len(tokens), self.order - 1), self.size, np.int64)
        return np.concatenate([front, tokens.astype(np.int64)], 1)

    def _numbers(self, padded: np.ndarray, behind: int) -> np.ndarray:
        """For each place the number of the ``behind`` tokens before it: (n, L)."""
        places = padded.shape[1] - (self.order - 1)
        found = np.zeros((len(padded), places), np.int64)
        for step in range(behind):
            start = self.order - 1 - behind + step
            found = found * (self.size + 1) + padded[:, start : start + places]
        return found

    def chances(self, contexts: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities (m, V) behind contexts: for each length from 0 on their numbers (m,)."""
        found = np.full((len(contexts[0]), self.size), 1 / self.size)
        for level, numbers in zip(self.levels, contexts, strict=True):
            place = np.searchsorted(level.contexts, numbers).clip(max=len(level.contexts) - 1)
            counts = level.counts[place] * (level.contexts[place] == numbers)[:, None]
            kinds = (counts > 0).sum(1, keepdims=True)
            found = (counts + kinds * found) / np.maximum(counts.sum(1, keepdims=True) + kinds, 1) + found * (
                kinds == 0
            )
        return found

    def log_likelihood(self, tokens: np.ndarray) -> np.ndarray:
        """Natural logarithm of the chance of each token: (n, L)."""
        padded = self._padded(tokens)
        contexts = [self._numbers(padded, behind).ravel() for behind in range(self.order)]
        chances = self.chances(contexts)
        return np.log(chances[np.arange(len(chances)), tokens.ravel()]).reshape(tokens.shape)

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """``n`` sequences: uint8 (n, L)."""
        numbers = np.random.default_rng([seed, self.order])
        padded = np.full((n, self.order - 1 + self.length), self.size, np.int64)
        for place in range(self.length):
            window = padded[:, place : place + self.order]  # the last one is to be drawn
            contexts = [self._numbers(window, behind)[:, 0] for behind in range(self.order)]
            chances = self.chances(contexts).cumsum(1)
            drawn = (numbers.random((n, 1)) * chances[:, -1:] > chances[:, :-1]).sum(1)
            padded[:, self.order - 1 + place] = drawn
        return padded[:, self.order - 1 :].astype(np.uint8)


def best_ngram(tokens: np.ndarray, size: int, orders: Sequence[int]) -> NGram:
    """The n-gram of the order by which every tenth sequence is likeliest to one that counted the others.

    Args:
        tokens: uint8 (n, L) to learn from.
        size: V, of the alphabet.
        orders: that are tried; one alone, or the first for a single sequence, is taken as it is.
    """
    if len(orders) == 1 or len(tokens) == 1:
        return NGram(tokens, size, orders[0])
    tenth = np.arange(len(tokens)) % 10 == 0

    def likelihood(order: int) -> float:
        return float(NGram(tokens[~tenth], size, order).log_likelihood(tokens[tenth]).mean())

    return NGram(tokens, size, max(orders, key=likelihood))


class LSTM(nn.Module):
    """A token by all before it (Hochreiter and Schmidhuber 1997; Graves 2013), told a vector at every step.

    Args:
        size: V, of the alphabet.
        hidden: units.
        told: length of the vector; 0 without.
    """

    def __init__(self, size: int, hidden: int, told: int = 0) -> None:
        super().__init__()
        self.size, self.told = size, told
        self.embed = nn.Embedding(size + 1, hidden)  # the last one is the mark of a beginning
        self.lstm = nn.LSTM(hidden + told, hidden, batch_first=True)
        self.leave = nn.Linear(hidden, size)

    @classmethod
    def of_size(cls, size: int, parameters: int, told: int = 0) -> "LSTM":
        """The one with about so many parameters: 8 h^2 + h (2 V + 4 told + 9) of them for h units."""
        b = 2 * size + 4 * told + 9
        hidden = (-b + math.sqrt(b * b + 32 * parameters)) / 16
        return cls(size, max(round(hidden), 8), told)

    def forward(self, tokens: Tensor, vectors: Tensor | None = None, state: object = None) -> tuple[Tensor, object]:
        """int64 (n, L), each the token before the one that is foretold, and (n, told): logits (n, L, V) and a state."""
        x = self.embed(tokens)
        if vectors is not None:
            x = torch.cat([x, vectors[:, None].expand(-1, x.shape[1], -1)], 2)
        x, state = self.lstm(x, state)
        return self.leave(x), state

    def fit(
        self,
        tokens: np.ndarray,
        vectors: np.ndarray | None,
        *,
        kimg: float,
        batch_size: int = 64,
        lr: float = 3e-3,
        seed: int = 0,
    ) -> "LSTM":
        """Learn uint8 (n, L) and (n, told) by likelihood, for so many thousand sequences, the rate falling to 0."""
        numbers = np.random.default_rng(seed)
        optimizer = torch.optim.Adam(self.parameters(), lr)
        steps = max(int(kimg * 1000 / batch_size), 1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        with torch.enable_grad(), counting("an LSTM learns by likelihood", steps) as tick:
            for _ in range(steps):
                chosen = numbers.integers(0, len(tokens), batch_size)
                wanted = torch.from_numpy(tokens[chosen].astype(np.int64))
                told = None if vectors is None else torch.from_numpy(vectors[chosen])
                logits, _ = self(self._shifted(wanted), told)
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(logits.flatten(0, 1), wanted.flatten()).backward()
                nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                tick(1)
        return self.eval()

    def _shifted(self, tokens: Tensor) -> Tensor:
        return F.pad(tokens[:, :-1], (1, 0), value=self.size)

    @torch.no_grad()
    def log_likelihood(self, tokens: np.ndarray, vectors: np.ndarray | None = None) -> np.ndarray:
        """Natural logarithm of the chance of each token: (n, L)."""
        parts = []
        for start in range(0, len(tokens), AT_ONCE):
            wanted = torch.from_numpy(tokens[start : start + AT_ONCE].astype(np.int64))
            told = None if vectors is None else torch.from_numpy(vectors[start : start + AT_ONCE])
            logits, _ = self(self._shifted(wanted), told)
            parts.append(logits.log_softmax(2).gather(2, wanted[..., None]).squeeze(2).numpy())
        return np.concatenate(parts)

    @torch.no_grad()
    def sample(self, n: int, length: int, vectors: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
        """``n`` sequences: uint8 (n, length)."""
        draws = torch.Generator().manual_seed(seed)
        tokens, state = torch.full((n, 1), self.size), None
        told = None if vectors is None else torch.from_numpy(vectors)
        drawn = []
        for _ in range(length):
            logits, state = self(tokens, told, state)
            tokens = torch.multinomial(logits[:, 0].softmax(1), 1, generator=draws)
            drawn.append(tokens)
        return torch.cat(drawn, 1).to(torch.uint8).numpy()
