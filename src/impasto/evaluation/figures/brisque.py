"""BRISQUE (Mittal et al. 2012): how natural a picture looks, without the clean picture beside it."""

import warnings
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb, to_uint8

LEAST: Final = 32
"""Pixels in height and width: statistics are also taken at half the size."""
HOW_TO_HAVE: Final = "pip install brisque"


def at_hand() -> bool:
    """Whether the package is installed; its parameters, learnt on the LIVE data set, come inside it."""
    return find_spec("brisque") is not None and find_spec("libsvm") is not None


def brisque(images: Tensor) -> Tensor:
    """Score of each picture: (N,) float64, lower is better, mostly 0..100; NaN for one without any texture.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1], at least 32 pixels high and wide; scored as 8 bits.

    Raises:
        UserError: the package is missing, or pictures are smaller.
    """
    if min(images.shape[2:]) < LEAST:
        height, width = images.shape[2:]
        raise UserError(f"brisque needs pictures of at least {LEAST} x {LEAST} pixels; these have {height} x {width}.")
    # In one piece: the package rounds other layouts differently, which its search for a root turns into tenths.
    pixels = to_uint8(as_rgb(images)).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return torch.tensor([_score(picture) for picture in pixels], dtype=torch.float64)


def _score(picture: np.ndarray) -> float:
    if np.ptp(picture) == 0:
        return float("nan")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return float(_scorer().score(picture))


@cache
def _scorer() -> Any:
    if not at_hand():
        raise UserError(f"BRISQUE needs its package: {HOW_TO_HAVE}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from brisque import BRISQUE

    class Brisque(BRISQUE):
        """Features are arrays of one number, which NumPy since 2.5 does not take for a number."""

        def scale_features(self, features: Any) -> Any:
            return super().scale_features([np.asarray(feature).item() for feature in features])

    return Brisque()
