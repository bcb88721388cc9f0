"""The protocol for molecules: are they valid, different, new, like the held-out ones, and as they were asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np
import torch

from impasto.base import distributed
from impasto.base.ranges import Count, Positive, Seed
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import Error, Estimate, bootstrap
from impasto.evaluation.figures.ngrams import divergence, mean, ngrams, share
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sequence_rows import Table, measurement_of, table_of
from impasto.sequences.molecules import chemistry, decoded, property_functions

MAIN: Final = "token_divergence"
THIRDS: Final = (1 / 3, 2 / 3)


class MoleculeProtocol:
    """Generated molecules against held-out ones, and against what n-grams and an LSTM generate.

    ``validity`` is the share that RDKit reads, with two atoms or more; ``uniqueness`` that of different ones among the
    valid, ``novelty`` that of the different ones that were not trained on (as in MOSES, Polykovskiy et al. 2020).
    ``qed`` is the mean drug-likeness, ``token_divergence`` the Jensen-Shannon divergence of n-grams of tokens in bits.

    For each property that was asked for: ``NAME_shift``, the mean of the property over molecules asked for in the
    highest third less that in the lowest, and ``NAME_correlation`` of what was asked and what came; those of n-grams,
    which are not told, say what chance gives.

    Args:
        num_sequences: to generate, for each row.
        k: tokens of an n-gram.
        ngram_orders: n-grams that are tried as a control.
        lstm_kimg: thousands of molecules that the LSTM learns from; None leaves it out.
        seed: of all that is generated.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("sequence",)
    asks: ClassVar[tuple[str, ...]] = ("sequences",)

    def __init__(
        self,
        *,
        num_sequences: Count = 1000,
        k: Count = 3,
        ngram_orders: Sequence[int] = (1, 2, 3, 4, 5, 6),
        lstm_kimg: Positive | None = 60.0,
        seed: Seed = 0,
    ) -> None:
        self.num_sequences, self.k, self.seed = num_sequences, k, seed
        self.ngram_orders, self.lstm_kimg = tuple(ngram_orders), lstm_kimg

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter of molecules; every process must call it, and gets the figures."""
        check_fit(self, painter.takes, data.parts)
        if distributed.rank() > 0:
            return from_first(Measurement())
        table = table_of(painter, data, self.num_sequences, self.seed, self.ngram_orders, self.lstm_kimg)
        figures = partial(figures_of, table=table, k=self.k, known=set(data.sequences("train").names))
        names = [each.name for each in table.real.alphabet.properties]
        higher = ["validity", "uniqueness", "novelty", "qed"]
        higher += [f"{name}_{kind}" for name in names for kind in ("shift", "correlation")]
        record = {"extractor": "rdkit", "k": self.k, "seed": self.seed, "origin": table.real.origin}
        return from_first(measurement_of(table, figures, MAIN, higher, record))


@dataclass(frozen=True)
class Valid:
    """The molecules of a row that are valid.

    Attributes:
        smiles: of each.
        places: of each, among all of the row: (m,).
        values: of each property by name, (m,).
    """

    smiles: list[str]
    places: np.ndarray
    values: Mapping[str, np.ndarray]


def valid_of(tokens: np.ndarray, table: Table, names: Sequence[str]) -> Valid:
    """The valid molecules of uint8 (n, 1, T)."""
    chem, _ = chemistry()
    functions = property_functions()
    found = [(i, text) for i, text in enumerate(decoded(table.real.alphabet, tokens[:, 0])) if text is not None]
    molecules = [chem.MolFromSmiles(text) for _, text in found]
    values = {name: np.array([functions[name](each) for each in molecules]) for name in names}
    return Valid([text for _, text in found], np.array([i for i, _ in found], int), values)


def figures_of(tokens: np.ndarray, *, table: Table, k: int, known: set[str]) -> dict[str, Estimate]:
    """Figures of molecules, uint8 (n, 1, T), by name."""
    alphabet = table.real.alphabet
    asked = [each.name for each in alphabet.properties]
    valid = valid_of(tokens, table, [*dict.fromkeys(["qed", *asked])])
    size, filler = alphabet.size, alphabet.filler
    pairs = (ngrams(each[:, 0], k, size, filler) for each in (tokens, table.real.tokens))
    hits = np.zeros(len(tokens), bool)
    hits[valid.places] = True
    found = {MAIN: divergence(*pairs), "validity": share(hits)}
    if len(valid.smiles) < 8:
        return found
    first = np.array([text not in valid.smiles[:i] for i, text in enumerate(valid.smiles)])
    new = np.array([text not in known for text in dict.fromkeys(valid.smiles)])
    different = Estimate(float(first.mean()), None, None, "none: whether one is new depends on the others")
    found |= {"uniqueness": different, "novelty": share(new), "qed": mean(valid.values["qed"])}
    wanted = table.real.properties
    if table.told and wanted is not None:
        for column, name in enumerate(asked):
            found |= agreement(name, wanted[table.positions[valid.places], column], valid.values[name])
    return found


def agreement(name: str, asked: np.ndarray, got: np.ndarray) -> dict[str, Estimate]:
    """How what came follows what was asked for: (m,) and (m,)."""
    low, high = np.quantile(asked, THIRDS)
    ends = [got[asked <= low], got[asked >= high]]
    errors = [Error(float(end.std(ddof=1) / len(end) ** 0.5), len(end)) for end in ends]
    shift = float(ends[1].mean() - ends[0].mean())
    x, y = (torch.from_numpy(np.asarray(each, float)) for each in (asked, got))
    moments = [x, y, x * x, y * y, x * y]

    def pearson(*m: torch.Tensor) -> torch.Tensor:
        spread = (m[2] - m[0] ** 2).clamp_min(1e-12) * (m[3] - m[1] ** 2).clamp_min(1e-12)
        return (m[4] - m[0] * m[1]) / spread.sqrt()

    return {
        f"{name}_shift": Estimate.around(shift, errors, "95%, Welch's interval over molecules"),
        f"{name}_correlation": bootstrap(moments, pearson),
    }
