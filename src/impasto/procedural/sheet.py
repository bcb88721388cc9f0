"""Pictures by hands, as files: a sheet of what each makes of the same photographs, or a folder by one hand.

python -c "from impasto.procedural.sheet import save_hands_sheet as save; save('hands.png', ['a.jpg'], range(12))"
python -c "from impasto.procedural.sheet import save_pictures as save; save('ink', ['a.jpg', 'b.jpg'], 1039)"
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
    sheet = hands_sheet([read(name) for name in photos], [draw_hand(seed) for seed in seeds], side)
    with whole_or_not(Path(path)) as temporary:
        Image.fromarray(sheet).save(temporary, kind, quality=80)


def save_pictures(folder: str | Path, photos: Sequence[str | Path], seed: int, side: int = 448) -> None:
    """Paint photographs by the hand of one seed, as a style set of one artist.

    Args:
        folder: for ``000.png``, ``001.png``, ...; made if it is missing.
        photos: files; the middle square of each is painted.
        seed: of the hand, see :func:`impasto.procedural.hand.draw_hand`.
        side: of the pictures in pixels; they are painted at half of it, so that marks are twice as broad.

    Raises:
        UserError: a photograph cannot be read.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(photos):
        painted = render(square(read(name), side // 2), draw_hand(seed), number)
        picture = Image.fromarray(painted).resize((side, side), Image.Resampling.LANCZOS)
        with whole_or_not(Path(folder) / f"{number:03d}.png") as temporary:
            picture.save(temporary, "PNG")


def read(name: str | Path) -> np.ndarray:
    """A photograph as uint8 (H, W, 3).

    Raises:
        UserError: it cannot be read.
    """
    try:
        with Image.open(name) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        raise UserError(f"{name} cannot be read as a picture: name another.") from None


def square(photo: np.ndarray, side: int) -> np.ndarray:
    """The middle square of a picture, ``side`` pixels wide."""
    h, w = photo.shape[:2]
    s = min(h, w)
    cut = photo[(h - s) // 2 :, (w - s) // 2 :][:s, :s]
    return cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA if s > side else cv2.INTER_CUBIC)
