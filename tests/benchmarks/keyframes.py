"""A clip with a keyframe and the truth of other frames, and how near to it painted frames come, beside controls.

``python -m tests.benchmarks.keyframes make FOLDER`` writes a clip of a moving camera with something moving in front
(``clip/``), masks of that (``masks/``), and for each of two hands of the procedural painter a keyframe (``HAND/keys/``)
and what the same hand makes of other frames (``HAND/truth/``). ``python -m tests.benchmarks.keyframes score FOLDER HAND
NAME=DIR ...`` compares painted frames with that truth, and with what can be had without learning: the frame as it is,
the frame in the keyframe's colours, and the keyframe moved along the optical flow.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from PIL import Image

from impasto.data.sources.opening import SAMPLES
from impasto.evaluation.figures.image_metrics import psnr, ssim
from impasto.evaluation.protocols.color_matching import colours_of, match_colours
from impasto.losses.terms.perceptual import patch_distance
from impasto.procedural.hand import draw_hand
from impasto.procedural.render import render
from impasto.video.motion import flow, grey, motion, sampled
from tests.benchmarks.moving_camera import MovingCamera, cut_out_of_black

COUNT: Final = 48
SIZE: Final = (360, 640)
KEY: Final = 24
TRUTH: Final = (1, 8, 16, 32, 40, 48)
"""Frames whose truth is known, beside the keyframe; numbers from 1."""
PAIRS: Final = ((16, 17), (32, 33))
"""Neighbours whose truth is known too, for the flicker."""
HANDS: Final = {"flat": 27, "oil": 0}
"""By name, the seed of a hand: a poster with outlines, and oil in other colours."""


def make(folder: Path) -> None:
    """Write the clip, its masks, and what the hands paint."""
    photo = read(SAMPLES / "photos" / "monuments" / "neuschwansteinCastle_germany.jpg")
    fish = cut_out_of_black(read(SAMPLES / "photos" / "fishes" / "fish25.jpg"))
    camera = MovingCamera(photo, fish, SIZE, COUNT)
    for number in range(1, COUNT + 1):
        write(folder / "clip" / f"{number:04d}.png", camera.frame(number - 1))
        write(folder / "masks" / f"{number:04d}.png", np.rint(255 * camera.opacity(number - 1)).astype(np.uint8))
    for name, seed in HANDS.items():
        for number in sorted({KEY, *TRUTH, *(n for pair in PAIRS for n in pair)}):
            painted = render(camera.frame(number - 1), draw_hand(seed), 1)
            write(folder / name / ("keys" if number == KEY else "truth") / f"{number:04d}.png", painted)


def score(folder: Path, hand: str, painted: dict[str, Path]) -> None:
    """Print a table: a row for each painter and control."""
    frames = {number: read(folder / "clip" / f"{number:04d}.png") for number in range(1, COUNT + 1)}
    key = read(folder / hand / "keys" / f"{KEY:04d}.png")
    colours = colours_of(tensor(key, False))
    rows: dict[str, Callable[[int], np.ndarray]] = {
        name: lambda number, path=path: read(path / f"{number:04d}.png") for name, path in painted.items()
    }
    rows |= {
        "frame as it is": lambda number: frames[number],
        "frame in the keyframe's colours": lambda number: pixels(match_colours(tensor(frames[number], False), colours)),
        "keyframe along the flow": lambda number: along(frames, key, number),
    }
    truth = {n: read(folder / hand / "truth" / f"{n:04d}.png") for n in {*TRUTH, *(n for pair in PAIRS for n in pair)}}
    rows["another painting by the hand"] = lambda number: truth[number]
    print(f"{'':34}{'PSNR':>8}{'SSIM':>8}{'marks':>8}{'flicker':>9}")
    for name, of in rows.items():
        found = [(of(n), truth[n]) for n in TRUTH]
        values = [(float(f(tensor(a), tensor(b))), f) for f in (psnr, ssim) for a, b in found]
        torch.manual_seed(0)
        marks = float(np.mean([float(patch_distance(tensor(a), tensor(b), scales=(1, 2))) for a, b in found]))
        means = [np.mean([value for value, f in values if f is which]) for which in (psnr, ssim)]
        flicker = np.mean([flickering(frames[a], frames[b], of(a), of(b)) for a, b in PAIRS])
        print(f"{name:34}{means[0]:8.2f}{means[1]:8.4f}{marks:8.4f}{flicker:9.2f}", flush=True)


def along(frames: dict[int, np.ndarray], key: np.ndarray, number: int) -> np.ndarray:
    """The keyframe moved to another frame along the flows from frame to frame in between."""
    step = 1 if number < KEY else -1
    way = np.zeros((*SIZE, 2), np.float32)
    for at in range(number, KEY, step):
        one = flow(grey(frames[at]), grey(frames[at + step]))
        way = way + sampled(one, way, cv2.INTER_LINEAR)
    return np.rint(sampled(key, way, cv2.INTER_LINEAR)).astype(np.uint8)


def flickering(before: np.ndarray, now: np.ndarray, painted_before: np.ndarray, painted: np.ndarray) -> float:
    """Mean difference in levels of 255 between a painted frame and the one before, moved along the clip's motion."""
    moved = motion(before, now)
    return float(abs(moved.carried(painted_before) - painted)[moved.known].mean())


def read(path: Path) -> np.ndarray:
    """uint8 (H, W, 3)."""
    return np.asarray(Image.open(path).convert("RGB"))


def write(path: Path, pixels: np.ndarray) -> None:
    """A PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def tensor(pixels: np.ndarray, as_signal: bool = True) -> torch.Tensor:
    """(1, 3, H, W), in [-1, 1] or as bytes."""
    values = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None]
    return values.float() / 127.5 - 1 if as_signal else values


def pixels(images: torch.Tensor) -> np.ndarray:
    """The inverse, of bytes."""
    return images[0].permute(1, 2, 0).numpy()


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        given = dict(argument.split("=", 1) for argument in sys.argv[4:])
        score(Path(sys.argv[2]), sys.argv[3], {name: Path(path) for name, path in given.items()})
