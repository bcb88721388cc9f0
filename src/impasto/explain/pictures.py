"""Pictures that a setting of the command names."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.pixels import from_uint8
from impasto.data.sources.decode import BadImage, decode
from impasto.inference.style_choice import names_in


def files_of(option: str, value: object, most: int) -> list[Path]:
    """A file, or the first pictures of a folder.

    Raises:
        UserError: there is none.
    """
    path = as_path(option, value)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"{option}={path} does not exist; give a picture, or a folder of them.")
    names = names_in(path, option=option)
    if len(names) > most:
        notice(f"explain.{option}", f"{option}={path}: the first {most} of {len(names)} pictures are looked at.")
    return [path / name for name in names[:most]]


def read(files: list[Path], channels: int, size: tuple[int, int]) -> tuple[Tensor, list[str]]:
    """Pictures, cut to their middle and brought to a size: ((N, C, H, W) in [-1, 1], their names).

    Raises:
        UserError: none of them can be read.
    """
    found, names = [], []
    for file in files:
        try:
            found.append(fitted(decode(file, channels), size))
            names.append(file.name)
        except BadImage as problem:
            notice(f"explain.{file.name}", f"Left out: {file}: {problem}.")
    if not found:
        raise UserError(f"None of the pictures can be read, such as {files[0]}; give others.")
    return torch.stack(found), names


def fitted(pixels: np.ndarray, size: tuple[int, int]) -> Tensor:
    """uint8 (H, W, C), cut to the shape of ``size`` around its middle and resized: (C, h, w) in [-1, 1]."""
    height, width = pixels.shape[:2]
    scale = min(height / size[0], width / size[1])
    high, wide = round(size[0] * scale), round(size[1] * scale)
    top, left = (height - high) // 2, (width - wide) // 2
    cut = np.ascontiguousarray(pixels[top : top + high, left : left + wide])
    image = Image.fromarray(cut.squeeze(2) if cut.shape[2] == 1 else cut)
    small = np.array(image.resize((size[1], size[0]), Image.Resampling.LANCZOS)).reshape(*size, pixels.shape[2])
    return from_uint8(torch.from_numpy(small).permute(2, 0, 1))
