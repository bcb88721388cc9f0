"""The protocol for text that is restyled without pairs: is it in the style, and does it still say what it said?"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np

from impasto.base import distributed
from impasto.base.ranges import Count, Seed
from impasto.evaluation.figures.features import from_first
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.ngrams import mean, share
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.sampling import places
from impasto.evaluation.protocols.sequence_rows import Table, measurement_of
from impasto.sequences.controls import NGram, as_line
from impasto.sequences.opening import Sequences
from impasto.sequences.reviews import read
from impasto.sequences.sampling import repainted

MAIN: Final = "style_and_content"
RESTYLED: Final = "generated"
UNCHANGED: Final = "as it was"
OTHER: Final = "sentences of the style"
SWAPPED: Final = "words swapped"
MARKED: Final = 3.0
"""How many times likelier in one style than in the other a word is that marks it."""


class RestyledTextProtocol:
    """Held-out content restyled, against what is trivial.

    ``style_accuracy`` is the share of sentences that are likelier under a 3-gram that counted the style than under one
    that counted the content. ``content_kept`` is the mean share of a sentence's words, of those that mark no style,
    that are still there. ``style_and_content`` is the mean of the product of both. Of the grammar's reviews,
    ``grammatical`` is the share that is of the grammar, ``truly_restyled`` the share that is of it, praises, and names
    the same things.

    Controls are the sentences as they were; others of the style; and each word that marks the content replaced by the
    most frequent word that marks the style behind the same word.

    Args:
        num_sequences: to restyle.
        seed: of the sentences of the style.
    """

    takes: ClassVar[str] = "content"
    parts: ClassVar[tuple[str, ...]] = ("content", "style")
    asks: ClassVar[tuple[str, ...]] = ("sequences",)

    def __init__(self, *, num_sequences: Count = 1000, seed: Seed = 0) -> None:
        self.num_sequences, self.seed = num_sequences, seed

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter of text; every process must call it, and gets the figures."""
        check_fit(self, painter.takes, data.parts)
        if distributed.rank() > 0:
            return from_first(Measurement())
        real, style = (data.sequences("held_out", part) for part in ("content", "style"))
        train = {part: data.sequences("train", part) for part in ("content", "style")}
        positions = places(len(real), self.num_sequences)
        before = real.tokens[positions]
        marks = Marks(train["content"], train["style"])
        rows = {
            RESTYLED: repainted(painter, before),
            UNCHANGED: before,
            OTHER: style.tokens[places(len(style), self.num_sequences)],
            SWAPPED: marks.swapped(before),
        }
        judges = [NGram(as_line(each.tokens), each.alphabet.size, 3) for each in train.values()]
        table = Table(rows, real, positions, {}, told=False)
        higher = (MAIN, "style_accuracy", "content_kept", "grammatical", "truly_restyled")
        record = {"extractor": "tokens", "seed": self.seed, "origin": real.origin}

        def figures(tokens: np.ndarray) -> Mapping[str, Estimate]:
            return figures_of(tokens, before, real, marks, judges)

        return from_first(measurement_of(table, figures, MAIN, higher, record))


def figures_of(
    tokens: np.ndarray, before: np.ndarray, real: Sequences, marks: "Marks", judges: list[NGram]
) -> dict[str, Estimate]:
    """Figures of sentences uint8 (n, 1, T), by name."""
    of_content, of_style = (judge.log_likelihood(as_line(tokens)).sum(1) for judge in judges)
    right = of_style > of_content
    kept = marks.kept(before, tokens)
    found = {MAIN: mean(right * kept), "style_accuracy": share(right), "content_kept": mean(kept)}
    if real.truth == "reviews":
        said, then = ([read(real.alphabet.split(row[0])) for row in each] for each in (tokens, before))
        found["grammatical"] = share(np.array([each is not None for each in said]))
        same = [
            each is not None and was is not None and each.tone == 1 and each.nouns == was.nouns
            for each, was in zip(said, then, strict=True)
        ]
        found["truly_restyled"] = share(np.array(same))
    return found


class Marks:
    """Which words mark a style, by how often they occur in it.

    Args:
        content: sentences of one style.
        style: of the other.
    """

    def __init__(self, content: Sequences, style: Sequences) -> None:
        size = content.alphabet.size
        self.filler = content.alphabet.filler
        counts = [np.bincount(each.tokens.ravel(), minlength=size) + 0.5 for each in (content, style)]
        odds = np.log((counts[1] / counts[1].sum()) / (counts[0] / counts[0].sum()))
        self.of_content, self.of_style = odds < -np.log(MARKED), odds > np.log(MARKED)
        self.behind = np.zeros((size, size))
        pairs = style.tokens[:, 0]
        np.add.at(self.behind, (pairs[:, :-1].ravel(), pairs[:, 1:].ravel()), 1)

    def kept(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Share of the words that mark nothing that are still in a sentence: (n,); 1 where there are none."""
        result = np.ones(len(before))
        plain = ~(self.of_content | self.of_style)
        if self.filler is not None:
            plain[self.filler] = False
        for i, (then, now) in enumerate(zip(before[:, 0], after[:, 0], strict=True)):
            words = then[plain[then]]
            if len(words):
                result[i] = np.isin(words, now).mean()
        return result

    def swapped(self, tokens: np.ndarray) -> np.ndarray:
        """Each word that marks the content replaced by the most frequent mark of the style behind the same word."""
        result = tokens.copy()
        best = np.where(self.of_style, self.behind, -1).argmax(1)
        for place in range(1, tokens.shape[2]):
            marked = self.of_content[tokens[:, 0, place]]
            result[marked, 0, place] = best[result[marked, 0, place - 1]]
        return result
