"""The protocol for DNA: k-mers against held-out sequences, and motifs that were planted, beside n-grams and an LSTM."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np

from impasto.base import distributed
from impasto.base.ranges import Count, Positive, Seed
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.ngrams import divergence, mean, ngrams, share, with_places
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sequence_rows import Table, measurement_of, table_of
from impasto.sequences.motifs import correlation, recovered, sites_by_class

MAIN: Final = "kmer_divergence_by_place"
WINDOWS: Final = 8
SHORT: Final = 4
"""Bases of the k-mers that are told apart by their place."""


class DNAProtocol:
    """Generated DNA against held-out DNA, and against what an n-gram and an LSTM generate.

    ``kmer_divergence`` is the Jensen-Shannon divergence of k-mers in bits, wherever they are; an n-gram of an order of
    k or more counts these very k-mers. ``kmer_divergence_by_place`` is that of 4-mers in each eighth of the sequences.
    ``gc`` is the share of G and C, ``copies`` that of sequences that are among those trained on.

    Of sequences made by code with motifs also, for each motif, the share of sequences that have it where it belongs, by
    a scan with its matrix; its correlation with the matrix of the sites found; and ``motif_recovery``, the least of
    these shares over that of held-out sequences.

    Args:
        num_sequences: to generate, for each row.
        k: of the k-mers.
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
        num_sequences: Count = 2000,
        k: Count = 6,
        ngram_orders: Sequence[int] = (1, 2, 3, 4, 5, 6),
        lstm_kimg: Positive | None = 60.0,
        seed: Seed = 0,
    ) -> None:
        self.num_sequences, self.k, self.seed = num_sequences, k, seed
        self.ngram_orders, self.lstm_kimg = tuple(ngram_orders), lstm_kimg

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter of DNA; every process must call it, and gets the figures."""
        check_fit(self, painter.takes, data.parts)
        if distributed.rank() > 0:
            return from_first(Measurement())
        table = table_of(painter, data, self.num_sequences, self.seed, self.ngram_orders, self.lstm_kimg)
        known = {row.tobytes() for row in data.sequences("train").tokens}
        figures = partial(figures_of, table=table, k=self.k, known=known)
        higher = [
            "motif_recovery",
            *(f"{kind}_{site.motif}" for kind in ("motif", "matrix") for _, site in sites(table)),
        ]
        record = {"extractor": "bases", "k": self.k, "seed": self.seed, "origin": table.real.origin}
        return from_first(measurement_of(table, figures, MAIN, higher, record))


def sites(table: Table) -> list[tuple[int, Any]]:
    """Planted motifs with the class of each; none of real sequences."""
    return sites_by_class(table.real.truth) if isinstance(table.real.truth, Mapping) else []


def figures_of(tokens: np.ndarray, *, table: Table, k: int, known: set[bytes]) -> dict[str, Estimate]:
    """Figures of DNA, uint8 (n, 1, L), by name."""
    letters, real = tokens[:, 0], table.real.tokens[:, 0]
    found = {
        MAIN: divergence(*(with_places(ngrams(each, SHORT, 4), 4**SHORT, WINDOWS) for each in (letters, real))),
        "kmer_divergence": divergence(ngrams(letters, k, 4), ngrams(real, k, 4)),
        "gc": mean(((letters == 1) | (letters == 2)).mean(1)),
        "copies": share(np.array([row.tobytes() in known for row in tokens])),
    }
    least: list[Estimate] = []
    for label, site in sites(table):
        mine = slice(None) if table.labels is None else table.labels == label
        theirs = slice(None) if table.real.labels is None else table.real.labels == label
        found[f"motif_{site.motif}"] = share(recovered(letters[mine], site))
        found[f"matrix_{site.motif}"] = Estimate(correlation(letters[mine], site), None, None, "none")
        least.append(over(found[f"motif_{site.motif}"], float(recovered(real[theirs], site).mean())))
    if least:
        found["motif_recovery"] = min(least, key=lambda each: each.value)
    return found


def over(estimate: Estimate, whole: float) -> Estimate:
    """A share as a part of another, which is taken as it is."""
    whole = max(whole, 1e-9)
    low, high = (None if end is None else end / whole for end in (estimate.low, estimate.high))
    return Estimate(estimate.value / whole, low, high, f"{estimate.method}, over the share of held-out ones")
