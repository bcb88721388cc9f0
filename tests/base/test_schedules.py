from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from impasto.base.errors import UserError
from impasto.base.instantiate import make
from impasto.base.schedules import Constant, Cosine, InverseTime, LinearDecay, value_at
from impasto.models.ema import decay_over
from tests.training import composed


def test_linear_decay_holds_and_falls() -> None:
    schedule = LinearDecay(kimg=200, start=1, end=0.2, hold_kimg=100)
    assert [schedule(k) for k in (0, 100, 150, 200, 300)] == pytest.approx([1, 1, 0.6, 0.2, 0.2])


def test_cosine() -> None:
    schedule = Cosine(kimg=100, start=2e-4, end=5e-5)
    assert [schedule(k) for k in (0, 50, 100, 1000)] == pytest.approx([2e-4, 1.25e-4, 5e-5, 5e-5])
    # a quarter of the way: cos(pi/4) = 0.7071, so 0.85355 of the way up
    assert schedule(25) == pytest.approx(5e-5 + 1.5e-4 * 0.8535534)


def test_warm_up_scales_from_zero() -> None:
    assert [Constant(2, warmup_kimg=10)(k) for k in (0, 5, 10, 20)] == pytest.approx([0, 1, 2, 2])


def test_numbers_stand_for_themselves() -> None:
    assert value_at(3, 10) == 3
    assert value_at(lambda kimg: kimg / 2, 10) == 5


@pytest.mark.parametrize(
    ("schedule", "settings", "says"),
    [
        (Cosine, {"kimg": None}, "Cosine: kimg=None is not a number"),
        (LinearDecay, {"kimg": 1, "start": "x"}, "LinearDecay: start=x is not a number"),
        (Constant, {"value": float("nan")}, "value=nan is not a number"),
        (LinearDecay, {"kimg": 1, "hold_kimg": -1}, "hold_kimg=-1 is negative"),
    ],
)
def test_what_is_not_a_number_is_refused_when_a_schedule_is_made(schedule: Any, settings: Any, says: str) -> None:
    with pytest.raises(UserError, match=says):
        schedule(**settings)


def test_r3gan_follows_the_published_schedules(tmp_path: Path) -> None:
    cfg = composed(tmp_path, "model=r3gan", "kimg=20000")
    # start, a quarter of the way (0.14645 of it), the middle, the end: for pictures of 64x64
    published = {
        "model.lr_g": (1.0, 0.25),  # of 2e-4
        "model.lr_d": (1.0, 0.25),
        "model.beta2": (0.9, 0.99),
        "penalty.r1_r2.gamma": (2.0, 0.2),
        "augment.p": (0.0, 0.3),
        "model.ema_half_life_kimg": (0.0, 500.0),
    }
    for key, (start, end) in published.items():
        schedule = make(OmegaConf.select(cfg, key))
        expected = [start + share * (end - start) for share in (0, 0.1464466, 0.5, 1)]
        assert [schedule(kimg) for kimg in (0, 5000, 10000, 20000)] == pytest.approx(expected), key
    half_life = make(cfg.model.ema_half_life_kimg)
    for kimg in range(0, 20001, 500):  # over the published length the ramp-up limits nothing
        limited, free = (decay_over(256, half_life, rampup, kimg * 1000) for rampup in (cfg.model.ema_rampup, None))
        assert limited == free
    assert isinstance(composed(tmp_path, "model=r3gan", "penalty.r1_r2.gamma=3").penalty.r1_r2.gamma, int)


def test_inverse_time_is_halved_and_then_a_third() -> None:
    schedule = InverseTime(half_kimg=160, start=3.0)
    assert [schedule(kimg) for kimg in (0, 160, 320)] == [3.0, 1.5, 1.0]
