"""Grey, for models that learn to colour."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np
from PIL import Image

from impasto.base.errors import UserError
from impasto.degradations.degradation import Degradation, Degrade

COLORLESS: Final = 0.5
"""Root mean square difference from its brightness, in levels of 255, up to which a picture has no colours."""


def grey(pixels: np.ndarray, _strength: float, _random: np.random.Generator) -> np.ndarray:
    """Brightness by ITU-R BT.601, as Pillow rounds it: uint8 (H, W, 3) to uint8 (H, W, 1)."""
    return np.asarray(Image.fromarray(pixels).convert("L"))[..., None]


class Colorization(Degradation):
    """Colours are taken away; there is one kind and one strength."""

    known: ClassVar[Mapping[str, Degrade]] = {"grey": grey}
    unit: ClassVar[str] = "share of the colours that is taken away"
    limits: ClassVar[tuple[float, float]] = (1.0, 1.0)

    def __init__(self) -> None:
        super().__init__(kinds=("grey",), strength=(1.0, 1.0), measured_at=(1.0,))

    def harms(self, pixels: np.ndarray) -> bool:
        """Whether it has colours: the brightness of a black-and-white photograph is already the answer."""
        from_grey = pixels - grey(pixels, 1.0, np.random.default_rng()).astype(np.float32)
        return float(np.sqrt(np.square(from_grey).mean())) > COLORLESS

    def channels(self, clean: int) -> int:
        """One.

        Raises:
            UserError: the clean pictures have no colours.
        """
        if clean != 3:
            raise UserError(f"data.task=colorize needs colours, and data.channels={clean}: set data.channels=3.")
        return 1

    def record(self) -> dict[str, Any]:
        """All settings, plain values."""
        return {"weights": "ITU-R BT.601", **super().record()}
