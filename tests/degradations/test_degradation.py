"""Settings of degradations: what is drawn to train on, what is measured, what is refused and what is recorded."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from impasto.base.errors import UserError
from impasto.degradations.chain import Mixed
from impasto.degradations.degradation import Damage, Degradation, degrade, to_bytes
from impasto.degradations.noise import Noise
from impasto.degradations.resampling import SuperResolution
from tests.training import CONF

TASKS: dict[str, Degradation] = instantiate(OmegaConf.load(Path(CONF, "data/restoration.yaml")).tasks, _convert_="all")
NOISE = Noise(kinds=["gaussian", "sensor"], strength=[5, 15], measured_at=[5, 10])
CHAIN: dict[str, Any] = {"passes": 2, "blur": 2.0, "resize": 1.0, "noise": 25.0, "quality": 30}


def test_kinds_come_equally_often_and_strengths_evenly(random: np.random.Generator) -> None:
    drawn = [NOISE.draw(random) for _ in range(2000)]
    assert Counter(each.kind for each in drawn)["gaussian"] == pytest.approx(1000, abs=80)
    counts, _ = np.histogram([each.strength for each in drawn], 10, (5, 15))
    assert counts.sum() == 2000
    assert counts.min() > 150  # 200 of each


def test_every_kind_is_measured_at_every_strength() -> None:
    assert NOISE.measured() == [
        Damage("gaussian", 5), Damage("sensor", 5), Damage("gaussian", 10), Damage("sensor", 10)
    ]  # fmt: skip
    assert NOISE.measured(7, "poisson") == [Damage("poisson", 7)]


@pytest.mark.parametrize("task", TASKS)
def test_a_seed_decides_everything_and_the_clean_picture_stays(task: str, photograph: np.ndarray) -> None:
    degradation, clean = TASKS[task], photograph.copy()
    first, again, other = (degrade(clean, degradation, seed) for seed in ([3, 1], [3, 1], [3, 2]))
    assert np.array_equal(first, again)
    assert task in ("colorize", "super_resolution") or not np.array_equal(first, other)
    assert np.array_equal(clean, photograph)
    assert first.dtype == np.uint8
    height, width, channels = photograph.shape
    assert first.shape == (
        height // degradation.scale, width // degradation.scale, degradation.channels(channels)
    )  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_records_are_plain_and_tell_settings_apart(task: str) -> None:
    found = TASKS[task].record()
    assert found["unit"] == TASKS[task].unit
    assert OmegaConf.to_container(OmegaConf.create(found)) == found


def test_settings_that_cannot_work() -> None:
    def noise(**settings: Any) -> Noise:
        return Noise(**{"kinds": ["gaussian"], "strength": [0, 50], "measured_at": [25], **settings})

    with pytest.raises(UserError, match=r"Noise: kinds=\['pink'\] are not known: choose from gaussian, poisson"):
        noise(kinds=["pink"])
    with pytest.raises(UserError, match="Noise: kinds="):
        noise(kinds=[])
    with pytest.raises(UserError, match=r"Noise: strength=\[50, 5\] is not a range: give \[least,most\] from 0 to 255"):
        noise(strength=[50, 5])
    with pytest.raises(UserError, match=r"strength=\[25\] is not a range"):
        noise(strength=[25])
    with pytest.raises(UserError, match=r"measured_at=\[300\] does not fit: give strengths from 0 to 255, in levels"):
        noise(measured_at=[300])
    with pytest.raises(UserError, match=r"SuperResolution: scale=5 is not known: choose one of 2, 3, 4\."):
        SuperResolution(scale=5, kinds=["bicubic"], strength=[0, 0], measured_at=[0])
    with pytest.raises(UserError, match=r"Mixed: scale=0 is not known"):
        Mixed(**CHAIN, scale=0, strength=[0, 1], measured_at=[1])


def test_numbers_become_bytes_by_rounding_and_clipping() -> None:
    assert to_bytes(np.array([-3.0, 0.49, 0.51, 254.5, 300.0])).tolist() == [0, 0, 1, 254, 255]
