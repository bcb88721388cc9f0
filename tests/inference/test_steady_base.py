"""The shipped base before a moving camera whose motion is known: half the flicker, and the style as near."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from impasto.data.sources.opening import SAMPLES
from impasto.evaluation.figures.warping_error import error_along, warping_error
from impasto.evaluation.protocols.style_table import style_table
from impasto.inference.repaint import PLAIN, Repainting
from impasto.inference.steady import TURN, Steadying
from impasto.inference.style_choice import choose_styles
from impasto.inference.styles import mixed_style
from impasto.painters.painter import Painter
from impasto.painters.style_base import load_base
from impasto.video.motion import inside

HEIGHT, WIDTH, COUNT = 160, 224, 12
PAINTINGS = sorted((SAMPLES / "paintings").glob("*.jpg"))


def camera(photo: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames of a pan of two pixels a frame with a slow zoom, and the map from the pixels of each to the photograph."""
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    scale = 0.75 * min(pixels.shape[0] / HEIGHT, pixels.shape[1] / WIDTH)
    smooth = cv2.GaussianBlur(pixels, (0, 0), 0.5 * scale)
    frames, maps = [], []
    for number in range(COUNT):
        step = scale / 1.003**number
        middle = np.array([pixels.shape[1], pixels.shape[0]]) / 2 + (number - COUNT / 2) * scale * np.array([1.7, 0.6])
        corner = middle - step * np.array([WIDTH - 1, HEIGHT - 1]) / 2
        matrix = np.array([[step, 0, corner[0]], [0, step, corner[1]]])
        how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        frames.append(cv2.warpAffine(smooth, matrix, (WIDTH, HEIGHT), flags=how, borderMode=cv2.BORDER_REFLECT))
        maps.append(matrix)
    return frames, maps


def true_error(painted: list[np.ndarray], maps: list[np.ndarray]) -> float:
    """The mean warping error along the motion that the camera really had."""
    places = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1).astype(np.float64)
    errors = []
    for number, (here, there) in enumerate(pairwise(maps)):
        on_photo = places * here[[0, 1], [0, 1]] + here[:, 2]
        way = ((on_photo - there[:, 2]) / there[[0, 1], [0, 1]] - places).astype(np.float32)
        errors.append(error_along(painted[number], painted[number + 1], way, inside(way)))
    return float(np.mean(errors))


def paint(painter: Painter, frames: list[np.ndarray], steady: Steadying | None) -> list[np.ndarray]:
    painted = []
    for frame in frames:
        if steady is not None:
            steady.look(frame)
        repainting = Repainting(painter, frame, None, PLAIN)
        for _ in repainting:
            pass
        painted.append(repainting.result if steady is None else steady.steadied(repainting.result))
    return painted


def test_half_the_flicker_at_no_worse_style() -> None:
    base = load_base(device="cpu")
    painter = base.in_style(mixed_style(base, choose_styles("van_gogh")))
    frames, maps = camera(SAMPLES / "photos" / "monuments" / "canyondeChelly_usa.jpg")
    alone = paint(painter, frames, None)
    with Steadying(painter, TURN) as steadying:
        steady = paint(painter, frames, steadying)
    assert true_error(steady, maps) < 0.5 * true_error(alone, maps)
    assert warping_error(steady, frames) < 0.5 * warping_error(alone, frames)
    style = [np.asarray(Image.open(path).convert("RGB")) for path in PAINTINGS]
    late = slice(6, None, 2)  # after every cell was carried for a while
    scores = [
        style_table(painted[late], frames[late], style, others={}, controls=False, size=128)["painted"]
        for painted in (alone, steady)
    ]
    for figure in ("style", "stroke"):
        before, after = (row[figure].value for row in scores)
        assert after < 1.04 * before, figure
