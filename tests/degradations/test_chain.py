"""A chain takes its steps in random order, in as many passes as asked for, and as strong as its strength."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from impasto.degradations.chain import STEPS, Mixed
from impasto.degradations.degradation import Damage, degrade

HARDEST: dict[str, Any] = {"blur": 2.0, "resize": 1.0, "noise": 25.0, "quality": 30}


def mixed(**settings: Any) -> Mixed:
    fixed = {**HARDEST, "passes": 2, "scale": 1, "strength": [0, 1], "measured_at": [0.5, 1]}
    return Mixed(**{**fixed, **settings})


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_every_pass_has_all_steps_in_random_order(passes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    def noted(self: Mixed, step: str, pixels: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
        assert 0 <= share <= 0.5
        taken.append(step)
        return pixels

    monkeypatch.setattr(Mixed, "_step", noted)
    orders = Counter()
    for seed in range(200):
        taken.clear()
        degrade(np.zeros((8, 8, 3), np.uint8), mixed(passes=passes), seed, Damage("chain", 0.5))
        assert len(taken) == 4 * passes
        for start in range(0, len(taken), 4):
            assert sorted(taken[start : start + 4]) == sorted(STEPS)
        orders[tuple(taken[:4])] += 1
    assert len(orders) == 24  # every order there is


def test_more_strength_and_more_passes_do_more_damage(photograph: np.ndarray) -> None:
    def error(passes: int, strength: float) -> float:
        found = [degrade(photograph, mixed(passes=passes), seed, Damage("chain", strength)) for seed in range(12)]
        return float(np.mean([np.square(each.astype(float) - photograph).mean() for each in found]))

    errors = [error(2, strength) for strength in (0, 0.25, 0.5, 1)]
    assert errors[0] < 20  # compression at quality 100, and halves of levels
    assert errors == sorted(errors)
    assert error(1, 1) < errors[-1]


def test_the_result_may_be_smaller(photograph: np.ndarray) -> None:
    degradation = mixed(scale=4)
    found = degrade(photograph, degradation, 1)
    assert found.shape == (30, 36, 3)
    assert degradation.record() == {
        **HARDEST, "passes": 2, "name": "Mixed", "kinds": ["chain"], "strength": [0, 1], "measured_at": [0.5, 1],
        "unit": "share of the hardest settings of all steps", "scale": 4,
    }  # fmt: skip
