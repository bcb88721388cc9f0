"""DNA: sequences made by code with motifs at known places, and folders of FASTA files.

The motifs are counts of aligned sites: TATA box (389 sites) and initiator (303) as Bucher 1990 (J. Mol. Biol. 212) has
them (TBP and INR in JASPAR); splice donor and acceptor are close to the frequencies of Shapiro and Senapathy 1987
(Nucleic Acids Res. 15), in whole percents. The background between them is a Markov chain of order 2, poor in CG.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from impasto.base.alphabet import Alphabet
from impasto.base.errors import UserError
from impasto.base.ranges import Count, Seed
from impasto.sequences.fasta import FILES, read_fasta
from impasto.sequences.opening import Sequences

BASES: Final = Alphabet(("A", "C", "G", "T"), "dna")
COUNTS: Final[dict[str, tuple[tuple[int, ...], ...]]] = {
    "tata_box": (
        (61, 16, 352, 3, 354, 268, 360, 222, 155, 56, 83, 82, 82, 68, 77),
        (145, 46, 0, 10, 0, 0, 3, 2, 44, 135, 147, 127, 118, 107, 101),
        (152, 18, 2, 2, 5, 0, 20, 44, 157, 150, 128, 128, 128, 139, 140),
        (31, 309, 35, 374, 30, 121, 6, 121, 33, 48, 31, 52, 61, 75, 71),
    ),
    "initiator": (
        (49, 0, 288, 26, 77, 67, 45, 50),
        (48, 303, 0, 81, 95, 118, 85, 96),
        (69, 0, 0, 116, 0, 46, 73, 56),
        (137, 0, 15, 80, 131, 72, 100, 101),
    ),
    "acceptor": (
        (10, 9, 9, 8, 8, 8, 7, 7, 9, 8, 24, 4, 100, 0, 24),
        (30, 31, 31, 33, 34, 35, 36, 37, 36, 40, 28, 74, 0, 0, 14),
        (13, 13, 12, 11, 11, 10, 9, 9, 9, 7, 21, 1, 0, 100, 50),
        (47, 47, 48, 48, 47, 47, 48, 47, 46, 45, 27, 21, 0, 0, 12),
    ),
    "donor": (
        (32, 60, 9, 0, 0, 53, 71, 8, 16),
        (37, 13, 4, 0, 0, 3, 8, 6, 18),
        (18, 13, 80, 100, 0, 41, 12, 81, 21),
        (13, 14, 7, 0, 100, 3, 9, 5, 45),
    ),
}
"""Rows A, C, G, T."""


@dataclass(frozen=True)
class Site:
    """Where a motif lies in sequences of a class.

    Args:
        motif: of :data:`COUNTS`.
        earliest: first place of its first base, as a share of the length.
        jitter: how many places later it may begin, each equally likely.
    """

    motif: str
    earliest: float
    jitter: int


CLASSES: Final[dict[str, tuple[Site, ...]]] = {
    "promoter": (Site("tata_box", 0.1, 5), Site("initiator", 0.6, 5)),
    "exon": (Site("acceptor", 0.05, 5), Site("donor", 0.75, 5)),
}
"""The kinds of sequences that are made: core promoters, and exons between the ends of their introns."""


def matrix(motif: str) -> np.ndarray:
    """Position weight matrix: probabilities (4, w), with one count in a hundred spread over the bases."""
    counts = np.array(COUNTS[motif], float)
    return 0.99 * counts / counts.sum(0) + 0.01 / 4


def background() -> np.ndarray:
    """Probabilities (4, 4, 4) of the third base behind two others: poor in CG, with runs of A and T."""
    chances = np.tile(np.array([0.29, 0.21, 0.21, 0.29]), (4, 4, 1))
    chances[:, 1, 2] *= 0.25  # CG is rare in vertebrates
    chances[0, 0, 0] *= 1.8
    chances[3, 3, 3] *= 1.8
    chances[2, 0, 2] *= 1.6
    return chances / chances.sum(2, keepdims=True)


def make_dna(kinds: Sequence[str], count: int, length: int, seed: int = 0) -> Sequences:
    """Sequences of each kind in turn, motifs planted over the background.

    Args:
        kinds: of :data:`CLASSES`.
        count: of sequences.
        length: of each.
        seed: of all draws.

    Raises:
        UserError: there is no such kind, or the motifs do not fit.
    """
    if unknown := [kind for kind in kinds if kind not in CLASSES]:
        raise UserError(f"data.kinds={unknown[0]} is not known: give some of {', '.join(CLASSES)}.")
    ends = [ends_at(site, length) for kind in kinds for site in CLASSES[kind]]
    if not kinds or max(ends) > length:
        raise UserError(f"data.length={length} is too short for the motifs of data.kinds: give 60 or more.")
    numbers = np.random.default_rng(seed)
    tokens = markov(count, length, numbers)
    labels = np.arange(count) % len(kinds)
    for label, kind in enumerate(kinds):
        members = np.flatnonzero(labels == label)
        for site in CLASSES[kind]:
            chances = matrix(site.motif)
            start = numbers.integers(
                int(site.earliest * length), int(site.earliest * length) + site.jitter + 1, len(members)
            )
            drawn = (numbers.random((len(members), 1, chances.shape[1])) > chances.cumsum(0)[None, :-1]).sum(1)
            tokens[members[:, None], start[:, None] + np.arange(chances.shape[1])] = drawn
    several = len(kinds) > 1
    return Sequences(
        name=f"{' and '.join(kinds)} sequences made by code",
        tokens=tokens[:, None],
        alphabet=BASES,
        names=[f"{kinds[label]} {i:06d}" for i, label in enumerate(labels.tolist())],
        labels=labels if several else None,
        class_names=tuple(kinds) if several else (),
        known={"made": "by code: motifs of known position weight matrices over a Markov chain", "data_seed": seed},
        truth={kind: CLASSES[kind] for kind in kinds},
    )


def ends_at(site: Site, length: int) -> int:
    """The place behind the last base that a site may have."""
    return int(site.earliest * length) + site.jitter + matrix(site.motif).shape[1]


def markov(count: int, length: int, numbers: np.random.Generator) -> np.ndarray:
    """Background alone: uint8 (count, length)."""
    chances = background().cumsum(2)
    tokens = np.zeros((count, length + 20), np.uint8)
    tokens[:, :2] = numbers.integers(0, 4, (count, 2))
    for place in range(2, length + 20):
        reached = chances[tokens[:, place - 2], tokens[:, place - 1], :-1]
        tokens[:, place] = (numbers.random((count, 1)) > reached).sum(1)
    return tokens[:, 20:].copy()  # the chain has forgotten how it began


def open_dna(
    length: Count = 64,
    root: str | None = None,
    kinds: Sequence[str] = ("promoter",),
    count: Count = 20000,
    data_seed: Seed = 0,
) -> Sequences:
    """For data.sequences: made by code, or the FASTA files of a folder (see :mod:`impasto.sequences.fasta`).

    Args:
        length: of the sequences; longer ones of a folder are cut to their middle, and shorter ones are not used.
        root: folder of FASTA files, or one; None makes them by code.
        kinds: of what is made.
        count: of what is made.
        data_seed: likewise.
    """
    if root is None:
        return make_dna(tuple(kinds), count, length, data_seed)
    found = read_fasta(root, FILES)
    tokens, names, bad = [], [], list(found.bad)
    labels = []
    for record in found.records:
        letters = record.letters.upper().replace("U", "T")
        if strange := sorted(set(letters) - set(BASES.tokens)):
            bad.append((record.name, f"it has {strange[0]}, which is none of A, C, G and T"))
        elif len(letters) < length:
            bad.append((record.name, f"it has {len(letters)} bases, fewer than data.length={length}"))
        else:
            start = (len(letters) - length) // 2
            tokens.append(letters[start : start + length])
            names.append(record.name)
            labels.append(record.label)
    return Sequences(
        name=f"FASTA files of {root}",
        tokens=BASES.encode(tokens, length)[:, None],
        alphabet=BASES,
        names=names,
        labels=np.array(labels, np.int64) if len(found.class_names) > 1 else None,
        class_names=found.class_names if len(found.class_names) > 1 else (),
        origin="local",
        bad=bad,
    )
