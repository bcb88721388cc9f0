"""Faces turned, scaled and moved so that eyes and mouth lie where they lie in all others."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from impasto.base.errors import UserError
from impasto.data.sources.decode import BadImage

TEMPLATE: Final = np.array([[0.37, 0.47], [0.63, 0.47], [0.5, 0.59], [0.4, 0.72], [0.6, 0.72]])
"""Left eye, right eye, nose, and both corners of the mouth, as they are seen, in shares of the side."""


def similarity(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Rotation, scale and shift that bring points nearest to targets (Umeyama 1991): (2, 3) from two (n, 2).

    Raises:
        BadImage: the points are one.
    """
    centred, wanted = points - points.mean(0), targets - targets.mean(0)
    spread = float((centred**2).sum())
    if spread < 1e-6:
        raise BadImage("its landmarks are one point")
    left, values, right = np.linalg.svd(wanted.T @ centred)
    sign = np.diag([1.0, np.sign(np.linalg.det(left @ right))])
    turn = left @ sign @ right * (values @ np.diag(sign)) / spread
    return np.column_stack([turn, targets.mean(0) - turn @ points.mean(0)])


@dataclass(frozen=True)
class Aligned:
    """Cuts a face out by its landmarks, see :class:`~impasto.data.sources.source.Made`.

    Attributes:
        points: x and y of the five points in pixels, ten numbers.
    """

    points: tuple[float, ...]

    @classmethod
    def to(cls, points: np.ndarray) -> "Aligned":
        """From (5, 2)."""
        return cls(tuple(map(float, points.ravel())))

    def __call__(self, pixels: np.ndarray, canvas: int) -> np.ndarray:
        """uint8 or uint16 (H, W, 3) to (canvas, canvas, 3); what lies outside continues the border."""
        moved = similarity(np.array(self.points).reshape(5, 2), TEMPLATE * canvas)
        scale = float(np.hypot(moved[0, 0], moved[1, 0]))
        if scale < 0.5:  # shrunk by area first, since the transform takes single pixels
            height, width = (max(round(2 * scale * side), 1) for side in pixels.shape[:2])
            stretch = np.array([pixels.shape[1] / width, pixels.shape[0] / height, 1.0])
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
            moved = moved * stretch
        return cv2.warpAffine(pixels, moved, (canvas, canvas), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@dataclass(frozen=True)
class Detected:
    """Finds the largest face by OpenCV's YuNet and cuts it out, see :class:`~impasto.data.sources.source.Made`.

    Attributes:
        weights: file of the network, an .onnx.
    """

    weights: str

    def __call__(self, pixels: np.ndarray, canvas: int) -> np.ndarray:
        """uint8 (H, W, 3) to (canvas, canvas, 3).

        Raises:
            BadImage: no face is found.
        """
        height, width = pixels.shape[:2]
        try:
            network: Any = cv2.FaceDetectorYN.create(self.weights, "", (width, height))
        except (cv2.error, AttributeError) as problem:
            raise UserError(f"data.detector={self.weights} cannot be used ({problem}): give YuNet's .onnx.") from None
        found = network.detect(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1]
        if found is None:
            raise BadImage("no face is found in it")
        largest = max(found, key=lambda face: face[2] * face[3])
        return Aligned.to(np.array(largest[4:14]))(pixels, canvas)
