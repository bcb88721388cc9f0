"""Palettes: drawing colours that go together, and moving a photograph's colours to them."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Brightness of ITU-R BT.601."""
LEAST_LIGHT = 0.03
"""Variance of brightness that recoloured pictures have at least."""
SCHEMES = ("near", "complement", "triad", "pastel", "dark", "bright", "cool", "warm", "tint", "any")
"""How the colours of a palette belong together; see :func:`draw_palette`."""

Colour = tuple[float, float, float]
"""Red, green and blue in [0, 1]."""


def draw_palette(rng: np.random.Generator, count: int, scheme: str | None = None) -> tuple[Colour, ...]:
    """Colours that go together, from dark to light.

    Args:
        rng: draws them.
        count: how many, 2 or more.
        scheme: one of :data:`SCHEMES`; None draws it too.
    """
    scheme = scheme or str(rng.choice(SCHEMES))
    hue = float(draw_hues(rng, 1)[0])
    hues = {
        "near": hue + rng.normal(0, 0.06, count),
        "complement": hue + 0.5 * (rng.random(count) < 0.4) + rng.normal(0, 0.03, count),
        "triad": hue + rng.integers(0, 3, count) / 3 + rng.normal(0, 0.03, count),
        "cool": rng.uniform(0.38, 0.75, count),
        "warm": rng.uniform(-0.12, 0.17, count),
        "tint": hue + rng.normal(0, 0.02, count),
    }.get(scheme, draw_hues(rng, count))
    low, high = {"pastel": (0.45, 0.98), "dark": (0.03, 0.6), "bright": (0.2, 1.0)}.get(scheme, (0.08, 0.95))
    values = low + (high - low) * np.linspace(0, 1, count) ** rng.uniform(0.55, 1.15) + rng.normal(0, 0.06, count)
    strong = {"pastel": (0.1, 0.45), "bright": (0.7, 1.0), "tint": (0.05, 0.3)}.get(scheme, (0.25, 0.95))
    chroma = rng.uniform(*strong, count)
    if scheme in ("cool", "warm") and rng.random() < 0.6:  # one accent from the other side
        hues[rng.integers(count)] += 0.5
    colours = [
        colorsys.hsv_to_rgb(h % 1, float(np.clip(s, 0, 1)), float(np.clip(0.12 + 0.88 * v, 0, 1)))
        for h, s, v in zip(hues, chroma, values, strict=True)
    ]
    kept = [brightened(colour, v) for colour, v in zip(colours, values, strict=True)]
    return tuple((round(float(r), 3), round(float(g), 3), round(float(b), 3)) for r, g, b in kept)


PIGMENTS = (
    (0.09, 0.09, 0.11), (0.13, 0.2, 0.38), (0.2, 0.4, 0.6), (0.5, 0.69, 0.8), (0.75, 0.86, 0.88), (0.16, 0.28, 0.2),
    (0.35, 0.47, 0.27), (0.6, 0.68, 0.42), (0.79, 0.66, 0.36), (0.93, 0.84, 0.6), (0.96, 0.93, 0.85),
    (0.62, 0.22, 0.16), (0.82, 0.42, 0.28), (0.91, 0.68, 0.58), (0.35, 0.24, 0.18), (0.56, 0.44, 0.34),
    (0.55, 0.56, 0.56), (0.9, 0.72, 0.2),
)  # fmt: skip
"""Colours of woodblock prints: Prussian blue, moss, ochre, vermilion, ink, paper and their mixtures."""


def natural_palette(rng: np.random.Generator, count: int) -> tuple[Colour, ...]:
    """Some of :data:`PIGMENTS`, moved a little, from dark to light; a dark, a light and a blue are among them."""
    rest = [i for i in range(len(PIGMENTS)) if i not in (0, 3, 10)]
    chosen = [0, 3, 10, *rng.permutation(rest)[: max(0, count - 3)]]
    tint = rng.normal(0, 0.05, 3)
    colours = [np.clip(np.array(PIGMENTS[i]) + tint + rng.normal(0, 0.03, 3), 0, 1) for i in chosen]
    colours.sort(key=lambda colour: float(colour @ LUMA))
    return tuple((round(float(r), 3), round(float(g), 3), round(float(b), 3)) for r, g, b in colours)


def draw_hues(rng: np.random.Generator, count: int) -> np.ndarray:
    """Hues in turns, uniform but for violet and magenta, which painters use half as often."""
    hues, again = rng.random(count), rng.random(count)
    return np.where((hues > 0.74) & (hues < 0.96) & (rng.random(count) < 0.6), again, hues)


def brightened(colour: Sequence[float], brightness: float) -> list[float]:
    """The colour moved halfway to a brightness, so that dark and light are kept apart whatever the hues are."""
    c = np.array(colour)
    missing = float(np.clip(brightness, 0.02, 0.98)) - float(c @ LUMA)
    return list(np.clip(c + 0.55 * missing, 0, 1))


def recoloured(
    picture: np.ndarray, palette: Sequence[Colour], strength: float, toning: float, saturation: float, contrast: float
) -> np.ndarray:
    """The picture in the palette's colours.

    The colours are moved by the optimal transport between Gaussians (Pitié and Kokaram 2007, equation 5), those of the
    picture and of the palette, then towards the palette's colour of the same rank in brightness.

    Args:
        picture: float32 (H, W, 3) in [0, 1].
        palette: colours in [0, 1].
        strength: 0 for the picture's colours, 1 for the palette's.
        toning: share of the colour that goes by brightness alone.
        saturation: factor of chroma.
        contrast: factor of the distance from middle grey.

    Returns:
        float32 (H, W, 3) in [0, 1].
    """
    flat = picture.reshape(-1, 3).astype(np.float64)
    colours = np.array(palette)
    mean, target = flat.mean(0), colours.mean(0)
    covariance = np.cov(flat.T) + np.eye(3) * 1e-3 if len(flat) > 1 else np.eye(3) * 1e-3
    wanted = np.cov(colours.T) * 0.8 + np.eye(3) * 1.5e-3
    wanted += max(0.0, LEAST_LIGHT - float(LUMA @ wanted @ LUMA))  # light and dark stay apart in any palette
    root, inverse = power(covariance, 0.5), power(covariance, -0.5)
    transport = inverse @ power(root @ wanted @ root, 0.5) @ inverse
    moved = (flat - mean) @ transport + target
    if toning:
        ranked = colours[np.argsort(colours @ LUMA)]
        light = np.clip(((flat - mean) @ LUMA) / (4 * np.sqrt(LUMA @ covariance @ LUMA)) + 0.5, 0, 1)
        stops = np.linspace(0, 1, len(ranked))
        toned = np.stack([np.interp(light, stops, ranked[:, i]) for i in range(3)], 1)
        moved += toning * (toned - moved)
    moved = flat + strength * (moved - flat)
    grey = (moved @ LUMA)[:, None]
    moved = grey + saturation * (moved - grey)
    moved = 0.5 + contrast * (moved - 0.5)
    return np.clip(moved, 0, 1).astype(np.float32).reshape(picture.shape)


def power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric positive definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-6) ** exponent) @ vectors.T


def nearest(picture: np.ndarray, palette: Sequence[Colour]) -> np.ndarray:
    """Number of the palette's colour that is nearest to each pixel: (H, W, 3) to int64 (H, W).

    Brightness weighs more than hue, so that light and dark shapes stay apart.
    """
    axes = np.concatenate([np.eye(3) - LUMA[None], LUMA[:, None] * 2.0], 1)
    values, colours = picture @ axes.astype(np.float32), np.array(palette, np.float32) @ axes.astype(np.float32)
    distance = (values**2).sum(-1, keepdims=True) - 2 * values @ colours.T + (colours**2).sum(-1)
    return distance.argmin(-1)


def jittered(
    colours: np.ndarray, rng: np.random.Generator, chroma: float, light: float, complement: float
) -> np.ndarray:
    """Colours of strokes: (N, 3), each moved a little in chroma and brightness, some towards the complement."""
    n = len(colours)
    shift = rng.normal(0, 1, (n, 3))
    shift -= (shift @ LUMA)[:, None]
    out = colours + chroma * shift + light * rng.normal(0, 1, (n, 1))
    if complement:
        grey = (out @ LUMA)[:, None]
        mixed = grey - 0.8 * (out - grey) + 0.08 * shift
        out = np.where(rng.random((n, 1)) < complement, mixed, out)
    return np.clip(out, 0, 1).astype(np.float32)


def blurred(picture: np.ndarray, deviation: float) -> np.ndarray:
    """Gaussian blur; a large one is done on a smaller picture."""
    if deviation < 0.3:
        return picture
    h, w = picture.shape[:2]
    step = int(deviation // 3)
    if step > 1 and min(h, w) >= 8 * step:
        small = cv2.resize(picture, (w // step, h // step), interpolation=cv2.INTER_AREA)
        return cv2.resize(cv2.GaussianBlur(small, (0, 0), deviation / step), (w, h), interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(picture, (0, 0), deviation)
