"""A clip made of one photograph: a camera pans over it and comes nearer, while a cut-out moves across."""

import math
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class MovingCamera:
    """Frames of a clip, each a function of its number alone.

    Args:
        photo: uint8 (H, W, 3), the scene.
        cut_out: uint8 (h, w, 4), what moves in front of it, with its opacity; None for nothing.
        size: (height, width) of the frames.
        count: frames of the clip.
        shown: share of the photograph's width, or height if that is the tighter side, that the camera sees at first.
        zoom: how much nearer the camera is at the end.
    """

    photo: np.ndarray
    cut_out: np.ndarray | None
    size: tuple[int, int]
    count: int
    shown: float = 0.75
    zoom: float = 1.15

    def camera(self, number: int) -> np.ndarray:
        """Where a point of the photograph (x, y, 1) is seen in frame ``number``: float64 (2, 3)."""
        (height, width), (high, wide) = self.size, self.photo.shape[:2]
        t = number / max(self.count - 1, 1)
        scale = max(height / high, width / wide) / self.shown * self.zoom**t
        # The window stays inside the photograph; it goes from the left to the right along a shallow arc.
        room_x, room_y = wide - width / scale, high - height / scale
        left, top = room_x * t, room_y * (0.5 + 0.5 * math.sin(math.pi * (t - 0.5)) * 0.6)
        return np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])

    def place(self, number: int) -> np.ndarray:
        """Where a point of the cut-out (x, y, 1) is seen in frame ``number``: float64 (2, 3)."""
        assert self.cut_out is not None
        (height, width), (high, wide) = self.size, self.cut_out.shape[:2]
        t = number / max(self.count - 1, 1)
        scale = 0.5 * height / high * (1 + 0.1 * math.sin(2 * math.pi * t))
        angle = math.radians(8 * math.sin(2 * math.pi * t))
        x, y = width * (0.25 + 0.5 * t), height * (0.62 - 0.12 * math.sin(math.pi * t))
        turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        return np.column_stack([turn, np.array([x, y]) - turn @ np.array([wide / 2, high / 2])])

    def opacity(self, number: int) -> np.ndarray:
        """How much of each pixel is cut-out: float32 (H, W) in [0, 1]."""
        if self.cut_out is None:
            return np.zeros(self.size, np.float32)
        alpha = self.cut_out[..., 3].astype(np.float32) / 255
        return cv2.warpAffine(alpha, self.place(number), self.size[::-1], flags=cv2.INTER_LINEAR)

    def frame(self, number: int) -> np.ndarray:
        """Frame ``number``, counted from 0: uint8 (H, W, 3)."""
        size = self.size[::-1]
        seen = cv2.warpAffine(
            self.photo, self.camera(number), size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        if self.cut_out is None:
            return seen
        # Colours are weighted by opacity before they are moved, so that none from under clear pixels gets in.
        colours = self.cut_out.astype(np.float32)
        colours[..., :3] *= colours[..., 3:] / 255
        moved = cv2.warpAffine(colours, self.place(number), size, flags=cv2.INTER_LINEAR)
        behind = seen.astype(np.float32) * (1 - moved[..., 3:] / 255)
        return np.rint(np.clip(moved[..., :3] + behind, 0, 255)).astype(np.uint8)


def cut_out_of_black(pixels: np.ndarray, threshold: int = 100) -> np.ndarray:
    """What lies on a black ground, with its opacity: uint8 (H, W, 3) to uint8 (H, W, 4).

    Args:
        pixels: the picture.
        threshold: brightest channel of the ground.
    """
    bright = (pixels.max(2) > threshold).astype(np.uint8)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(bright)
    if count < 2:
        return np.dstack([pixels, np.zeros_like(bright)])
    largest = (labels == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
    closed = cv2.morphologyEx(largest, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = cv2.drawContours(np.zeros_like(closed), outlines, -1, 255, cv2.FILLED)
    alpha = cv2.GaussianBlur(cv2.erode(whole, np.ones((3, 3), np.uint8)), (5, 5), 0)
    return np.dstack([pixels, alpha])
