"""Dark pictures: powers of samples, and light that is halved and counted."""

import numpy as np
import pytest
from skimage.exposure import adjust_gamma

from impasto.degradations.degradation import Damage, degrade
from impasto.degradations.exposure import LowLight, gamma, gamma_of, low_light
from impasto.degradations.light import decoded, encoded


def test_gamma_is_scikit_images_and_darkens_mid_grey_as_less_light_does(
    photograph: np.ndarray, random: np.random.Generator
) -> None:
    assert gamma_of(0) == pytest.approx(1)
    # Mid-grey is 0.2140 of the light; an eighth of that, 0.0268, is the sample 0.1784: 2.487 = log(0.1784) / log(0.5).
    assert gamma_of(3) == pytest.approx(2.487, abs=2e-3)
    expected = adjust_gamma(photograph / 255, gamma_of(2)) * 255
    assert np.abs(gamma(photograph, 2, random) - expected).max() <= 0.5 + 1e-9
    assert gamma(np.full((1, 1, 1), 255, np.uint8), 4, random).item() == 255


def test_less_light_is_darker_by_stops_and_noisier(random: np.random.Generator) -> None:
    level, stops, electrons = 200, 2, 500
    light = float(decoded(np.array(level / 255))) / 4
    found = low_light(np.full((200, 200, 1), level, np.uint8), stops, random, electrons).astype(float)
    expected = 255 * float(encoded(np.array(light)))
    assert found.mean() == pytest.approx(expected, abs=0.5)
    slope = 1.055 / 2.4 * light ** (1 / 2.4 - 1)
    assert found.std() == pytest.approx(255 * slope * np.sqrt(light / electrons), rel=0.03)
    clean = low_light(np.full((9, 9, 1), level, np.uint8), stops, random, 1e12)
    assert (clean == round(expected)).all()


def test_electrons_are_a_setting(photograph: np.ndarray) -> None:
    settings = {"kinds": ["low_light"], "strength": [1, 2], "measured_at": [2]}
    few, many = (
        degrade(photograph, LowLight(electrons=count, **settings), 0, Damage("low_light", 2)).astype(float)
        for count in (50, 50_000)
    )
    noise = [np.abs(np.diff(each, axis=0)).mean() for each in (few, many)]
    assert noise[0] > 2 * noise[1]
    assert LowLight(electrons=50, **settings).record()["electrons"] == 50
