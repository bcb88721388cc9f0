"""A sheet of hands: what each makes of the same photographs.

python -c "from impasto.procedural.sheet import save_hands_sheet as save; save('hands.png', ['a.jpg'], range(12))"
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.procedural.hand import Hand, draw_hand
from impasto.procedural.render import render


def hands_sheet(photos: Sequence[np.ndarray], hands: Sequence[Hand], side: int = 224, gap: int = 4) -> np.ndarray:
    """Photographs in the first row, then a row per hand, a column per photograph.

    Args:
        photos: uint8 (H, W, 3), of any sizes; the middle square of each is shown.
        hands: from the top.
        side: of a cell in pixels.
        gap: white pixels between cells.

    Returns:
        uint8 (h, w, 3).
    """
    squares = [square(photo, side) for photo in photos]
    rows = [squares] + [[render(photo, hand, number) for number, photo in enumerate(squares)] for hand in hands]
    sheet = np.full((len(rows) * (side + gap) - gap, len(squares) * (side + gap) - gap, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            sheet[i * (side + gap) :, j * (side + gap) :][:side, :side] = cell
    return sheet


def save_hands_sheet(path: str | Path, photos: Sequence[str | Path], seeds: Iterable[int], side: int = 224) -> None:
    """Write a sheet of the hands of some seeds over some photographs.

    Args:
        path: of the sheet, .png or .jpg.
        photos: files.
        seeds: a row for each, see :func:`impasto.procedural.hand.draw_hand`.
        side: of a cell in pixels.

    Raises:
        UserError: a photograph cannot be read, or the sheet is to be of another kind.
    """
    kind = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}.get(Path(path).suffix.lower())
    if kind is None:
        raise UserError(f"A sheet cannot be written as {path}: give a name that ends in .png or .jpg.")
    pictures = []
    for name in photos:
        try:
            with Image.open(name) as picture:
                pictures.append(np.asarray(picture.convert("RGB")))
        except (OSError, ValueError, SyntaxError):
            raise UserError(f"{name} cannot be read as a picture: name another.") from None
    sheet = hands_sheet(pictures, [draw_hand(seed) for seed in seeds], side)
    with whole_or_not(Path(path)) as temporary:
        Image.fromarray(sheet).save(temporary, kind, quality=80)


def square(photo: np.ndarray, side: int) -> np.ndarray:
    """The middle square of a picture, ``side`` pixels wide."""
    h, w = photo.shape[:2]
    s = min(h, w)
    cut = photo[(h - s) // 2 :, (w - s) // 2 :][:s, :s]
    return cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA if s > side else cv2.INTER_CUBIC)
