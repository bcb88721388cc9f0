"""The protocol for proteins: composition, k-mers, and the propensities and moments of secondary structure."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np

from impasto.base import distributed
from impasto.base.ranges import Count, Positive, Seed
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import Error, Estimate
from impasto.evaluation.figures.ngrams import divergence, mean, ngrams, share
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sequence_rows import Table, measurement_of, table_of
from impasto.sequences.proteins import CLASSES, TURNS, leaning, longer_than, moments

MAIN: Final = "moment_error"
LEAST: Final = 15
"""Residues that a sequence needs for its structure to be told."""


class ProteinProtocol:
    """Generated proteins against held-out ones, and against what n-grams and an LSTM generate.

    ``composition`` is the Jensen-Shannon divergence of residues in bits, ``kmer_divergence`` that of k-mers.
    ``leaning`` is the mean share of windows of six residues that lean to helices rather than strands (Chou and Fasman
    1978). ``moment_error`` is how far the mean hydrophobic moment (Eisenberg et al. 1984), at 100 degrees for helices
    and at 180 for strands, is from that of held-out sequences, as a share of it, in the worse class; without these
    classes, at 100. ``copies`` are among those trained on. Of what is made by code, ``right_class`` is the share whose
    windows lean to the class that was asked for.

    Args:
        num_sequences: to generate, for each row.
        k: of k-mers.
        ngram_orders: n-grams that are tried as a control.
        lstm_kimg: thousands of sequences that the LSTM learns from; None leaves it out.
        seed: of all that is generated.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("sequence",)
    asks: ClassVar[tuple[str, ...]] = ("sequences",)

    def __init__(
        self,
        *,
        num_sequences: Count = 1000,
        k: Count = 2,
        ngram_orders: Sequence[int] = (1, 2, 3, 4),
        lstm_kimg: Positive | None = 40.0,
        seed: Seed = 0,
    ) -> None:
        self.num_sequences, self.k, self.seed = num_sequences, k, seed
        self.ngram_orders, self.lstm_kimg = tuple(ngram_orders), lstm_kimg

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter of proteins; every process must call it, and gets the figures."""
        check_fit(self, painter.takes, data.parts)
        if distributed.rank() > 0:
            return from_first(Measurement())
        table = table_of(painter, data, self.num_sequences, self.seed, self.ngram_orders, self.lstm_kimg)
        known = {row.tobytes() for row in data.sequences("train").tokens}
        figures = partial(figures_of, table=table, k=self.k, known=known)
        record = {"extractor": "residues", "k": self.k, "seed": self.seed, "origin": table.real.origin}
        return from_first(measurement_of(table, figures, MAIN, ("right_class",), record))


def figures_of(tokens: np.ndarray, *, table: Table, k: int, known: set[bytes]) -> dict[str, Estimate]:
    """Figures of proteins, uint8 (n, 1, T), by name."""
    size, filler = table.real.alphabet.size, table.real.alphabet.filler
    letters, real = tokens[:, 0], table.real.tokens[:, 0]
    found = {
        "composition": divergence(*(ngrams(each, 1, size, filler) for each in (letters, real))),
        "kmer_divergence": divergence(*(ngrams(each, k, size, filler) for each in (letters, real))),
        "leaning": mean(leaning(letters[longer_than(letters, LEAST)])),
        "copies": share(np.array([row.tobytes() in known for row in letters[:, None]])),
    }
    made = table.real.truth == CLASSES and table.labels is not None
    errors = []
    for label, degrees in enumerate(TURNS.values()) if made else [(None, TURNS["helices"])]:
        ours, theirs = (
            side[(longer_than(side, LEAST)) & (True if label is None else told == label)]
            for side, told in ((letters, table.labels), (real, table.real.labels))
        )
        errors.append(moment_error(moments(ours, degrees), moments(theirs, degrees)))
    found[MAIN] = max(errors, key=lambda each: each.value)
    if made and table.labels is not None:
        found["right_class"] = share((leaning_or_half(letters) > 0.5) == (table.labels == CLASSES.index("helices")))
    return found


def leaning_or_half(letters: np.ndarray) -> np.ndarray:
    """:func:`leaning`, and a half of sequences that are too short: (n,)."""
    found = np.full(len(letters), 0.5)
    fits = longer_than(letters, LEAST)
    found[fits] = leaning(letters[fits])
    return found


def moment_error(ours: np.ndarray, theirs: np.ndarray) -> Estimate:
    """How far the mean of one is from the mean of the other, as a share of it: 0 is the same."""
    if len(ours) < 2:
        return Estimate(1.0, None, None, "none: sequences are too short")
    whole = float(theirs.mean())
    value = abs(float(ours.mean()) / whole - 1)
    errors = [Error(float(each.std(ddof=1)) / len(each) ** 0.5 / whole, len(each)) for each in (ours, theirs)]
    found = Estimate.around(value, errors, "95%, Welch's interval over sequences")
    return Estimate(value, None if found.low is None else max(found.low, 0.0), found.high, found.method)
