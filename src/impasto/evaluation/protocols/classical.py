"""Classical restoration, the controls that a trained painter has to beat: one picture in, one picture out.

Each function takes uint8 (H, W, C), with C 1 or 3, and gives a picture of the same kind. Most are told the true
strength of the damage (the deviation of the noise, the kernel, the quality), which a trained painter is not. Settings
are those of the highest PSNR on the shipped photographs among those tried, so that the controls are hard to beat.
"""

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

Picture = np.ndarray
"""uint8 (H, W, C)."""


def enlarged(picture: Picture, scale: int, how: Image.Resampling) -> Picture:
    """At ``scale`` times the size, by Pillow, whose ``BICUBIC`` has a = -0.5, as MATLAB's."""
    height, width, channels = picture.shape
    size = width * scale, height * scale
    made = Image.fromarray(picture if channels == 3 else picture[..., 0]).resize(size, how)
    return np.asarray(made).reshape(height * scale, width * scale, channels)


def non_local_means(picture: Picture, sigma: float) -> Picture:
    """Non-local means (Buades et al. 2005) for Gaussian noise of a known deviation, by scikit-image.

    Args:
        picture: noisy.
        sigma: deviation of the noise, 0..255.
    """
    from skimage.restoration import denoise_nl_means  # here, since it takes long to import

    noise = sigma / 255
    settings = {"patch_size": 5, "patch_distance": 6, "h": 0.6 * noise, "sigma": noise, "fast_mode": True}
    return _bytes(255 * denoise_nl_means(picture / 255, channel_axis=-1, **settings))


def bilateral(picture: Picture, sigma: float, reach: float = 3.0) -> Picture:
    """The bilateral filter (Tomasi and Manduchi 1998), by OpenCV.

    Args:
        picture: noisy.
        sigma: of differences in brightness that are smoothed away, 0..255.
        reach: deviation in pixels.
    """
    return cv2.bilateralFilter(picture, 7, sigma, reach).reshape(picture.shape)


def total_variation(picture: Picture, weight: float) -> Picture:
    """Denoised by total variation (Chambolle 2004), by scikit-image.

    Args:
        picture: noisy or compressed.
        weight: of smoothness.
    """
    from skimage.restoration import denoise_tv_chambolle

    return _bytes(255 * denoise_tv_chambolle(picture / 255, weight=weight, channel_axis=-1))


def unsharp_mask(picture: Picture, reach: float = 1.5, amount: float = 1.0) -> Picture:
    """Sharpened by what a Gaussian blur takes away, told nothing of the true blur.

    Args:
        picture: blurred.
        reach: deviation of the Gaussian in pixels.
        amount: of the difference that is added.
    """
    values = picture.astype(np.float32)
    smooth = np.asarray(cv2.GaussianBlur(values, (0, 0), reach)).reshape(values.shape)
    return _bytes(values + amount * (values - smooth))


def richardson_lucy(picture: Picture, kernel: np.ndarray, iterations: int = 30) -> Picture:
    """Deconvolved with the true kernel (Richardson 1972, Lucy 1974), by scikit-image.

    The border is continued by its own pixels over twice the kernel, without which the border rings inwards.

    Args:
        picture: blurred.
        kernel: (k, l), odd, of sum 1.
        iterations: more are sharper, and raise noise.
    """
    from skimage.restoration import richardson_lucy as deconvolved

    around = 2 * max(kernel.shape)
    values = (picture / 255).astype(np.float32)  # twice as fast as in float64, and no worse
    padded = np.pad(values, ((around, around), (around, around), (0, 0)), mode="edge")
    made = [deconvolved(padded[..., c], kernel, num_iter=iterations) for c in range(picture.shape[2])]
    return _bytes(255 * np.stack(made, -1)[around:-around, around:-around])


def inpainted(picture: Picture, mask: np.ndarray, method: int, radius: float = 3.0) -> Picture:
    """Holes filled from what is around them, by OpenCV.

    Args:
        picture: with holes; what they hold is not looked at.
        mask: (H, W), other than 0 in the holes.
        method: ``cv2.INPAINT_TELEA`` (Telea 2004) or ``cv2.INPAINT_NS`` (Navier-Stokes, Bertalmio et al. 2001).
        radius: pixels around a hole that are looked at.
    """
    return cv2.inpaint(picture, (mask > 0).astype(np.uint8), radius, method).reshape(picture.shape)


def equalised(picture: Picture) -> Picture:
    """Histogram of brightness equalised, colours kept, by OpenCV."""
    return _brightened(picture, cv2.equalizeHist)


def locally_equalised(picture: Picture) -> Picture:
    """Contrast-limited adaptive equalisation of brightness (CLAHE, Zuiderveld 1994), colours kept, by OpenCV."""
    return _brightened(picture, cv2.createCLAHE(clipLimit=4.0, tileGridSize=(4, 4)).apply)


def brightened(picture: Picture, mean: float) -> Picture:
    """Raised to the power that brings its mean brightness to that of clean pictures.

    Args:
        picture: dark.
        mean: brightness wanted, 0..1.
    """
    values = picture / 255
    low, high = 0.05, 5.0
    for _ in range(30):  # the mean falls as the power rises
        middle = (low * high) ** 0.5
        low, high = (middle, high) if (values**middle).mean() > mean else (low, middle)
    return _bytes(255 * values**low)


def tinted(grey: Picture, tint: tuple[float, float]) -> Picture:
    """A grey picture with the same tint everywhere.

    Args:
        grey: (H, W, 1 or 3).
        tint: Cb and Cr of ITU-R BT.601, 0..255; 128 is grey.
    """
    brightness = grey[..., :1]
    planes = [brightness, *(np.full_like(brightness, round(value)) for value in tint)]
    return np.asarray(Image.fromarray(np.concatenate(planes, 2), "YCbCr").convert("RGB"))


def mean_tint(pictures: np.ndarray) -> tuple[float, float]:
    """Mean Cb and Cr of uint8 pictures (N, H, W, 3)."""
    planes = np.asarray(Image.fromarray(pictures.reshape(1, -1, 3)).convert("YCbCr"), np.float64)
    return float(planes[..., 1].mean()), float(planes[..., 2].mean())


def _brightened(picture: Picture, change: Callable[[np.ndarray], np.ndarray]) -> Picture:
    if picture.shape[2] == 1:
        return change(picture[..., 0])[..., None]
    planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
    planes[..., 0] = change(np.ascontiguousarray(planes[..., 0]))
    return cv2.cvtColor(planes, cv2.COLOR_YCrCb2RGB)


def _bytes(values: np.ndarray) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
