"""Sprite sheets as game engines read them: a picture, and JSON that says where each frame lies in it.

The layout is that of TexturePacker's "JSON (Hash)" and "JSON (Array)", which Phaser, PixiJS and others load: ``frames``
by name or as a list with ``filename``, each with ``frame`` x, y, w, h, ``rotated``, ``trimmed``, ``spriteSourceSize``
and ``sourceSize``; and ``meta.image``.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from impasto.data.sources.decode import BadImage, check_pixels, decode, read_file
from impasto.data.sources.source import Load, Missing, Read

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True)
class Sheet:
    """A sheet that was found.

    Attributes:
        json: path of the JSON.
        name: of the JSON, below the folder that was searched.
        picture: path of the picture that it names.
        frames: by name; or why they are not known.
        digest: changes when the JSON does.
    """

    json: Path
    name: str
    picture: Path
    frames: Mapping[str, Any] | str
    digest: str


@dataclass(frozen=True)
class CutFrame:
    """Cuts a frame out of a sheet, see :class:`~impasto.data.sources.source.Read`.

    Attributes:
        box: of the frame in the sheet, as it lies there.
        rotated: it lies turned clockwise by a quarter.
        inside: of the frame in the sprite.
        size: (w, h) of the sprite, of which clear borders may have been cut off.
    """

    box: Box
    rotated: bool
    inside: Box
    size: tuple[int, int]

    def __call__(self, data: bytes) -> np.ndarray:
        """uint8 (h, w, 4), colours as they are."""
        sheet = decode(data, 4)
        left, top, width, height = self.box
        if left < 0 or top < 0 or left + width > sheet.shape[1] or top + height > sheet.shape[0]:
            raise BadImage(
                f"its frame {self.box} lies outside of the sheet of {sheet.shape[1]} x {sheet.shape[0]} pixels"
            )
        frame = sheet[top : top + height, left : left + width]
        frame = np.rot90(frame) if self.rotated else frame
        x, y, *_ = self.inside
        sprite = np.zeros((self.size[1], self.size[0], 4), np.uint8)
        if x < 0 or y < 0 or y + frame.shape[0] > self.size[1] or x + frame.shape[1] > self.size[0]:
            raise BadImage(f"its frame of {frame.shape[1]} x {frame.shape[0]} pixels does not fit its sourceSize")
        sprite[y : y + frame.shape[0], x : x + frame.shape[1]] = frame
        return sprite


def sheets_in(folder: Path) -> list[Sheet]:
    """The sheets below a folder: every ``.json`` with ``frames``, and every one that is damaged."""
    return [sheet for path in sorted(folder.rglob("*.json")) if (sheet := _read(path, folder)) is not None]


def _read(path: Path, folder: Path) -> Sheet | None:
    name = path.relative_to(folder).as_posix()
    try:
        content = read_file(path)
    except BadImage as problem:
        return Sheet(path, name, path.with_suffix(".png"), str(problem), "")
    digest = hashlib.sha256(content).hexdigest()
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as problem:
        return Sheet(path, name, path.with_suffix(".png"), f"its JSON is damaged ({problem})", digest)
    if not isinstance(found, dict) or "frames" not in found:
        return None  # some other JSON
    meta, frames = found.get("meta"), found["frames"]
    image = meta.get("image") if isinstance(meta, dict) else None
    picture = path.parent / image if isinstance(image, str) else path.with_suffix(".png")
    if not picture.resolve().is_relative_to(folder.resolve()):
        return Sheet(path, name, picture, "it names a picture outside of the folder", digest)
    if isinstance(frames, list) and all(isinstance(frame, dict) and "filename" in frame for frame in frames):
        frames = {str(frame["filename"]): frame for frame in frames}
    if not isinstance(frames, dict):
        return Sheet(path, name, picture, "its frames are neither by name nor a list with filename", digest)
    return Sheet(path, name, picture, frames, digest)


def frames_of(sheet: Sheet) -> Iterator[tuple[str, Load]]:
    """Name and load of each frame; of a sheet that cannot be used its own name and the reason."""
    if isinstance(sheet.frames, str):
        yield sheet.name, Missing(sheet.frames)
        return
    if not sheet.picture.is_file():
        yield sheet.name, Missing(f"there is no picture {sheet.picture.name} beside it")
        return
    above = Path(sheet.name).parent.as_posix()
    for name, frame in sheet.frames.items():
        whole = name if above == "." else f"{above}/{name}"
        try:
            yield whole, Read(sheet.picture, cut_of(frame))
        except BadImage as problem:
            yield whole, Missing(f"its entry in {sheet.name}: {problem}")
        except (KeyError, TypeError, ValueError, OverflowError) as problem:
            yield whole, Missing(f"its entry in {sheet.name} lacks numbers ({problem})")


def cut_of(frame: Mapping[str, Any]) -> CutFrame:
    """Where a frame lies.

    Raises:
        KeyError, TypeError, ValueError: the entry lacks a number, or a side has no length.
        BadImage: the sprite is too large.
    """
    x, y, width, height = (int(frame["frame"][key]) for key in "xywh")
    rotated = bool(frame.get("rotated", False))
    own = frame.get("sourceSize") or {"w": width, "h": height}
    inside = frame.get("spriteSourceSize") or {"x": 0, "y": 0, "w": width, "h": height}
    # The sizes are those of the sprite upright; in the sheet a turned one is as wide as it is high.
    box = (x, y, height, width) if rotated else (x, y, width, height)
    a, b, c, d = (int(inside[key]) for key in "xywh")
    size = int(own["w"]), int(own["h"])
    if min(width, height, *size) < 1:
        raise ValueError("a side of no length")
    check_pixels(*size)
    return CutFrame(box, rotated, (a, b, c, d), size)
