"""Motifs in DNA, by position weight matrices."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from impasto.sequences.dna import Site, background, matrix

FOUND: Final = 0.05
"""Share of sites drawn from a matrix itself that are taken for none: a site counts if it scores above their rest."""


def log_odds(motif: str) -> np.ndarray:
    """Bits by which a base at a place speaks for a motif and against the background (Stormo 2000): (4, w)."""
    return np.log2(matrix(motif) / shares_of_bases()[:, None])


def shares_of_bases() -> np.ndarray:
    """How often each base comes in the background: the chain's stationary distribution, (4,)."""
    chances, pairs = background(), np.full((4, 4), 1 / 16)
    for _ in range(100):
        pairs = np.einsum("ab,abc->bc", pairs, chances)
    return pairs.sum(0)


def threshold(motif: str, draws: int = 20000) -> float:
    """The score that all but :data:`FOUND` of a motif's own sites reach."""
    chances, odds = matrix(motif), log_odds(motif)
    numbers = np.random.default_rng(0)
    drawn = (numbers.random((draws, 1, chances.shape[1])) > chances.cumsum(0)[None, :-1]).sum(1)
    return float(np.quantile(odds[drawn, np.arange(chances.shape[1])].sum(1), FOUND))


def best_scores(tokens: np.ndarray, odds: np.ndarray, starts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The highest score of a motif over its places, and where: (n,) bits and (n,) numbers of first bases.

    Args:
        tokens: uint8 (n, L), bases.
        odds: (4, w).
        starts: first bases that are tried.
    """
    width = np.arange(odds.shape[1])
    scores = np.stack([odds[tokens[:, start + width], width].sum(1) for start in starts], 1)
    return scores.max(1), np.asarray(starts)[scores.argmax(1)]


def places_of(site: Site, length: int) -> range:
    """Where a site may begin, in sequences of a length."""
    first = int(site.earliest * length)
    return range(first, first + site.jitter + 1)


def recovered(tokens: np.ndarray, site: Site) -> np.ndarray:
    """Whether each sequence has a motif where it belongs: bool (n,)."""
    scores, _ = best_scores(tokens, log_odds(site.motif), places_of(site, tokens.shape[1]))
    return scores >= threshold(site.motif)


def correlation(tokens: np.ndarray, site: Site) -> float:
    """Pearson's correlation of a motif's matrix with the one of the best sites of sequences."""
    chances = matrix(site.motif)
    _, starts = best_scores(tokens, log_odds(site.motif), places_of(site, tokens.shape[1]))
    sites = tokens[np.arange(len(tokens))[:, None], starts[:, None] + np.arange(chances.shape[1])]
    found = np.stack([(sites == base).mean(0) for base in range(4)])
    return float(np.corrcoef(found.ravel(), chances.ravel())[0, 1])


def sites_by_class(truth: Mapping[str, Sequence[Site]]) -> list[tuple[int, Site]]:
    """Every site with the number of its class."""
    return [(label, site) for label, sites in enumerate(truth.values()) for site in sites]
