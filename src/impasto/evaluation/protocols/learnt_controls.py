"""Controls for pairs that learn from pairs: classical filters whose strength is tuned, and two plain regressions.

Each is given pairs that were trained on, uint8 (n, H, W, c) and (n, H, W, C), and returns a function from one picture
to one, and what it learnt, in plain values. Strengths are those of the least mean square error.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import cv2
import numpy as np

from impasto.evaluation.protocols.classical import Picture

Restore = Callable[[Picture], Picture]
Learn = Callable[[np.ndarray, np.ndarray], tuple[Restore, dict[str, Any]]]

BLUR_STRENGTHS: Final = (0.4, 0.6, 0.8, 1.0, 1.4, 2.0)
NOISE_STRENGTHS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
TUNED_ON: Final = 8
"""Pictures that strengths are tuned on."""
REACH: Final = 3
"""Pixels to each side that the linear filter sees."""


def noise_of(picture: Picture) -> float:
    """Deviation of white noise, 0..1, from the median of second differences, which edges hardly move."""
    values = picture.astype(np.float32) / 255
    second = values[1:-1, 1:-1] * 4 - values[:-2, 1:-1] * 2 - values[2:, 1:-1] * 2
    second = second - values[1:-1, :-2] * 2 - values[1:-1, 2:] * 2
    second = second + values[:-2, :-2] + values[2:, 2:] + values[:-2, 2:] + values[2:, :-2]
    spread = np.abs(second[second != 0])  # clipped black and white have none
    return float(np.median(spread)) / 0.6745 / 6 if spread.size else 0.0


def gaussian(picture: Picture, strength: float) -> Picture:
    """Blurred by a Gaussian of ``strength`` pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), strength)).reshape(picture.shape)


def median(picture: Picture, strength: float) -> Picture:
    """The median of 3 or 5 pixels squared."""
    return np.asarray(cv2.medianBlur(picture, 3 if strength < 1 else 5)).reshape(picture.shape)


def non_local_means(picture: Picture, strength: float) -> Picture:
    """Non-local means (Buades et al. 2005) by scikit-image, its ``h`` in deviations of the noise found."""
    from skimage.restoration import denoise_nl_means  # here, since it takes long to import

    h = strength * max(noise_of(picture), 1e-3)
    settings: dict[str, Any] = {"patch_size": 5, "patch_distance": 6, "h": h, "fast_mode": True}
    return _bytes(denoise_nl_means(picture / 255, channel_axis=-1, **settings)).reshape(picture.shape)


def total_variation(picture: Picture, strength: float) -> Picture:
    """Total variation (Chambolle 2004) by scikit-image, its weight in deviations of the noise found."""
    from skimage.restoration import denoise_tv_chambolle

    weight = strength * max(noise_of(picture), 1e-3)
    return _bytes(denoise_tv_chambolle(picture / 255, weight=weight, channel_axis=-1))


def unsharp_mask(picture: Picture, strength: float) -> Picture:
    """Twice what a Gaussian of ``strength`` pixels takes away is added."""
    values = picture.astype(np.float32) / 255
    smooth = np.asarray(cv2.GaussianBlur(values, (0, 0), strength)).reshape(values.shape)
    return _bytes(values + 2 * (values - smooth))


def tuned(
    filtered: Callable[[Picture, float], Picture], strengths: Sequence[float], content: np.ndarray, target: np.ndarray
) -> tuple[Restore, dict[str, Any]]:
    """A filter with the strength that brings content nearest to its target."""
    some = np.unique(np.linspace(0, len(content) - 1, TUNED_ON).round().astype(int))
    errors = [
        sum(float(np.square(filtered(content[i], s) / 255 - target[i] / 255).mean()) for i in some) for s in strengths
    ]
    best = strengths[int(np.argmin(errors))]
    return (lambda picture: filtered(picture, best)), {"strength": best}


def linear_filter(content: np.ndarray, target: np.ndarray) -> tuple[Restore, dict[str, Any]]:
    """The best linear filter of 7 x 7 pixels over all channels, by least squares (Wiener 1949)."""
    wanted, width = target.shape[3], content.shape[3] * (2 * REACH + 1) ** 2 + 1
    gram, product = np.zeros((width, width)), np.zeros((width, wanted))
    for given, goal in zip(content, target, strict=True):
        seen = _neighbourhoods(given)
        gram += seen.T @ seen
        product += seen.T @ (goal.reshape(-1, wanted) / 255)
    weights = np.linalg.solve(gram + 1e-3 * len(content) * np.eye(width), product)

    def restore(picture: Picture) -> Picture:
        return _bytes((_neighbourhoods(picture) @ weights).reshape(*picture.shape[:2], wanted))

    return restore, {"pixels": 2 * REACH + 1}


def colour_table(content: np.ndarray, target: np.ndarray) -> tuple[Restore, dict[str, Any]]:
    """For each value of the first channel, the mean of what it became; what never came takes the nearest that did."""
    values, wanted = content[..., 0].ravel(), target.shape[3]
    counts = np.bincount(values, minlength=256)
    sums = np.stack([np.bincount(values, target[..., c].ravel(), 256) for c in range(wanted)], 1)
    seen = np.flatnonzero(counts)
    nearest = seen[np.abs(np.arange(256)[:, None] - seen).argmin(1)]
    table = np.rint(sums / np.maximum(counts, 1)[:, None]).astype(np.uint8)[nearest]
    return (lambda picture: table[picture[..., 0]]), {"values": len(seen)}


def _neighbourhoods(picture: Picture) -> np.ndarray:
    """The pixels around each pixel, and a 1: float64 (H * W, C * 49 + 1) in 0..1."""
    size = 2 * REACH + 1
    padded = np.pad(picture / 255, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (0, 1))
    flat = windows.reshape(picture.shape[0] * picture.shape[1], -1)
    return np.concatenate([flat, np.ones((len(flat), 1))], 1)


def _bytes(values: np.ndarray) -> Picture:
    return np.clip(np.rint(255 * values), 0, 255).astype(np.uint8)


LEARNERS: Final[dict[str, tuple[str, Learn]]] = {
    "gaussian": ("Gaussian blur", partial(tuned, gaussian, BLUR_STRENGTHS)),
    "median": ("median", partial(tuned, median, (0.5, 2.0))),
    "non_local_means": ("non-local means", partial(tuned, non_local_means, NOISE_STRENGTHS)),
    "total_variation": ("total variation", partial(tuned, total_variation, NOISE_STRENGTHS)),
    "unsharp_mask": ("unsharp mask", partial(tuned, unsharp_mask, BLUR_STRENGTHS)),
    "linear_filter": ("linear filter", linear_filter),
    "colour_table": ("colour table", colour_table),
}
"""By the name in ``evaluation.filters``: the name of the row, and what learns it."""
