"""Sequences from a painter, as numbers of tokens."""

import numpy as np
import torch
from torch import Tensor

from impasto.painters.painter import Painter

AT_ONCE = 256


def sampled(
    painter: Painter,
    n: int,
    *,
    seed: int = 0,
    start: int = 0,
    condition: Tensor | None = None,
    shift: Tensor | None = None,
    truncation: float = 1.0,
) -> np.ndarray:
    """Sequences ``start`` to ``start + n``; sequence i depends on ``seed``, i and its condition alone.

    Args:
        painter: of sequences.
        n: how many.
        seed: of the latent vectors.
        start: number of the first.
        condition: (m,) labels or (m, K) vectors; sequence i takes number i modulo m. None leaves them to the painter.
        shift: as for :meth:`~impasto.painters.painter.Painter.sample`.
        truncation: likewise; below 1 likelier tokens are drawn, and sequences are more alike.

    Returns:
        uint8 (n, voices, T), numbers of tokens.
    """
    parts = []
    for first in range(start, start + n, AT_ONCE):
        count = min(AT_ONCE, start + n - first)
        told = None if condition is None else condition[torch.arange(first, first + count) % len(condition)]
        drawn = painter.sample(count, seed=seed, start=first, condition=told, shift=shift, truncation=truncation)
        parts.append(drawn.argmax(1).to(torch.uint8).cpu().numpy())
    return np.concatenate(parts)


def one_hot(tokens: Tensor, size: int) -> Tensor:
    """Numbers of tokens (N, voices, T) as networks see them: float32 (N, size, voices, T), 0 or 1."""
    numbers = torch.arange(size, device=tokens.device)
    return (tokens[:, None] == numbers[:, None, None]).float()


@torch.no_grad()
def repainted(painter: Painter, tokens: np.ndarray) -> np.ndarray:
    """Sequences in the style of a painter that takes some: uint8 (n, voices, T) to the same."""
    assert painter.content is not None
    assert painter.content.alphabet is not None
    size, parts = painter.content.alphabet.size, []
    for start in range(0, len(tokens), AT_ONCE):
        content = one_hot(torch.from_numpy(tokens[start : start + AT_ONCE]), size).to(painter.device)
        parts.append(painter(content=content).argmax(1).to(torch.uint8).cpu().numpy())
    return np.concatenate(parts)
