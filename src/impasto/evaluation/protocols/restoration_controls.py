"""Which classical methods restored pictures are set beside, by what was done to the clean ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from impasto.data.damaged import FIXED
from impasto.degradations.blur import Blur
from impasto.degradations.chain import Mixed
from impasto.degradations.compression import Compression
from impasto.degradations.degradation import Damage, Degradation
from impasto.degradations.exposure import LowLight
from impasto.degradations.grey import Colorization
from impasto.degradations.masks import Inpainting
from impasto.degradations.noise import Noise
from impasto.degradations.resampling import SuperResolution
from impasto.evaluation.figures.features import Pictures
from impasto.evaluation.protocols import classical
from impasto.evaluation.protocols.classical import Picture
from impasto.evaluation.protocols.pairs import CONTROL
from impasto.evaluation.protocols.sampling import Chosen

VERSION: Final = 1
"""Raised when a control makes something else."""

Restore = Callable[[Picture, Damage, np.random.Generator], Picture]
"""A damaged picture, uint8 (h, w, c), its damage, and the random numbers that it was made with, to a restored one,
uint8 (H, W, C)."""


@dataclass(frozen=True)
class Case:
    """What classical methods are told of the pictures that they restore, beside the damage of each.

    Attributes:
        degradation: what was done to them.
        channels: of clean pictures, 1 or 3.
        tint: mean Cb and Cr of clean pictures, 0..255.
        brightness: mean of clean pictures, 0..1.
    """

    degradation: Degradation
    channels: int
    tint: tuple[float, float] = (128.0, 128.0)
    brightness: float = 0.5

    @classmethod
    def of(cls, degradation: Degradation, clean: np.ndarray) -> "Case":
        """With the means of clean pictures, uint8 (N, H, W, C)."""
        tint = classical.mean_tint(clean) if clean.shape[3] == 3 else (128.0, 128.0)
        return cls(degradation, clean.shape[3], tint, float(clean.mean()) / 255)


def controls_of(case: Case) -> dict[str, Restore]:
    """The input and the classical methods by the names of their rows."""
    of_class = [made for kind, made in CLASSICAL.items() if isinstance(case.degradation, kind)]
    return {CONTROL: partial(as_it_is, case), **(of_class[0](case) if of_class else {})}


def control_pictures(case: Case, content: Chosen, damages: Sequence[Damage]) -> dict[str, Pictures]:
    """What each control makes of damaged pictures, by number.

    Args:
        case: what the controls are told.
        content: damaged pictures, measured ones of a data module.
        damages: of each picture of the set that ``content`` is chosen from.
    """

    def restored(method: Restore, start: int, n: int) -> Tensor:
        pictures = content(start, n).permute(0, 2, 3, 1).contiguous().numpy()
        numbers = [int(i) for i in content.positions[start : start + n]]
        made = [
            method(picture, damages[i], np.random.default_rng((FIXED, i)))
            for i, picture in zip(numbers, pictures, strict=True)
        ]
        return torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2)

    return {name: partial(restored, method) for name, method in controls_of(case).items()}


def as_it_is(case: Case, picture: Picture, _: Damage, __: np.random.Generator) -> Picture:
    """The damaged picture with the size and the channels of a clean one: pixels repeated, grey repeated, no mask."""
    scale = case.degradation.scale
    whole = picture.repeat(scale, 0).repeat(scale, 1) if scale > 1 else picture
    return whole.repeat(case.channels, 2) if whole.shape[2] < case.channels else whole[..., : case.channels]


def without_noise(picture: Picture, damage: Damage, _: np.random.Generator) -> Picture:
    """Non-local means, told the deviation of the noise."""
    return classical.non_local_means(picture, damage.strength) if damage.strength else picture


def _of_noise(_: Case) -> dict[str, Restore]:
    return {
        "non-local means": without_noise,
        "bilateral filter": lambda picture, damage, _: classical.bilateral(picture, 2.5 * damage.strength),
    }


def _of_blur(case: Case) -> dict[str, Restore]:
    def sharpened(picture: Picture, damage: Damage, random: np.random.Generator) -> Picture:
        assert isinstance(case.degradation, Blur)
        return classical.richardson_lucy(picture, case.degradation.kernel(damage, random))

    def guessed(picture: Picture, damage: Damage, random: np.random.Generator) -> Picture:
        assert isinstance(case.degradation, Blur)
        kernel = case.degradation.kernel(Damage("gaussian", damage.strength), random)
        return classical.richardson_lucy(picture, kernel)

    return {
        "unsharp mask": lambda picture, _, __: classical.unsharp_mask(picture),
        "Richardson-Lucy, Gaussian": guessed,
        "Richardson-Lucy, true kernel": sharpened,
    }


def _of_holes(_: Case) -> dict[str, Restore]:
    def filled(method: int, picture: Picture, _: Damage, __: np.random.Generator) -> Picture:
        return classical.inpainted(np.ascontiguousarray(picture[..., :-1]), 255 - picture[..., -1], method)

    return {"Telea": partial(filled, cv2.INPAINT_TELEA), "Navier-Stokes": partial(filled, cv2.INPAINT_NS)}


def _of_small(case: Case) -> dict[str, Restore]:
    def enlarged(how: Image.Resampling, picture: Picture, _: Damage, __: np.random.Generator) -> Picture:
        return classical.enlarged(picture, case.degradation.scale, how)

    bicubic = partial(enlarged, Image.Resampling.BICUBIC)
    found: dict[str, Restore] = {"bicubic": bicubic, "Lanczos": partial(enlarged, Image.Resampling.LANCZOS)}
    if isinstance(case.degradation, SuperResolution) and any(case.degradation.measured_at):
        found["non-local means, bicubic"] = lambda picture, damage, random: bicubic(
            without_noise(picture, damage, random), damage, random
        )
    return found


def _of_grey(case: Case) -> dict[str, Restore]:
    return {"constant tint": lambda picture, _, __: classical.tinted(picture, case.tint)}


def _of_compression(_: Case) -> dict[str, Restore]:
    return {
        "total variation": lambda picture, damage, _: classical.total_variation(picture, 0.3 / damage.strength),
        "bilateral filter": lambda picture, _, __: classical.bilateral(picture, 30.0, 2.0),
    }


def _of_darkness(case: Case) -> dict[str, Restore]:
    return {
        "gamma to usual brightness": lambda picture, _, __: classical.brightened(picture, case.brightness),
        "histogram equalisation": lambda picture, _, __: classical.equalised(picture),
        "CLAHE": lambda picture, _, __: classical.locally_equalised(picture),
    }


def _of_mixed(case: Case) -> dict[str, Restore]:
    scale, how = case.degradation.scale, Image.Resampling.BICUBIC
    smoothed: dict[str, Restore] = {
        "total variation": lambda picture, _, __: classical.enlarged(
            classical.total_variation(picture, 0.05), scale, how
        ),
        "bilateral filter": lambda picture, _, __: classical.enlarged(
            classical.bilateral(picture, 30.0, 2.0), scale, how
        ),
    }
    return {**(_of_small(case) if scale > 1 else {}), **smoothed}


CLASSICAL: Final[dict[type[Degradation], Callable[[Case], dict[str, Restore]]]] = {
    Noise: _of_noise,
    Blur: _of_blur,
    Inpainting: _of_holes,
    SuperResolution: _of_small,
    Colorization: _of_grey,
    Compression: _of_compression,
    LowLight: _of_darkness,
    Mixed: _of_mixed,
}
"""By the class of the degradation; one of a user's own has the input alone."""
