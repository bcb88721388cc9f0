"""Where strokes point: along form by the smoothed structure tensor, or along the hand's own field."""

import cv2
import numpy as np

from impasto.procedural.palettes import LUMA, blurred


def form(picture: np.ndarray, deviation: float) -> tuple[np.ndarray, np.ndarray]:
    """Tangents of edges by the structure tensor (Kyprianidis and Kang 2011), as vectors of the double angle.

    The tensor is smoothed at three sizes, so that strokes in flat places follow the edges around them.

    Args:
        picture: float32 (H, W, 3) in [0, 1].
        deviation: of the finest smoothing in pixels.

    Returns:
        (H, W, 2), of length at most 1, longer where the direction is clear; and the edges' strength (H, W).
    """
    grey = blurred(picture @ LUMA, max(0.7, deviation / 3))
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength = np.hypot(gx, gy)
    # The square root of the gradient's length: faint edges count, too.
    weight = 1 / np.sqrt(strength + 1e-4)
    tensor = np.stack([(gy * gy - gx * gx) * weight, -2 * gx * gy * weight, strength**2 * weight], -1)
    total = np.zeros_like(tensor)
    for factor, share in ((1, 1.0), (3, 0.25), (9, 0.05)):
        total += share * blurred(tensor, deviation * factor)
    return total[..., :2] / (total[..., 2:] + 2e-3), strength


def own_field(h: int, w: int, direction: str, angle: float, flow: float, rng: np.random.Generator) -> np.ndarray:
    """The hand's own directions as unit vectors of the double angle: (H, W, 2).

    Args:
        h: height in pixels.
        w: width in pixels.
        direction: "angle", "flow", "swirl" or "radial".
        angle: in radians, added everywhere.
        flow: how much directions turn.
        rng: of the hand, so that two pictures of one size have the same field.
    """
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    side = max(h, w)
    if direction == "flow":
        noise = rng.normal(0, 1, (6, 6)).astype(np.float32)
        field = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)[:h, :w]
        turned = angle + flow * np.pi * field
    elif direction == "swirl":
        turned = np.full((h, w), angle, np.float32)
        flowing = np.stack([np.cos(turned), np.sin(turned)], -1) * 0.3
        for _ in range(int(rng.integers(3, 8))):
            cx, cy, r = rng.random() * w, rng.random() * h, side * rng.uniform(0.08, 0.25)
            near = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * r * r)) * rng.choice([-1, 1])
            flowing += np.stack([-(y - cy), x - cx], -1) / r * near[..., None] * (0.5 + flow)
        turned = np.arctan2(flowing[..., 1], flowing[..., 0])
    elif direction == "radial":
        cx, cy = w * rng.uniform(0.1, 0.9), h * rng.uniform(0.1, 0.9)
        turned = np.arctan2(y - cy, x - cx) + angle
    else:
        turned = np.full((h, w), angle, np.float32)
    return np.stack([np.cos(2 * turned), np.sin(2 * turned)], -1).astype(np.float32)


def directions(tangents: np.ndarray, own: np.ndarray, follow: float) -> np.ndarray:
    """Angles of strokes in radians, (H, W): form where it is clear and followed, else the hand's own field."""
    mixed = follow * tangents + (0.02 + (1 - follow)) * own
    return 0.5 * np.arctan2(mixed[..., 1], mixed[..., 0])
