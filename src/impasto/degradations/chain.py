"""Several degradations one after the other, as pictures from the wild have gone through them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Interval

from impasto.base.errors import UserError
from impasto.base.ranges import Count, NotNegative
from impasto.degradations.blur import Blur
from impasto.degradations.compression import Compression
from impasto.degradations.degradation import Damage, Degradation, Degrade
from impasto.degradations.noise import Noise
from impasto.degradations.resampling import FILTERS, SCALES, resized, smaller

STEPS = ("blur", "resize", "noise", "compress")


def _by_settings(pixels: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    raise NotImplementedError("Mixed makes these, since they depend on its settings")


class Mixed(Degradation):
    """Blur, resizing, noise and compression in random order, twice over.

    Two passes stand for a picture that was edited and sent on more than once (Real-ESRGAN, Wang et al. 2021, section
    3.3); the random order is BSRGAN's (Zhang et al. 2021). Every step is drawn anew in every pass, with any of its
    kinds, and as strong as a number between 0 and ``strength`` of what is given here.

    Args:
        passes: how often all steps are gone through.
        blur: most, in pixels of standard deviation.
        resize: most by which a picture is shrunk or enlarged before it is brought back to its size, in factors of 2.
        noise: most, in levels of 255 at mid-grey.
        quality: least of JPEG and WebP.
        scale: how many times smaller the result is than the clean picture: 1, 2, 3 or 4.
        strength: [least, most] from 0 to 1.
        measured_at: strengths that are measured.

    Raises:
        UserError: a setting cannot work.
    """

    known: ClassVar[Mapping[str, Degrade]] = {"chain": _by_settings}
    unit: ClassVar[str] = "share of the hardest settings of all steps"

    def __init__(
        self,
        *,
        passes: Count,
        blur: NotNegative,
        resize: NotNegative,
        noise: NotNegative,
        quality: Annotated[float, Interval(ge=1, le=100)],
        scale: int,
        **settings: Any,
    ) -> None:
        super().__init__(kinds=("chain",), **settings)
        if scale not in (1, *SCALES):
            raise UserError(f"{type(self).__name__}: scale={scale} is not known: choose one of 1, 2, 3, 4.")
        self.passes, self.blur, self.resize, self.noise, self.quality = passes, blur, resize, noise, quality
        self._scale = scale

    @property
    def scale(self) -> int:
        """How many times smaller a damaged picture is than the clean one, in height and in width."""
        return self._scale

    def __call__(self, pixels: np.ndarray, damage: Damage, random: np.random.Generator) -> np.ndarray:
        """A picture that has been through much: uint8 (H / scale, W / scale, C)."""
        result = pixels
        for _ in range(self.passes):
            for step in random.permutation(STEPS):
                result = self._step(str(step), result, damage.strength * random.random(), random)
        return smaller(result, _one_of(FILTERS, random), self.scale) if self.scale > 1 else result

    def _step(self, step: str, pixels: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
        """One step, as strong as ``share`` of the most."""
        if step == "blur":
            return Blur.known[_one_of(Blur.known, random)](pixels, share * self.blur, random)
        if step == "noise":
            return Noise.known[_one_of(Noise.known, random)](pixels, share * self.noise, random)
        if step == "compress":
            quality = 100 - share * (100 - self.quality)
            return Compression.known[_one_of(Compression.known, random)](pixels, quality, random)
        factor = 2 ** (share * self.resize * random.choice((-1, 1)))
        height, width = pixels.shape[:2]
        size = max(1, round(height * factor)), max(1, round(width * factor))
        return resized(resized(pixels, _one_of(FILTERS, random), size), _one_of(FILTERS, random), (height, width))

    def record(self) -> dict[str, Any]:
        """All settings, plain values."""
        own = ("passes", "blur", "resize", "noise", "quality")
        return {**{name: getattr(self, name) for name in own}, **super().record()}


def _one_of(names: Mapping[str, Any], random: np.random.Generator) -> str:
    return tuple(names)[int(random.integers(len(names)))]
