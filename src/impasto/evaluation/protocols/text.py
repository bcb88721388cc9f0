"""The protocol for text: n-grams, self-BLEU, perplexities, and for reviews of the grammar whether they are of it."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.ranges import Count, Positive, Seed
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.ngrams import divergence, kl_divergence, mean, ngrams, share
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sequence_rows import Table, measurement_of, table_of
from impasto.sequences.controls import NGram, as_line
from impasto.sequences.opening import Sequences
from impasto.sequences.reviews import read

MAIN: Final = "token_divergence"
JUDGE: Final = 4
"""Order of the n-grams by which perplexities are taken."""
COMPARED: Final = 100
"""Sentences that are compared with each other for self-BLEU."""


class TextProtocol:
    """Generated sentences against held-out ones, and against what n-grams and an LSTM generate.

    ``token_divergence`` is the Jensen-Shannon divergence of n-grams in bits, ``ngram_kl`` that of Kullback and Leibler
    of held-out from generated ones. ``perplexity`` is that of generated sentences under a 4-gram that counted held-out
    ones, ``reverse_perplexity`` that of held-out sentences under a 4-gram that counted generated ones (Zhao et al.
    2018): the first is high for sentences that are wrong, the second also where kinds of sentences are missing.
    ``self_bleu`` is the mean BLEU of sentences against others of the same row (Zhu et al. 2018): lower ones are more
    diverse, and that of real ones is the aim. ``copies`` are among the sentences trained on.

    Of reviews made by the grammar, ``grammatical`` is the share that is of it, ``class_accuracy`` the share that is of
    it and of the class that was asked for.

    Args:
        num_sequences: to generate, for each row.
        k: tokens of an n-gram.
        ngram_orders: n-grams that are tried as a control.
        lstm_kimg: thousands of sentences that the LSTM learns from; None leaves it out.
        seed: of all that is generated.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("sequence",)
    asks: ClassVar[tuple[str, ...]] = ("sequences",)

    def __init__(
        self,
        *,
        num_sequences: Count = 2000,
        k: Count = 3,
        ngram_orders: Sequence[int] = (1, 2, 3, 4, 5, 6),
        lstm_kimg: Positive | None = 60.0,
        seed: Seed = 0,
    ) -> None:
        self.num_sequences, self.k, self.seed = num_sequences, k, seed
        self.ngram_orders, self.lstm_kimg = tuple(ngram_orders), lstm_kimg

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter of text; every process must call it, and gets the figures."""
        check_fit(self, painter.takes, data.parts)
        if distributed.rank() > 0:
            return from_first(Measurement())
        table = table_of(painter, data, self.num_sequences, self.seed, self.ngram_orders, self.lstm_kimg)
        judge = NGram(as_line(table.real.tokens), table.real.alphabet.size, JUDGE)
        known = {row.tobytes() for row in data.sequences("train").tokens}
        figures = partial(figures_of, table=table, k=self.k, known=known, judge=judge)
        higher = ("grammatical", "class_accuracy")
        record = {"extractor": "tokens", "k": self.k, "seed": self.seed, "origin": table.real.origin}
        return from_first(measurement_of(table, figures, MAIN, higher, record))


def figures_of(tokens: np.ndarray, *, table: Table, k: int, known: set[bytes], judge: NGram) -> dict[str, Estimate]:
    """Figures of sentences, uint8 (n, 1, T), by name."""
    size, filler = table.real.alphabet.size, table.real.alphabet.filler
    line, real = as_line(tokens), as_line(table.real.tokens)
    counted = [ngrams(each, k, size, filler) for each in (line, real)]
    own = NGram(line, size, JUDGE)
    found = {
        MAIN: divergence(counted[0], counted[1]),
        "ngram_kl": Estimate(kl_divergence(counted[1], counted[0]), None, None, "none"),
        "perplexity": perplexity(judge.log_likelihood(line)),
        "reverse_perplexity": perplexity(own.log_likelihood(real)),
        "self_bleu": self_bleu(table.real, tokens[:COMPARED]),
        "copies": share(np.array([row.tobytes() in known for row in tokens])),
    }
    if table.real.truth == "reviews":
        said = [read(table.real.alphabet.split(row[0])) for row in tokens]
        found["grammatical"] = share(np.array([each is not None for each in said]))
        if table.labels is not None:
            right = [each is not None and each.tone == label for each, label in zip(said, table.labels, strict=True)]
            found["class_accuracy"] = share(np.array(right))
    return found


def perplexity(log_likelihood: np.ndarray) -> Estimate:
    """Of each token, from (n, L) natural logarithms; with what fills sentences up, which is foretold easily."""
    of_each = mean(-log_likelihood.mean(1))
    low, high = (None if end is None else float(np.exp(end)) for end in (of_each.low, of_each.high))
    return Estimate(float(np.exp(of_each.value)), low, high, of_each.method)


def self_bleu(known: Sequences, tokens: np.ndarray) -> Estimate:
    """Mean BLEU, 0 to 100, of each sentence against all others (n, 1, T).

    Raises:
        UserError: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError:
        raise UserError("Self-BLEU needs sacrebleu: pip install 'impasto[sequences]'.") from None
    texts = [known.alphabet.decode(row[0]) for row in tokens]
    bleu = BLEU(effective_order=True, tokenize="none" if known.alphabet.between else "char")
    scores = [bleu.sentence_score(text, texts[:i] + texts[i + 1 :]).score for i, text in enumerate(texts)]
    return mean(np.array(scores))
