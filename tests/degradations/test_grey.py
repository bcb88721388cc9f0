"""Grey is the brightness of ITU-R BT.601."""

import numpy as np
from PIL import Image

from impasto.degradations.degradation import degrade
from impasto.degradations.grey import Colorization


def test_grey_is_pillows_brightness(photograph: np.ndarray) -> None:
    found = degrade(photograph, Colorization(), 0)
    assert found.shape == (120, 144, 1)
    assert np.array_equal(found[..., 0], np.asarray(Image.fromarray(photograph).convert("L")))
    assert np.abs(found[..., 0] - photograph @ [0.299, 0.587, 0.114]).max() <= 0.51
    assert Colorization().channels(3) == 1


def test_pictures_without_colours_lose_nothing(photograph: np.ndarray) -> None:
    assert Colorization().harms(photograph)
    assert not Colorization().harms(photograph[..., :1].repeat(3, 2))
    tinted = photograph[..., :1].repeat(3, 2)
    tinted[..., 2] = np.minimum(tinted[..., 2], 245) + 10  # blue by 10 levels: 0.114 of it is brightness
    assert Colorization().harms(tinted)
