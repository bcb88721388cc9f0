"""Small pictures, for super-resolution."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import cv2
import numpy as np
from PIL import Image

from impasto.base.errors import UserError
from impasto.degradations.degradation import Damage, Degradation, Degrade, to_bytes
from impasto.degradations.noise import gaussian

SCALES: Final = (2, 3, 4)
FILTERS: Final = {
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
}
"""Antialiased: each is as wide as the scale."""


def smaller(pixels: np.ndarray, kernel: str, scale: int) -> np.ndarray:
    """A picture of a fraction of the size.

    Args:
        pixels: uint8 (H, W, 1 or 3), both sides multiples of ``scale``.
        kernel: of :data:`FILTERS`, or ``gaussian``, of the standard deviation 0.5 scale, then sampled (about the 1.6
            pixels for scale 3 of the field's BD degradation).
        scale: whole number.

    Returns:
        uint8 (H / scale, W / scale, C).
    """
    height, width = pixels.shape[0] // scale, pixels.shape[1] // scale
    return resized(pixels, kernel, (height, width))


def resized(pixels: np.ndarray, kernel: str, size: tuple[int, int]) -> np.ndarray:
    """A picture at another size (h, w), see :func:`smaller`."""
    if kernel == "gaussian":
        spread = 0.5 * max(pixels.shape[0] / size[0], pixels.shape[1] / size[1], 1.0)
        reach = 2 * math.ceil(4 * spread) + 1
        smooth = cv2.GaussianBlur(pixels.astype(np.float32), (reach, reach), spread)
        # Linear interpolation in the middle of each new pixel: of even scales that is between two old ones.
        sampled = np.asarray(cv2.resize(smooth, (size[1], size[0]), interpolation=cv2.INTER_LINEAR))
        return to_bytes(sampled).reshape(*size, pixels.shape[2])
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return np.asarray(image.resize((size[1], size[0]), FILTERS[kernel])).reshape(*size, pixels.shape[2])


def _by_scale(pixels: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    raise NotImplementedError("SuperResolution makes these, since they depend on its scale")


class SuperResolution(Degradation):
    """Small pictures, and noise in them, whose standard deviation is the strength.

    Args:
        scale: 2, 3 or 4.
        kinds: kernels, of :data:`FILTERS` or ``gaussian``.
        **settings: of :class:`~impasto.degradations.degradation.Degradation`.

    Raises:
        UserError: a setting cannot work.
    """

    known: ClassVar[Mapping[str, Degrade]] = dict.fromkeys((*FILTERS, "gaussian"), _by_scale)
    unit: ClassVar[str] = "levels of 255, standard deviation of noise in the small picture"
    limits: ClassVar[tuple[float, float]] = (0.0, 255.0)

    def __init__(self, *, scale: int, kinds: Sequence[str], **settings: Any) -> None:
        super().__init__(kinds=kinds, **settings)
        if scale not in SCALES:
            raise UserError(f"{type(self).__name__}: scale={scale} is not known: choose one of 2, 3, 4.")
        self._scale = scale

    @property
    def scale(self) -> int:
        """How many times smaller a damaged picture is than the clean one, in height and in width."""
        return self._scale

    def __call__(self, pixels: np.ndarray, damage: Damage, random: np.random.Generator) -> np.ndarray:
        """A small picture: uint8 (H / scale, W / scale, C)."""
        small = smaller(pixels, damage.kind, self.scale)
        return gaussian(small, damage.strength, random) if damage.strength else small
