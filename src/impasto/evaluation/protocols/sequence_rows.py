"""The rows of a table of sequences: generated ones, those of controls that learn by likelihood, and real ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.protocols.measurement import Measurement
from impasto.evaluation.protocols.sampling import places
from impasto.painters.painter import Painter
from impasto.sequences.controls import LSTM, as_line, as_voices, best_ngram
from impasto.sequences.opening import Sequences
from impasto.sequences.sampling import sampled

GENERATED: Final = "generated"
NGRAM: Final = "3-gram"
"""A token by the two before it."""
BEST: Final = "n-gram, best order"
NEURAL: Final = "LSTM"
TRAINED: Final = "real, trained on"


@dataclass(frozen=True)
class Table:
    """Sequences by row, all under the same conditions, in the same order.

    Attributes:
        rows: uint8 (n, voices, T), the generated ones first.
        real: held-out ones, all of them.
        positions: of the real ones whose conditions the rows have: int64 (n,).
        about: of the controls, and the share of held-out sequences that are among those trained on, for the record.
        told: whether the rows were made under the conditions of the real ones.
    """

    rows: Mapping[str, np.ndarray]
    real: Sequences
    positions: np.ndarray
    about: Mapping[str, Any]
    told: bool

    @property
    def labels(self) -> np.ndarray | None:
        """The class of each row's sequences: int64 (n,); None without classes."""
        return None if self.real.labels is None or not self.told else self.real.labels[self.positions]


def table_of(painter: Painter, data: Any, n: int, seed: int, orders: Sequence[int], lstm_kimg: float | None) -> Table:
    """Generate, let the controls learn what the painter learnt, and sample from them under the same conditions.

    There is a 3-gram, and the n-gram of the best order by a tenth of the sequences trained on, for each class one of
    its own. The LSTM has as many parameters as the generator.

    Args:
        painter: of sequences.
        data: a :class:`~impasto.sequences.module.SequenceDataModule`.
        n: sequences in each row.
        seed: of all draws.
        orders: of n-grams that are tried; none leaves the best one out.
        lstm_kimg: thousands of sequences that the LSTM learns from; None leaves it out.
    """
    train, real = data.sequences("train"), data.sequences("held_out")
    positions = places(len(real), n)
    told = lambda values: None if values is None else values[positions]  # noqa: E731
    labels, vectors = (told(each) if painter.conditional else None for each in (real.labels, real.vectors))
    condition = None
    if painter.conditional:
        condition = torch.from_numpy(labels if vectors is None else vectors)
    rows = {GENERATED: sampled(painter, n, seed=seed, condition=condition)}
    rows[NGRAM], _ = ngram_row(train, labels, n, seed, (3,))
    known = {row.tobytes() for row in train.tokens}
    about: dict[str, Any] = {"held_out_copies": float(np.mean([row.tobytes() in known for row in real.tokens]))}
    if orders:
        rows[BEST], about["ngram_order"] = ngram_row(train, labels, n, seed, orders)
    if lstm_kimg is not None:
        parameters = sum(p.numel() for p in painter.network.parameters())
        rows[NEURAL], about["lstm"] = lstm_row(train, labels, vectors, n, seed, lstm_kimg, parameters)
    if train is not real:
        rows[TRAINED] = like(train, labels, n)
    return Table(rows, real, positions, about, painter.conditional)


def ngram_row(
    train: Sequences, labels: np.ndarray | None, n: int, seed: int, orders: Sequence[int]
) -> tuple[np.ndarray, list[int]]:
    """Sequences of n-grams, one for each class, and their orders."""
    voices, size = train.shape[0], train.alphabet.size
    drawn = np.zeros((n, voices * train.shape[1]), np.uint8)
    chosen = []
    for label in range(len(train.class_names)) if labels is not None else (None,):
        learnt = train.tokens if label is None else train.tokens[train.labels == label]
        model = best_ngram(as_line(learnt), size, orders)
        chosen.append(model.order)
        wanted = np.ones(n, bool) if labels is None else np.asarray(labels == label)
        drawn[wanted] = model.sample(int(wanted.sum()), seed)
    return as_voices(drawn, voices), chosen


def lstm_row(
    train: Sequences,
    labels: np.ndarray | None,
    vectors: np.ndarray | None,
    n: int,
    seed: int,
    kimg: float,
    parameters: int,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Sequences of an LSTM of a size, told what the painter is told."""
    learnt, wanted = None if vectors is None else train.vectors, vectors
    if vectors is None and labels is not None and train.labels is not None:
        learnt, wanted = (np.eye(len(train.class_names), dtype=np.float32)[each] for each in (train.labels, labels))
    told = 0 if learnt is None else learnt.shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LSTM.of_size(train.alphabet.size, parameters, told)
    model.fit(as_line(train.tokens), learnt, kimg=kimg, seed=seed)
    voices, length = train.shape
    line = model.sample(n, voices * length, wanted, seed)
    return as_voices(line, voices), {"parameters": sum(p.numel() for p in model.parameters()), "kimg": kimg}


def like(found: Sequences, labels: np.ndarray | None, n: int) -> np.ndarray:
    """Real sequences of given classes, or any."""
    if labels is None or found.labels is None:
        return found.tokens[places(len(found), n)]
    rows = np.zeros((n, *found.tokens.shape[1:]), np.uint8)
    for label in np.unique(labels):
        members, wanted = np.flatnonzero(found.labels == label), labels == label
        rows[wanted] = found.tokens[members[places(len(members), int(wanted.sum()))]]
    return rows


def measurement_of(
    table: Table,
    figures: Callable[[np.ndarray], Mapping[str, Estimate]],
    main: str,
    higher: Sequence[str],
    record: Mapping[str, Any],
) -> Measurement:
    """Figures of all rows, with their intervals, as a measurement; nothing counts that stands behind a sequence's end.

    Args:
        table: of sequences.
        figures: of the sequences of one row, by name.
        main: the figure that checkpoints are chosen by.
        higher: names of the figures of which more is better.
        record: what makes them comparable.
    """
    found = {row: figures(table.real.alphabet.ended(tokens)) for row, tokens in table.rows.items()}
    rows = {row: {name: estimate.value for name, estimate in of.items()} for row, of in found.items()}
    intervals = {
        row: {name: (e.low, e.high) for name, e in of.items() if e.low is not None and e.high is not None}
        for row, of in found.items()
    }
    shared = {"generated": len(table.positions), "real": len(table.real), "fingerprint": table.real.fingerprint}
    records = {
        name: {
            **shared,
            **table.about,
            **record,
            "interval": None if estimate.low is None else [estimate.low, estimate.high],
            "interval_method": estimate.method,
            "controls": {row: rows[row][name] for row in list(rows)[1:] if name in rows[row]},
            "higher_is_better": name in higher,
        }
        for name, estimate in found[GENERATED].items()
    }
    said = {}
    if "copies" in rows[GENERATED] and "held_out_copies" in table.about:
        said["held out, copies of those trained on"] = f"{table.about['held_out_copies']:.3f}"
    return Measurement(rows[GENERATED], records, main, rows, {}, intervals, said)  # type: ignore[arg-type]
