"""From what a network painted to what a game engine reads: clean edges, few colours, and sprite sheets with JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import impasto
from impasto.base.checks import as_path, check_number
from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.opacity import cleaned
from impasto.base.pixels import to_uint8
from impasto.inference.saving import save
from impasto.painters.painter import Painter

Edges = Literal["hard", "soft"]
SHEET: Final = "sprites.png"
"""Name of a sprite sheet; its JSON has the same with ``.json``."""
LOOKED_AT: Final = 256
"""Pictures from which a palette is chosen."""


@dataclass(frozen=True)
class Finish:
    """What is done to painted pictures before they are written.

    Attributes:
        opacity: their last channel is opacity, which is made clean; see :func:`impasto.base.opacity.cleaned`.
        soft: keep half-clear pixels at the edges.
        palette: uint8 (K, 3), the only colours; None leaves them as they are.
    """

    opacity: bool = False
    soft: bool = False
    palette: Tensor | None = None

    def __call__(self, pictures: Tensor) -> Tensor:
        """uint8 (N, C, H, W) as networks paint them, to as many channels as files hold them."""
        found = cleaned(pictures, self.soft) if self.opacity else pictures
        return found if self.palette is None else in_palette(found, self.palette)


def finish_for(
    painter: Painter,
    edges: Edges | None,
    palette: int | str | None,
    sample: Callable[[int], Tensor],
) -> Finish:
    """What the settings ask for.

    Args:
        painter: paints.
        edges: of sprites, ``hard`` or ``soft``; None is hard.
        palette: most colours of all pictures together, chosen from the first ones; or a ``.hex`` or ``.gpl`` file.
        sample: given a number, paints so many in [-1, 1].

    Raises:
        UserError: the painter has no opacity, or the palette cannot be read or used.
    """
    opacity = painter.gives.opacity
    if edges is not None and not opacity:
        raise UserError(
            f"edges={edges} is for sprites, and this model paints no opacity: leave it out, or give a run of sprites."
        )
    if edges not in (None, "hard", "soft"):
        raise UserError(f"edges={edges} is not known: choose hard or soft.")
    plain = Finish(opacity, edges == "soft")
    if palette is None:
        return plain
    if painter.gives.channels // painter.gives.frames not in (3, 4):
        raise UserError(f"palette={palette} is for colours, and this model paints none: leave it out.")
    if isinstance(palette, int):
        check_number("palette", palette, 2)
        looked_at = sample(max(LOOKED_AT // painter.gives.frames, 1)).unflatten(1, (painter.gives.frames, -1))
        return Finish(opacity, plain.soft, colors_in(plain(to_uint8(looked_at.flatten(0, 1)).cpu()), palette))
    return Finish(opacity, plain.soft, read_palette(palette))


def colors_in(pictures: Tensor, most: int) -> Tensor:
    """The colours that stand for those of pictures: median cut, then k-means, as Pillow has them.

    Args:
        pictures: uint8 (N, 3 or 4, H, W); clear pixels do not count.
        most: colours, 2 to 256.

    Returns:
        uint8 (K, 3), K at most ``most``.
    """
    pixels = pictures.movedim(1, -1).reshape(-1, pictures.shape[1])
    seen = pixels[pixels[:, 3] > 0, :3] if pixels.shape[1] == 4 else pixels
    if not len(seen):
        raise UserError(f"palette={most}: nothing that is painted can be seen; train for longer.")
    row = Image.fromarray(seen[None].contiguous().numpy())
    found = row.quantize(min(most, 256), Image.Quantize.MEDIANCUT, kmeans=3).convert("RGB")
    return torch.from_numpy(np.unique(np.asarray(found).reshape(-1, 3), axis=0))


def read_palette(path: str) -> Tensor:
    """Colours of a ``.hex`` (rrggbb in each line) or a ``.gpl`` of GIMP: uint8 (K, 3).

    Raises:
        UserError: the file does not exist, or holds something else.
    """
    file = as_path("palette", path)
    if file.suffix.lower() not in (".hex", ".gpl") or not file.is_file():
        problem = "does not exist" if file.suffix.lower() in (".hex", ".gpl") else "is no palette"
        raise UserError(f"palette={path} {problem}: give a number of colours, a .hex or a .gpl.")
    colors = []
    for number, line in enumerate(file.read_text("utf-8-sig").splitlines(), 1):
        words = line.split()
        try:
            if file.suffix.lower() == ".hex" and words:
                colors.append(tuple(bytes.fromhex(words[0].removeprefix("#"))))
            elif words and words[0].isdecimal():
                colors.append((int(words[0]), int(words[1]), int(words[2])))
        except (ValueError, IndexError):
            colors.append(())
        if colors and (len(colors[-1]) != 3 or max(colors[-1]) > 255):
            raise UserError(f"palette={path}, line {number}, is no colour: give rrggbb, or three numbers up to 255.")
    if not colors:
        raise UserError(f"palette={path} holds no colours: give some, rrggbb in each line of a .hex.")
    return torch.tensor(colors, dtype=torch.uint8)


def in_palette(pictures: Tensor, palette: Tensor) -> Tensor:
    """Each pixel in the nearest colour of a palette (K, 3); opacity, and what is clear, stay: as ``pictures``."""
    colors = pictures[:, :3].movedim(1, -1).reshape(-1, 3).float()
    nearest = torch.cat([torch.cdist(some, palette.float()).argmin(1) for some in colors.split(2**16)])
    found = palette[nearest].view(len(pictures), *pictures.shape[-2:], 3).movedim(-1, 1)
    if pictures.shape[1] == 3:
        return found
    return torch.cat([found * (pictures[:, 3:] > 0), pictures[:, 3:]], 1)


def write_sheet(
    pictures: Mapping[str, Tensor],
    columns: int,
    path: Path,
    animations: Mapping[str, Sequence[str]] | None = None,
    milliseconds: int = 100,
    made: str | None = None,
) -> None:
    """Write a sprite sheet and, beside it, its JSON in the layout of TexturePacker's "JSON (Hash)".

    Args:
        pictures: uint8 (C, H, W) of one size, by the names of the frames; colours as they are.
        columns: frames in a row.
        path: of the sheet, a PNG.
        animations: names of frames, by the name of the animation that they are; None for single pictures.
        milliseconds: of each frame of an animation.
        made: with what, see :func:`~impasto.inference.provenance.made_with`.
    """
    channels, height, width = next(iter(pictures.values())).shape
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * height, columns * width, channels), np.uint8)
    frames: dict[str, Any] = {}
    for number, (name, picture) in enumerate(pictures.items()):
        y, x = number // columns * height, number % columns * width
        sheet[y : y + height, x : x + width] = picture.movedim(0, -1).numpy()
        frames[name] = {
            "frame": {"x": x, "y": y, "w": width, "h": height},
            "rotated": False,
            "trimmed": False,
            "spriteSourceSize": {"x": 0, "y": 0, "w": width, "h": height},
            "sourceSize": {"w": width, "h": height},
        }
        if animations is not None:
            frames[name]["duration"] = milliseconds
    save([layers(sheet)], path, made=made)
    meta = {
        "app": "Impasto",
        "version": impasto.__version__,
        "image": path.name,
        "format": "RGBA8888",
        "size": {"w": sheet.shape[1], "h": sheet.shape[0]},
        "scale": "1",
    }
    found: dict[str, Any] = {"frames": frames, "meta": meta}
    if animations is not None:
        found["animations"] = {name: list(names) for name, names in animations.items()}
    with whole_or_not(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def layers(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Colours and opacity of (H, W, C); None where there is no opacity."""
    return (pixels[..., :3], pixels[..., 3:]) if pixels.shape[2] == 4 else (pixels, None)
