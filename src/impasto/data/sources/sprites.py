"""Sprites with opacity: a folder of them, sprite sheets with their JSON, or characters drawn by code."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.ranges import Count, Seed
from impasto.data.sources.decode import decode
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.opening import Pictures, check_label
from impasto.data.sources.source import UNLABELLED, Item, Load, Made, Origin, Read
from impasto.data.sources.sprite_sheets import frames_of, sheets_in
from impasto.procedural.sprites import KINDS, draw_sprite, sprite_of

DRAWING_VERSION: Final = 1
"""Raised when the same settings draw something else."""


@dataclass(frozen=True)
class ReadSprite:
    """Reads a picture with its opacity, see :class:`~impasto.data.sources.source.Read`."""

    def __call__(self, data: bytes) -> np.ndarray:
        """uint8 (h, w, 4), colours as they are."""
        return decode(data, 4)


def multiplied(pixels: np.ndarray) -> np.ndarray:
    """Colours times opacity: uint8 (h, w, 4), rounded; see :mod:`impasto.base.opacity`."""
    wide = pixels.astype(np.int32)
    colors = (wide[..., :3] * wide[..., 3:] + 127) // 255
    return np.concatenate([colors, wide[..., 3:]], 2).astype(np.uint8)


def on_canvas(pixels: np.ndarray, canvas: int) -> np.ndarray:
    """A sprite on a clear square, standing at the middle of its lower border.

    A small one is enlarged by a whole factor, so that its pixels stay pixels; a large one is shrunk by area.

    Args:
        pixels: uint8 (h, w, 4), colours as they are; grey and colour without opacity are opaque.
        canvas: side in pixels.

    Returns:
        uint8 (canvas, canvas, 4), colours multiplied by opacity.
    """
    if pixels.shape[2] < 4:
        pixels = np.dstack([np.broadcast_to(pixels, (*pixels.shape[:2], 3)), np.full(pixels.shape[:2], 255, np.uint8)])
    found, longer = multiplied(pixels), max(pixels.shape[:2])
    if longer > canvas:
        height, width = (max(1, round(side * canvas / longer)) for side in pixels.shape[:2])
        found = cv2.resize(found, (width, height), interpolation=cv2.INTER_AREA)
    else:
        factor = canvas // longer
        found = found.repeat(factor, 0).repeat(factor, 1)
    height, width = found.shape[:2]
    result = np.zeros((canvas, canvas, 4), np.uint8)
    left = (canvas - width) // 2
    result[canvas - height :, left : left + width] = found
    return result


@dataclass(frozen=True)
class Drawn:
    """Draws one sprite, see :class:`~impasto.data.sources.source.Made`."""

    seed: int
    number: int
    version: int = DRAWING_VERSION

    def __call__(self, _nothing: np.ndarray, canvas: int) -> np.ndarray:
        """uint8 (canvas, canvas, 4), colours multiplied by opacity."""
        sprite = sprite_of(self.seed, self.number)
        return on_canvas(draw_sprite(sprite, np.random.default_rng([self.seed, self.number, 1])), canvas)


@dataclass(frozen=True)
class DrawnSprites:
    """Characters drawn by code; the class of each is its kind.

    Attributes:
        count: of them.
        seed: of all of them; more leave the earlier ones as they are.
        labelled: whether they have classes.
    """

    count: int
    seed: int
    labelled: bool
    origin: Origin = field(default="sample", init=False)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Kinds of characters."""
        return KINDS if self.labelled else ()

    @property
    def length(self) -> int:
        """How many there are."""
        return self.count

    def fingerprint(self) -> str:
        """A hash of all settings."""
        return hashlib.sha256(f"{self!r} {DRAWING_VERSION}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The sprites from position ``start`` on."""
        for number in range(start, self.count):
            label = KINDS.index(sprite_of(self.seed, number).kind) if self.labelled else UNLABELLED
            yield Item(f"{number:06d}", Made(np.zeros((1, 1, 3), np.uint8), Drawn(self.seed, number)), label)

    def captions(self) -> dict[str, str]:
        """What each shows, by name, such as "red knight with sword"."""
        return {f"{number:06d}": sprite_of(self.seed, number).words for number in range(self.count)}


class SpriteFiles:
    """Sprites of one's own: pictures of a folder, and the frames of its sprite sheets.

    Args:
        root: the folder. A ``.json`` in it that lists frames says that the picture it names is a sheet.
        label: ``folder`` for a class per folder, ``none``, or ``auto``, see
            :class:`~impasto.data.sources.folder.FolderSource`; a frame lies in the folder that its name begins with.

    Raises:
        UserError: there is no folder, or nothing in it.
    """

    origin: Origin = "local"

    def __init__(self, root: str, label: str | None = "auto") -> None:
        files = FolderSource(root, "none")
        sheets = sheets_in(files.root)
        pictures = {sheet.picture for sheet in sheets}
        loads: list[tuple[str, Load]] = [
            (item.name, Read(item.load, ReadSprite()))
            for item in files.items()
            if isinstance(item.load, Path) and item.load not in pictures
        ]
        loads += [frame for sheet in sheets for frame in frames_of(sheet)]
        self._loads = sorted(loads, key=lambda named: named[0])
        folders = [name.split("/")[0] if "/" in name else "" for name, _ in self._loads]
        names = tuple(sorted({folder for folder in folders if folder}))
        labelled = label == "folder" or (label == "auto" and "" not in folders and len(names) > 1)
        if label == "folder" and "" in folders:
            raise UserError(f"There are sprites in {root} outside of folders: set data.label=none, or move them.")
        self.class_names: tuple[str, ...] = names if labelled else ()
        self._labels = [names.index(folder) if labelled else UNLABELLED for folder in folders]
        self._digest = files.fingerprint() + "".join(sheet.digest for sheet in sheets)

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self._loads)

    def fingerprint(self) -> str:
        """A hash of all files, of the frames that sheets list, and of the classes."""
        return hashlib.sha256(f"sprites {self._digest} {self.class_names}".encode()).hexdigest()

    def items(self, start: int = 0) -> Iterator[Item]:
        """The sprites from position ``start`` on."""
        for (name, load), label in zip(self._loads[start:], self._labels[start:], strict=True):
            yield Item(name, load if not isinstance(load, Read) else Made(load, on_canvas), label)


def open_sprites(
    root: str | None = None,
    label: Literal["auto", "folder", "class", "none"] | None = "auto",
    count: Count = 4000,
    drawing_seed: Seed = 0,
) -> Pictures:
    """Open sprites, whose fourth channel is opacity.

    Args:
        root: a folder of pictures, of sprite sheets with their JSON, or of both; None draws characters.
        label: auto, folder or none for one's own; of drawn ones the kind of character is the class, unless none.
        count: of drawn characters.
        drawing_seed: of those.

    Raises:
        UserError: the folder does not exist or is empty.
    """
    wanted = check_label(label, ("auto", "folder", "class"))
    if root is None:
        notice(
            "data.source",
            f"No folder of sprites is given, so {count} characters are drawn: set data.root to a folder of pictures "
            "with opacity, or of sprite sheets and their JSON.",
        )
        source = DrawnSprites(count, drawing_seed, wanted is not None)
        kind = None if wanted is None else "kind"
        return Pictures(f"{count} drawn characters", source, label=kind, captions=source.captions, opacity=True)
    files = SpriteFiles(root, "auto" if wanted == "class" else wanted)
    title = f"sprites in {Path(root).expanduser().resolve().name}"
    return Pictures(title, files, label="folder" if files.class_names else None, opacity=True)
