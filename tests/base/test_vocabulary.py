"""Texts as numbers of words, and back."""

import numpy as np

from impasto.base.spec import ImageSpec
from impasto.base.vocabulary import Vocabulary


def test_frequent_words_come_first_and_ties_by_letters() -> None:
    known = Vocabulary.of(["A red bee, a red sea.", "a Bee"])
    assert known.words == ("a", "bee", "red", "sea")
    assert known.length == 6
    np.testing.assert_array_equal(known.encode(["a blue sea", ""]), [[2, 1, 5, 0, 0, 0], [0] * 6])
    assert known.decode([2, 1, 5, 0, 0, 0]) == "a ? sea"
    assert known.unknown("A blue sea") == ["blue"]


def test_rare_words_are_left_out_and_long_texts_cut() -> None:
    known = Vocabulary.of(["one two three four", "one two"], most=2, longest=3)
    assert known.words == ("one", "two")
    np.testing.assert_array_equal(known.encode(["one two three four"]), [[2, 3, 1]])


def test_a_checkpoint_holds_it_as_plain_values() -> None:
    spec = ImageSpec(3, 8, 8, condition_dim=4, vocabulary=Vocabulary(("a", "bee"), 4))
    assert ImageSpec.from_dict(spec.to_dict()) == spec
    assert spec.to_dict()["vocabulary"] == {"words": ["a", "bee"], "length": 4}
