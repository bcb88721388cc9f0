"""Proteins: sequences made by code of helices or of strands, and folders of FASTA files.

What is made is no protein of nature. Helices and strands are drawn by the propensities of Chou and Fasman (1978, Adv.
Enzymol. 47) over the composition of Swiss-Prot, with water-loving residues on one side and water-hating ones on the
other: a turn of a helix has 3.6 residues, a strand alternates. Between them are loops of residues that turn.
"""

from typing import Final

import numpy as np

from impasto.base.alphabet import Alphabet
from impasto.base.ranges import Count, Seed
from impasto.sequences.fasta import FILES, read_fasta
from impasto.sequences.opening import Sequences

LETTERS: Final = "ACDEFGHIKLMNPQRSTVWY"
AMINO_ACIDS: Final = Alphabet(("", *LETTERS), "protein")
CLASSES: Final = ("helices", "strands")
TABLE: Final = {  # share in Swiss-Prot (%), propensity for helix, strand and turn, hydrophobicity (Eisenberg 1984)
    "A": (8.25, 1.42, 0.83, 0.66, 0.62),
    "C": (1.38, 0.70, 1.19, 1.19, 0.29),
    "D": (5.46, 1.01, 0.54, 1.46, -0.90),
    "E": (6.72, 1.51, 0.37, 0.74, -0.74),
    "F": (3.86, 1.13, 1.38, 0.60, 1.19),
    "G": (7.07, 0.57, 0.75, 1.56, 0.48),
    "H": (2.27, 1.00, 0.87, 0.95, -0.40),
    "I": (5.91, 1.08, 1.60, 0.47, 1.38),
    "K": (5.80, 1.16, 0.74, 1.01, -1.50),
    "L": (9.65, 1.21, 1.30, 0.59, 1.06),
    "M": (2.41, 1.45, 1.05, 0.60, 0.64),
    "N": (4.06, 0.67, 0.89, 1.56, -0.78),
    "P": (4.74, 0.57, 0.55, 1.52, 0.12),
    "Q": (3.93, 1.11, 1.10, 0.98, -0.85),
    "R": (5.53, 0.98, 0.93, 0.95, -2.53),
    "S": (6.65, 0.77, 0.75, 1.43, -0.18),
    "T": (5.36, 0.83, 1.19, 0.96, -0.05),
    "V": (6.86, 1.06, 1.70, 0.50, 1.08),
    "W": (1.10, 1.08, 1.37, 0.96, 0.81),
    "Y": (2.92, 0.69, 1.47, 1.14, 0.26),
}
SHARE, HELIX, STRAND, TURN, HYDROPHOBICITY = (np.array(column) for column in zip(*TABLE.values(), strict=True))
TURN_OF_HELIX: Final = 100.0
"""Degrees between neighbours in a helix; 180 in a flat strand."""
TURNS: Final = {"helices": TURN_OF_HELIX, "strands": 180.0}


def make_proteins(count: int, length: int, seed: int = 0) -> Sequences:
    """Sequences of helices and of strands in turn, each between loops.

    Args:
        count: of sequences.
        length: of the longest; they have 70 to 100% of it.
        seed: of all draws.
    """
    numbers = np.random.default_rng(seed)
    rows = [made(CLASSES[i % 2], int(numbers.integers(int(0.7 * length), length + 1)), numbers) for i in range(count)]
    return Sequences(
        name="proteins of helices or strands made by code",
        tokens=AMINO_ACIDS.encode(rows, length)[:, None],
        alphabet=AMINO_ACIDS,
        names=[f"{CLASSES[i % 2]} {i:06d}" for i in range(count)],
        labels=np.arange(count) % 2,
        class_names=CLASSES,
        known={"made": "by code: helices and strands by propensities of residues", "data_seed": seed},
        truth=CLASSES,
    )


def made(kind: str, length: int, numbers: np.random.Generator) -> str:
    """A sequence of helices (9 to 14 residues) or strands (5 to 8) between loops (3 to 5)."""
    propensity, sizes = (HELIX, (9, 15)) if kind == "helices" else (STRAND, (5, 9))
    letters: list[int] = []
    while len(letters) < length:
        loop = np.tile(SHARE * TURN**2, (int(numbers.integers(3, 6)), 1))
        places = np.arange(int(numbers.integers(*sizes)))
        side = np.cos(np.deg2rad(TURNS[kind]) * places + numbers.random() * 2 * np.pi * (kind == "helices"))
        piece = SHARE * propensity**2 * np.exp(1.5 * side[:, None] * HYDROPHOBICITY)
        chances = np.concatenate([loop, piece]).cumsum(1)
        reached = numbers.random((len(chances), 1)) * chances[:, -1:]
        letters += (reached > chances[:, :-1]).sum(1).tolist()
    return "".join(LETTERS[i] for i in letters[:length])


def open_proteins(length: Count = 48, root: str | None = None, count: Count = 10000, data_seed: Seed = 0) -> Sequences:
    """For data.sequences: made by code, or the FASTA files of a folder (see :mod:`impasto.sequences.fasta`).

    Args:
        length: residues at most; longer sequences of a folder are cut to their first ones.
        root: folder of FASTA files, or one; None makes them by code.
        count: of what is made.
        data_seed: likewise.
    """
    if root is None:
        return make_proteins(count, length, data_seed)
    found = read_fasta(root, FILES)
    bad = list(found.bad)
    kept = []
    for record in found.records:
        letters = record.letters.upper()
        if strange := sorted(set(letters) - set(LETTERS)):
            bad.append((record.name, f"it has {strange[0]}, which is none of the 20 amino acids"))
        elif not letters:
            bad.append((record.name, "it is empty"))
        else:
            kept.append((record.name, letters[:length], record.label))
    several = len(found.class_names) > 1
    return Sequences(
        name=f"FASTA files of {root}",
        tokens=AMINO_ACIDS.encode([letters for _, letters, _ in kept], length)[:, None],
        alphabet=AMINO_ACIDS,
        names=[name for name, *_ in kept],
        labels=np.array([label for *_, label in kept], np.int64) if several else None,
        class_names=found.class_names if several else (),
        origin="local",
        bad=bad,
    )


def of_residues(tokens: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A value of each residue of rows of tokens (n, T); not a number behind the end."""
    return np.concatenate([[np.nan], values])[tokens]


def moments(tokens: np.ndarray, degrees: float, window: int = 9) -> np.ndarray:
    """Mean hydrophobic moment (Eisenberg et al. 1984, equation 1) of the windows of each sequence: (n,), per residue.

    Args:
        tokens: uint8 (n, T).
        degrees: between neighbours: 100 for a helix, 180 for a flat strand.
        window: residues.
    """
    values = of_residues(tokens, HYDROPHOBICITY)
    windows = np.lib.stride_tricks.sliding_window_view(values, window, axis=1)
    turned = np.exp(1j * np.deg2rad(degrees) * np.arange(window))
    centred = windows - windows.mean(2, keepdims=True)
    return np.nanmean(np.abs((centred * turned).sum(2)) / window, 1)


def leaning(tokens: np.ndarray, window: int = 6) -> np.ndarray:
    """Share of the windows of each sequence that lean to a helix rather than a strand, by mean propensity: (n,)."""
    helix, strand = (
        np.lib.stride_tricks.sliding_window_view(of_residues(tokens, each), window, axis=1).mean(2)
        for each in (HELIX, STRAND)
    )
    return np.nanmean(np.where(np.isnan(helix), np.nan, helix > strand), 1)


def longer_than(tokens: np.ndarray, least: int) -> np.ndarray:
    """Whether each sequence has so many residues: bool (n,)."""
    return (tokens != 0).cumprod(1).sum(1) >= least
