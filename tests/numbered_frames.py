"""Folders of numbered frames for tests."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image


def numbered(folder: Path, numbers: Sequence[int], name: str = "{:04d}.png", size: tuple[int, int] = (16, 16)) -> Path:
    """A folder of grey frames whose brightness is ten times their number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.new("RGB", size, (10 * number % 256,) * 3).save(folder / name.format(number))
    return folder
