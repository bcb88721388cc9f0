"""Drawn road scenes as files, in the layout of Cityscapes and the formats of KITTI.

``python -m impasto.procedural.road_folder FOLDER --scenes 40`` writes ``leftImg8bit`` and ``gtFine`` as Cityscapes has
them; the same views by ``day``, at ``night`` and in ``fog``; ``depth`` (16 bits, metres times 256) and ``flow`` (16
bits, pixels times 64 and 2^15, with a channel of what is known) as KITTI has them; and ``clips`` of frames.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from impasto.procedural.roads import CITYSCAPES, Road, View

CITY = "drawn"
"""Name of the city of drawn scenes."""


def write_roads(folder: Path, scenes: int, frames: int = 12, width: int = 256, seed: int = 0) -> None:
    """Write scenes and all that is known of them.

    Args:
        folder: made if it is missing.
        scenes: how many; every tenth is of the part ``val``.
        frames: of each clip; 0 writes no clips.
        width: pixels; the height is half of it.
        seed: of all scenes.
    """
    size = (width // 2, width)
    for number in range(scenes):
        road = Road((seed, number))
        view = road.view(size)
        _cityscapes(folder, number, view)
        name = f"{number:06d}_10.png"
        for light in ("day", "night", "fog"):
            picture = view.picture if light == "day" else Road((seed, number), light).view(size).picture  # type: ignore[arg-type]
            _write(folder / light / name, picture)
        depth = np.rint(np.clip(view.depth, 0, 255) * 256).astype(np.uint16)
        _write(folder / "depth" / name, depth)
        _flow(folder / "flow" / name, view.motion)
        for frame in range(frames):
            _write(folder / "clips" / f"{number:04d}" / f"{frame:03d}.png", road.view(size, frame / 10).picture)


def _cityscapes(folder: Path, number: int, view: View) -> None:
    split = "val" if number % 10 == 9 else "train"
    stem = f"{CITY}_{number:06d}_000019"
    ids = np.array(CITYSCAPES.numbers, np.uint16)[view.classes]
    objects = np.where(view.objects > 0, ids * np.uint16(1000) + view.objects - 1, ids).astype(np.uint16)
    _write(folder / "leftImg8bit" / split / CITY / f"{stem}_leftImg8bit.png", view.picture)
    truth = folder / "gtFine" / split / CITY
    _write(truth / f"{stem}_gtFine_labelIds.png", ids.astype(np.uint8))
    _write(truth / f"{stem}_gtFine_instanceIds.png", objects)


def _flow(path: Path, motion: np.ndarray) -> None:
    values = np.rint(np.clip(motion * 64 + 2**15, 0, 2**16 - 1)).astype(np.uint16)
    path.parent.mkdir(parents=True, exist_ok=True)
    known = np.ones(motion.shape[:2], np.uint16)
    cv2.imwrite(str(path), np.dstack([known, values[..., 1], values[..., 0]]))  # OpenCV writes blue first


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m impasto.procedural.road_folder", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=40)
    parser.add_argument("--frames", type=int, default=12, help="of each clip; 0 for none")
    parser.add_argument("--width", type=int, default=256, help="in pixels; the height is half of it")
    parser.add_argument("--seed", type=int, default=0)
    given = vars(parser.parse_args())
    write_roads(**given)
    print(f"{given['scenes']} scenes in {given['folder']}")


if __name__ == "__main__":
    main()
