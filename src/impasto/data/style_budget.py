"""What learning a personal style is given, by its pictures: the one place with this rule. Imports no torch.

=============== ========= ========= ==========
pictures                1         8  20 or more
=============== ========= ========= ==========
minutes                 2         5          8
kimg                  1.6       4.4          7
rank                    2         3          3
=============== ========= ========= ==========

Numbers of pictures in between lie in between. The minutes are for two CPU cores, and end a run that is slower; a faster
one is over when it has seen its pictures. The style's pictures are brought to :data:`CANVAS` pixels, or to their own
size if that is less, so that none is blown up. Training sees crops of :data:`CROP` pixels; where marks are broad, seen
at that size, of :data:`BROAD_CROP`, so that a crop holds enough of them.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np

from impasto.base.errors import UserError
from impasto.data.packing.sizing import SizePolicy, to_size
from impasto.data.sources.decode import BadImage, decode
from impasto.data.sources.unpaired import Folders, open_part

PICTURES: Final = (1, 8, 20)
MINUTES: Final = (2.0, 5.0, 8.0)
KIMG: Final = (1.6, 4.4, 7.0)
RANKS: Final = (2.0, 3.0, 3.0)
CANVAS: Final = 288
"""Pixels of the square that a picture of the style fits into, at most."""
CROP: Final = 128
BROAD_CROP: Final = 160
BROAD: Final = 7.0
"""Pixels; see :func:`mark_width`."""
LOOKED_AT: Final = 20
"""Pictures at most that are looked at."""


class StyleBudget(NamedTuple):
    """What learning is given.

    Attributes:
        pictures: how many there are, good ones only.
        minutes: of training at most.
        kimg: of pictures shown in training.
        rank: of the adapter's products.
        crop: pixels of a side.
        canvas: pixels that the style's pictures fit into.
        marks: width of their marks in pixels of the canvas.
    """

    pictures: int
    minutes: float
    kimg: float
    rank: int
    crop: int
    canvas: int
    marks: float


def style_budget(style: Folders, field: str) -> Any:
    """One field of what learning the style in a folder or folders is given; for interpolations in ``conf/``.

    A folder that cannot be read is treated as one of a single picture: what opens it will say what is wrong.
    """
    known = style if isinstance(style, str) or style is None else tuple(style)
    return getattr(budget_of(known), field)


@lru_cache
def budget_of(style: str | tuple[str, ...] | None) -> StyleBudget:
    """As :func:`style_budget`, all of it."""
    try:
        pictures = list(islice(readable(style), LOOKED_AT))
    except (UserError, OSError):
        pictures = []
    return budget_for(pictures)


def readable(style: str | Sequence[str] | None) -> Any:
    """The pictures of a style that can be read, uint8 (H, W, 3)."""
    for item in open_part("style", style).source.items():
        try:
            load = item.load
            yield load if isinstance(load, np.ndarray) else decode(load, at_least=CANVAS)  # type: ignore[arg-type]
        except BadImage:
            continue


def budget_for(pictures: Sequence[np.ndarray]) -> StyleBudget:
    """What learning the style of pictures, uint8 (H, W, 3), is given."""
    count = max(len(pictures), 1)
    minutes, kimg, rank = (float(np.interp(count, PICTURES, values)) for values in (MINUTES, KIMG, RANKS))
    longest = median(max(picture.shape[:2]) for picture in pictures) if pictures else CANVAS
    canvas = max(min(CANVAS, int(longest)), CROP)
    marks = median(mark_width(picture, canvas) for picture in pictures) if pictures else 0.0
    crop = BROAD_CROP if marks > BROAD and canvas >= BROAD_CROP else CROP
    return StyleBudget(count, round(minutes, 1), round(kimg, 2), round(rank), crop, canvas, round(marks, 1))


def mark_width(picture: np.ndarray, canvas: int = CANVAS) -> float:
    """Width of the marks in a picture: of the peak of its brightness's autocorrelation, at half its height.

    Args:
        picture: uint8 (H, W, 3).
        canvas: pixels that it is made to fit into.

    Returns:
        Pixels on that canvas; 0 for a flat picture.
    """
    pixels, (height, width) = to_size(picture, SizePolicy(canvas, canvas, "fit"))
    grey = pixels[:height, :width].astype(np.float64) @ [0.299, 0.587, 0.114]
    spectrum = np.abs(np.fft.rfft2(grey - grey.mean())) ** 2
    # Nothing slower than an eighth of the canvas: that is what is shown, not how it is painted.
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    spectrum[np.hypot(rows, columns) < 8 / canvas] = 0
    correlation = np.fft.irfft2(spectrum, s=(height, width))
    if correlation[0, 0] <= 1e-6 * height * width:
        return 0.0
    reach = min(height, width) // 2
    lines = (correlation[0, :reach] + correlation[:reach, 0]) / (2 * correlation[0, 0])
    below = np.flatnonzero(lines < 0.5)
    if not len(below):
        return float(2 * reach)
    end = int(below[0])
    return float(2 * (end - (0.5 - lines[end]) / max(lines[end - 1] - lines[end], 1e-9)))
