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
