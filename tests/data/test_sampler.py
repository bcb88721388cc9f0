"""Batches are a function of seed and position: balanced, resumable, and the same on any number of processes."""

from itertools import islice

import numpy as np
import pytest

from impasto.base.errors import UserError
from impasto.data.sampler import DRAWS, BatchSampler

LABELS = np.array([0] * 7 + [1] * 2 + [2] * 1)


def batches(sampler: BatchSampler, count: int) -> np.ndarray:
    return np.stack([draw.pictures for draw in islice(sampler, count)])


def test_every_picture_comes_once_in_an_epoch_however_the_batches_lie() -> None:
    drawn = batches(BatchSampler(10, 4), 10).ravel()  # 40 draws: 4 epochs, cut across batches
    for epoch in drawn.reshape(4, 10):
        assert sorted(epoch) == list(range(10))
    assert any((drawn[:10] != drawn[k : k + 10]).any() for k in (10, 20, 30))


def test_a_batch_may_be_larger_than_the_data() -> None:
    (batch,) = batches(BatchSampler(3, 8), 1)
    assert sorted(np.bincount(batch, minlength=3)) == [2, 3, 3]


@pytest.mark.parametrize("labels", [None, LABELS])
def test_starting_later_gives_what_would_have_come(labels: np.ndarray | None) -> None:
    whole = list(islice(BatchSampler(10, 4, seed=3, labels=labels), 9))
    rest = list(islice(BatchSampler(10, 4, seed=3, labels=labels, start=5), 4))
    for expected, draw in zip(whole[5:], rest, strict=True):
        assert expected.position == draw.position
        np.testing.assert_array_equal(expected.pictures, draw.pictures)
        np.testing.assert_array_equal(expected.chances, draw.chances)


@pytest.mark.parametrize("labels", [None, LABELS])
def test_the_parts_of_two_processes_make_up_the_batch_of_one(labels: np.ndarray | None) -> None:
    one = BatchSampler(10, 6, seed=1, labels=labels)
    two = [BatchSampler(10, 6, seed=1, labels=labels, rank=rank, world_size=2) for rank in range(2)]
    for position in (0, 1, 17):
        parts = [sampler.draw(position) for sampler in two]
        np.testing.assert_array_equal(one.draw(position).pictures, np.concatenate([p.pictures for p in parts]))
        np.testing.assert_array_equal(one.draw(position).chances, np.concatenate([p.chances for p in parts]))


def test_balanced_batches_hold_each_class_equally_often() -> None:
    sampler = BatchSampler(10, 8, labels=LABELS)  # 8 = 3 * 2 + 2: two classes three times, one twice
    counts = np.stack([np.bincount(LABELS[b], minlength=3) for b in batches(sampler, 6)])
    assert all(sorted(row) == [2, 3, 3] for row in counts.tolist())
    # The one that is short goes round: after every third batch all are even.
    assert counts[:3].sum(0).tolist() == [8, 8, 8]
    assert counts.sum(0).tolist() == [16, 16, 16]


def test_balanced_goes_through_a_class_before_repeating_it() -> None:
    drawn = batches(BatchSampler(10, 3, labels=LABELS), 14)
    of_first = drawn[LABELS[drawn] == 0]
    assert len(of_first) == 14
    assert sorted(of_first[:7]) == sorted(of_first[7:]) == list(range(7))


def test_balance_is_over_the_classes_that_there_are() -> None:
    labels = np.array([4, 4, 4, 9])
    assert np.bincount(labels[batches(BatchSampler(4, 6, labels=labels), 1)[0]])[[4, 9]].tolist() == [3, 3]


def test_seeds_and_streams_differ() -> None:
    orders = {
        tuple(batches(BatchSampler(50, 50, seed=s, stream=t), 1)[0].tolist()) for s, t in ((0, 0), (1, 0), (0, 1))
    }
    assert len(orders) == 3


def test_chances_are_uniform() -> None:
    chances = np.concatenate([d.chances for d in islice(BatchSampler(10, 100), 20)])
    assert chances.shape == (2000, DRAWS)
    assert chances.min() >= 0
    assert chances.max() < 1
    assert abs(chances.mean() - 0.5) < 0.01  # standard error 0.0026


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(UserError, match=r"batch_size=5.*2 processes"):
        BatchSampler(10, 5, world_size=2)
