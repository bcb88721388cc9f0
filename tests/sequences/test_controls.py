"""N-grams and figures of them, by numbers worked out by hand."""

import numpy as np
import pytest
import torch

from impasto.base.alphabet import Alphabet, Property
from impasto.evaluation.figures.ngrams import divergence, kl_divergence, ngrams, share, with_places
from impasto.evaluation.protocols.sequence_rows import lstm_row, ngram_row
from impasto.sequences.controls import LSTM, NGram, as_line, as_voices, best_ngram
from impasto.sequences.opening import Sequences


def test_witten_bell_interpolates_counts_with_those_of_shorter_contexts() -> None:
    model = NGram(np.array([[0, 1, 0, 1]], np.uint8), size=3, order=2)
    # Unigrams: a twice, b twice, of 2 kinds: (2 + 2/3) / 6 = 4/9 each, and 1/9 for c.
    # Behind a came b, twice, of 1 kind: (2 + 4/9) / 3 for b and (1/9) / 3 for c; behind the beginning came a, once.
    found = np.exp(model.log_likelihood(np.array([[0, 1, 2, 2]], np.uint8)))[0]
    behind_c = 1 / 9  # c was never seen, so that the unigram speaks
    behind_b = (0 + 1 * 1 / 9) / 2
    assert found == pytest.approx([(1 + 4 / 9) / 2, (2 + 4 / 9) / 3, behind_b, behind_c])


def test_an_n_gram_draws_what_it_counted_and_the_best_order_is_that_of_the_chain() -> None:
    numbers = np.random.default_rng(0)
    start = numbers.integers(0, 3, (400, 1))
    cycles = ((start + np.arange(9)) % 3).astype(np.uint8)  # each token follows from the one before
    model = best_ngram(cycles, 3, (1, 2))
    assert model.order == 2
    drawn = model.sample(200, seed=1)
    steps = (drawn[:, 1:].astype(int) - drawn[:, :-1]) % 3
    assert (steps == 1).mean() > 0.99
    assert np.bincount(drawn[:, 0], minlength=3).min() > 40
    assert np.array_equal(drawn, model.sample(200, seed=1))


def test_an_lstm_of_a_size_learns_what_follows() -> None:
    torch.manual_seed(0)
    model = LSTM.of_size(3, 1000, told=3)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(1000, rel=0.1)
    label = np.arange(60) % 3
    tokens = np.repeat(label[:, None], 5, 1).astype(np.uint8)
    told = np.eye(3, dtype=np.float32)[label]
    model.fit(tokens, told, kimg=2, lr=5e-2)
    assert (model.sample(60, 5, told) == tokens).mean() > 0.85
    assert model.log_likelihood(tokens, told).mean() > -0.1


def test_n_grams_stop_at_the_end_of_a_sequence() -> None:
    tokens = np.array([[1, 2, 1, 0, 0]], np.uint8)
    assert ngrams(tokens, 2, 3).tolist() == [[5, 7, 3, 0]]
    assert ngrams(tokens, 2, 3, filler=0).tolist() == [[5, 7, -1, -1]]
    assert with_places(np.array([[5, 7, 5, -1]]), 9, 2).tolist() == [[5, 7, 14, -1]]


def test_divergence_of_halves_by_hand_and_its_interval_covers() -> None:
    first, second = np.array([[0]] * 10), np.array([[0], [1]] * 10)
    # p = (1, 0), q = (1/2, 1/2), m = (3/4, 1/4)
    by_hand = (np.log2(4 / 3) + 0.5 * np.log2(2 / 3) + 0.5 * np.log2(2)) / 2
    assert divergence(first, second).value == pytest.approx(by_hand)
    assert divergence(first, np.where(second == 1, -1, second)).value == pytest.approx(0)
    numbers = np.random.default_rng(0)
    q = numbers.choice(3, (50000, 4), p=[0.2, 0.3, 0.5])
    truth = divergence(numbers.choice(3, (50000, 4), p=[0.4, 0.3, 0.3]), q).value
    found = [divergence(numbers.choice(3, (300, 4), p=[0.4, 0.3, 0.3]), q[:300]) for _ in range(100)]
    assert 85 <= sum(each.low <= truth <= each.high for each in found) <= 100  # type: ignore[operator]


def test_kl_divergence_and_shares_by_hand() -> None:
    # 3 and 1 of two n-grams against 1 and 3, half a count more: 0.7 and 0.3 against 0.3 and 0.7
    found = kl_divergence(np.array([[0, 0, 0, 1]]), np.array([[0, 1, 1, 1, -1]]))
    assert found == pytest.approx(0.4 * np.log2(7 / 3))
    few = share(np.array([True] * 9 + [False]))
    assert (few.value, few.low, few.high) == pytest.approx((0.9, 0.5958, 0.9821), abs=1e-4)


def test_nothing_stands_behind_the_end() -> None:
    tokens = np.array([[1, 2, 0, 1], [0, 2, 2, 0], [1, 1, 1, 1]], np.uint8)[:, None]
    ended = Alphabet(("", "a", "b"), "text").ended(tokens)
    assert ended[:, 0].tolist() == [[1, 2, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
    assert ended.dtype == np.uint8
    assert Alphabet(("a", "b", "c"), "dna").ended(tokens) is tokens


def test_controls_of_a_painter_that_is_told_nothing_are_told_nothing() -> None:
    tokens = np.random.default_rng(0).integers(0, 3, (40, 1, 6)).astype(np.uint8)
    properties = np.arange(40, dtype=np.float32)[:, None]
    alphabet = Alphabet(("", "a", "b"), "text", properties=(Property("size", 20.0, 10.0),))
    found = Sequences("made", tokens, alphabet, [str(i) for i in range(40)], properties=properties)
    line, about = lstm_row(found, None, None, 5, 0, 0.01, 500)
    assert line.shape == (5, 1, 6)
    assert about["parameters"] == pytest.approx(500, rel=0.3)
    row, orders = ngram_row(found, None, 7, 0, (1, 2))
    assert row.shape == (7, 1, 6)
    assert orders[0] in (1, 2)


def test_voices_are_woven_into_a_line_and_back() -> None:
    tokens = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    assert as_line(tokens)[0, :6].tolist() == [0, 4, 8, 1, 5, 9]
    assert np.array_equal(as_voices(as_line(tokens), 3), tokens)
