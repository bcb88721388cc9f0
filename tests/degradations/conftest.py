"""What tests of degradations share."""

import numpy as np
import pytest
from skimage.data import astronaut


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """A face in colours: uint8 (120, 144, 3)."""
    return np.ascontiguousarray(astronaut()[40:160, 160:304])


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)
