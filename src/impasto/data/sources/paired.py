"""Pairs: a picture and what it should become, aligned pixel by pixel."""

from typing import Final, Literal

import numpy as np
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.data.sources.aligned import MadeSource, left_half, matched, right_half
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import Pictures
from impasto.data.sources.unpaired import embedded_photos

Layout = Literal["folders", "side_by_side"]
Direction = Literal["left_to_right", "right_to_left"]
MadeOf = Literal["edges", "grey"]


def open_paired(
    content: str | None = None,
    target: str | None = None,
    root: str | None = None,
    layout: Layout = "folders",
    direction: Direction = "left_to_right",
    made: MadeOf = "edges",
) -> dict[str, Pictures]:
    """Open the aligned parts ``content`` and ``target``.

    Args:
        content: folder of the inputs, under ``layout=folders``.
        target: folder of what they should become: pictures under the same names; endings may differ.
        root: folder of pictures that hold both sides, under ``layout=side_by_side``.
        layout: two folders, or both sides in one picture.
        direction: which half of such a picture is the content: the left one for ``left_to_right``.
        made: without folders, the content that is made of the embedded photographs: ``edges`` or ``grey``.

    Raises:
        UserError: a folder does not exist, or the settings do not fit each other.
    """
    if layout == "side_by_side":
        return _side_by_side(root, direction, content is not None or target is not None)
    if root is not None:
        raise UserError("data.root is for data.layout=side_by_side only: set that, or data.content and data.target.")
    if content is None and target is None:
        return _made_pairs(made)
    if content is None or target is None:
        missing = "content" if content is None else "target"
        raise UserError(f"Pairs take two folders: set data.{missing} to the folder of the other side.")
    folders = FolderSource(content, "none", option="data.content"), FolderSource(target, "none", option="data.target")
    *sides, alone = matched(*folders)
    if alone:
        notice(
            "data.pairs",
            f"{len(alone)} pictures in {folders[0].root} and {folders[1].root} have no partner of the same name "
            f"({', '.join(alone[:3])}{', ...' if len(alone) > 3 else ''}): they are left out and listed in the run's "
            "bad_images.csv.",
        )
    names = (f"folder {folder.root.resolve().name}" for folder in folders)
    return {part: Pictures(name, side) for part, name, side in zip(("content", "target"), names, sides, strict=True)}


def _side_by_side(root: str | None, direction: Direction, has_others: bool) -> dict[str, Pictures]:
    if root is None or has_others:
        raise UserError(
            "data.layout=side_by_side takes a folder of pictures that hold both sides: set data.root alone."
        )
    folder = FolderSource(root, "none")
    halves = {"left": MadeSource(folder, left_half), "right": MadeSource(folder, right_half)}
    first, second = direction.split("_to_")
    name = f"of folder {folder.root.resolve().name}"
    return {
        "content": Pictures(f"{first} halves {name}", halves[first]),
        "target": Pictures(f"{second} halves {name}", halves[second]),
    }


def _made_pairs(made: MadeOf) -> dict[str, Pictures]:
    photos = embedded_photos()
    notice(
        "data.source",
        f"No folders of pairs are given, so pairs are made of the photographs that come with Impasto, {made} to "
        "colour: set data.content and data.target to folders of pictures of the same names, or data.root to a folder "
        "of pictures that hold both sides, with data.layout=side_by_side.",
    )
    return {
        "content": Pictures(f"{made} of the embedded photographs", MadeSource(photos, MAKERS[made])),
        "target": Pictures("embedded photographs", photos),
    }


def edges(pixels: np.ndarray, canvas: int) -> np.ndarray:
    """Soft dark lines on white where brightness changes: the magnitude of Sobel's gradient.

    Drawn at the scale of the canvas, so that lines are as wide in large pictures as in small ones.

    Args:
        pixels: uint8 or uint16 (H, W, 3).
        canvas: longer side of the canvas.

    Returns:
        uint8 (h, w, 1), the shorter side at most ``canvas``.
    """
    image = _brightness(pixels)
    scale = min(1.0, canvas / min(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    grey = np.asarray(image.resize(size, Image.Resampling.LANCZOS), np.float32)
    padded = np.pad(grey, 2, mode="edge")
    smooth = _weighted(_weighted(padded, 0), 1)  # (h + 2, w + 2)
    across = _weighted(smooth[:, 2:] - smooth[:, :-2], 0)
    down = _weighted(smooth[2:] - smooth[:-2], 1)
    strength = np.hypot(across, down)
    full = max(float(np.percentile(strength, 98)), 8.0)  # of a picture without edges, noise stays noise
    return np.rint(255 * (1 - np.clip(strength / full, 0, 1))).astype(np.uint8)[..., None]


def _weighted(values: np.ndarray, axis: int) -> np.ndarray:
    """The mean of three neighbours with weights 1, 2, 1; two shorter along the axis."""
    n = values.shape[axis]
    before, here, after = (values.take(range(i, n - 2 + i), axis) for i in range(3))
    return (before + 2 * here + after) / 4


def grey(pixels: np.ndarray, _canvas: int) -> np.ndarray:
    """Brightness by ITU-R BT.601: uint8 or uint16 (H, W, 3) to uint8 (H, W, 1)."""
    return np.asarray(_brightness(pixels))[..., None]


def _brightness(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)).convert("L")


MAKERS: Final = {"edges": edges, "grey": grey}
