"""Pictures that a setting of the command names."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
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
            pixels = torch.from_numpy(decode(file, channels).copy()).permute(2, 0, 1)
            found.append(fitting(from_uint8(pixels[None]), size).clamp(-1, 1))
            names.append(file.name)
        except BadImage as problem:
            notice(f"explain.{file.name}", f"Left out: {file}: {problem}.")
    if not found:
        raise UserError(f"None of the pictures can be read, such as {files[0]}; give others.")
    return torch.cat(found), names


def fitting(picture: Tensor, size: Sequence[int]) -> Tensor:
    """A picture (1, C, H, W), cut around its middle to the shape of ``size`` (h, w), and brought to that size."""
    height, width = picture.shape[2:]
    scale = min(height / size[0], width / size[1])
    high, wide = round(size[0] * scale), round(size[1] * scale)
    top, left = (height - high) // 2, (width - wide) // 2
    cut = picture[:, :, top : top + high, left : left + wide]
    return F.interpolate(cut, tuple(size), mode="bilinear", antialias=True, align_corners=False)
