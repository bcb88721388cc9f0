"""The pool of painted pictures."""

import torch

from impasto.base.spec import ImageSpec
from impasto.models.image_pool import ImagePool

SPEC = ImageSpec(1, 1, 1)


def pictures(*values: float) -> torch.Tensor:
    return torch.tensor(values)[:, None, None, None]


def test_it_fills_before_it_gives_back() -> None:
    pool = ImagePool(SPEC, 3)
    assert pool.swapped(pictures(1, 2)).flatten().tolist() == [1, 2]
    assert pool.swapped(pictures(3)).flatten().tolist() == [3]
    assert pool.images.flatten().tolist() == [1, 2, 3]


def test_half_of_the_pictures_are_swapped_and_none_is_lost() -> None:
    torch.manual_seed(0)
    pool, given = ImagePool(SPEC, 50), [float(i) for i in range(1, 1051)]
    handed: list[float] = []
    for start in range(0, 1050, 10):
        handed += pool.swapped(pictures(*given[start : start + 10])).flatten().tolist()
    old = sum(a != b for a, b in zip(given, handed, strict=True))
    assert 420 < old < 580  # of 1,000 after the pool was full
    assert sorted({*handed, *pool.images.flatten().tolist()}) == given


def test_contents_and_draws_resume() -> None:
    first, second = ImagePool(SPEC, 2), ImagePool(SPEC, 2)
    torch.manual_seed(1)
    first.swapped(pictures(1, 2, 3))
    second.load_state_dict(first.state_dict())
    results = []
    for pool in (first, second):
        torch.manual_seed(2)
        results.append(pool.swapped(pictures(4, 5, 6, 7)).flatten().tolist())
    assert results[0] == results[1]


def test_a_pool_of_nothing_hands_on_without_a_graph() -> None:
    painted = pictures(1.0).requires_grad_()
    handed = ImagePool(SPEC, 0).swapped(painted)
    assert handed.tolist() == painted.tolist()
    assert not handed.requires_grad
