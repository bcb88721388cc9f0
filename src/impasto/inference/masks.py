"""Masks: where a picture is painted."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageFilter

from impasto.base.errors import UserError
from impasto.data.sources.clips import number_of
from impasto.data.sources.decode import BadImage, decode
from impasto.data.sources.folder import FolderSource

FEATHER: Final = 256
"""Part of a picture's shorter side by which a mask is softened, in three passes."""
TOUCHED: Final = 16
"""Of 255: from here on a pixel counts as painted where a mask has hard edges, since a scratch spoils what it touches;
below is the noise of a compressed mask."""


@dataclass(frozen=True)
class Masks:
    """One mask for all pictures, or one for each by its name.

    Attributes:
        path: the mask, or the folder of masks.
        by_name: masks below the folder by their paths, without endings; empty for a single one.
    """

    path: Path
    by_name: dict[str, list[Path]] = field(default_factory=dict)

    def mask(self, name: str, height: int, width: int, soft: bool = True) -> np.ndarray:
        """The mask of a picture: uint8 (H, W), 255 where it is painted.

        Args:
            name: path of the picture below the input; its file name if the input is a picture.
            height: of the picture.
            width: likewise.
            soft: soften its edges; without, each pixel is painted or not, and those on soft edges are.

        Raises:
            UserError: there is none, or it cannot be read.
        """
        return read_mask(self.find(name), height, width, soft)

    def find(self, name: str) -> Path:
        """The file of a picture's mask.

        Raises:
            UserError: there is none, or there are several.
        """
        if not self.by_name:
            return self.path
        found = self.by_name.get(stem(name), [])
        same = [path for path in found if path.name == Path(name).name] or found
        if len(same) != 1:
            reason = "there is no mask of its name" if not same else f"there are {len(same)} masks of its name"
            raise UserError(f"{reason} in mask={self.path}")
        return same[0]

    def of_clip(self, name: str, alone: bool) -> "ClipMasks":
        """The masks of a clip: one of its name, or else one for each of its frames.

        Those are in a folder of the clip's name, or in the folder of masks itself if there is no other clip.

        Args:
            name: path of the clip below the input; its file name if the input is the clip.
            alone: whether it is.

        Raises:
            UserError: there is none, or one of a number is missing or there twice.
        """
        if not self.by_name or stem(name) in self.by_name:
            return ClipMasks((self.find(name),))
        for folder in (Path(stem(name)), *([Path()] if alone else [])):
            files = [path for key, paths in self.by_name.items() if Path(key).parent == folder for path in paths]
            numbered = {number: path for path in files if (number := number_of(path.name)) is not None}
            if not numbered:
                continue
            last = max(numbered)
            missing = next((number for number in range(1, last + 1) if number not in numbered), None)
            if len(numbered) < len(files) or missing is not None:
                wrong = (
                    f"none is for frame {missing}" if missing is not None else "two have one number, or one has none"
                )
                raise UserError(
                    f"its masks in {self.path / folder} must have the numbers of its frames, from 1 to {last}: {wrong}"
                )
            return ClipMasks(tuple(numbered[number] for number in range(1, last + 1)))
        raise UserError(f"there is no mask of its name in mask={self.path}, nor a folder of it with one for each frame")


@dataclass(frozen=True)
class ClipMasks:
    """The masks of a clip.

    Attributes:
        files: by frame, of which those behind the last get its mask; or a single one for all.
    """

    files: tuple[Path, ...]

    def file(self, number: int) -> Path:
        """Of a frame, counted from 1."""
        return self.files[min(number, len(self.files)) - 1]

    def note(self, frames: int) -> str | None:
        """What to know of frames that have no mask of their own."""
        if len(self.files) == 1 or frames <= len(self.files):
            return None
        return f"frames behind number {len(self.files)} have no mask of their own, and get its mask"


def read_mask(path: Path, height: int, width: int, soft: bool = True) -> np.ndarray:
    """A mask as of :meth:`Masks.mask`.

    Raises:
        UserError: it cannot be read.
    """
    try:
        layers = decode(path, 4)
    except BadImage as problem:
        raise UserError(f"its mask {path} cannot be read: {problem}") from None
    return mask_from(layers, height, width, soft)


def choose_masks(value: Any) -> Masks | None:
    """The masks that a setting means: a picture, or a folder of them; None for none.

    Raises:
        UserError: there is no such file, or no picture in the folder.
    """
    if value is None:
        return None
    path = Path(str(value)).expanduser()
    if not path.exists():
        raise UserError(
            f"mask={path} does not exist; give a picture that is white where to paint, or a folder of them."
        )
    if path.is_file():
        return Masks(path)
    by_name: dict[str, list[Path]] = defaultdict(list)
    for item in FolderSource(path, labels="none", option="mask").items():
        by_name[stem(item.name)].append(path / item.name)
    return Masks(path, dict(by_name))


def stem(name: str) -> str:
    """A path without its ending."""
    return str(Path(name).with_suffix(""))


def mask_from(layers: np.ndarray, height: int, width: int, soft: bool = True) -> np.ndarray:
    """A mask uint8 (H, W) of a picture's size, 255 where it is painted.

    Args:
        layers: uint8 (h, w, 4): white where to paint, black or transparent where not.
        height: of the picture.
        width: likewise.
        soft: see :meth:`Masks.mask`.
    """
    mask = enlarged(layers, height, width)
    return softened(mask) if soft else np.where(mask >= TOUCHED, 255, 0).astype(np.uint8)


def enlarged(layers: np.ndarray, height: int, width: int) -> np.ndarray:
    """A mask at a picture's size; what is transparent is not painted.

    Args:
        layers: uint8 (h, w, 4).
        height: of the picture.
        width: likewise.

    Returns:
        uint8 (H, W).
    """
    shown = Image.fromarray(layers[..., :3].copy()).convert("L")
    grey = np.asarray(shown).astype(np.uint16) * layers[..., 3]
    image = Image.fromarray(((grey + 127) // 255).astype(np.uint8))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def softened(mask: np.ndarray) -> np.ndarray:
    """A mask uint8 (H, W) with its edges softened by a few pixels."""
    image = Image.fromarray(mask)
    radius = max(round(min(image.size) / FEATHER), 1)
    for _ in range(3):
        image = image.filter(ImageFilter.BoxBlur(radius))
    return np.asarray(image)
