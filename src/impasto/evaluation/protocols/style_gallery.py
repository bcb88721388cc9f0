"""Pictures in many styles, among which the true style of a repainted picture is to be found."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from impasto.data.sources.opening import SAMPLES, ManifestSource
from impasto.data.sources.source import Source
from impasto.data.sources.unpaired import embedded_photos
from impasto.procedural.families import FAMILIES
from impasto.procedural.hand import draw_hand
from impasto.procedural.render import RENDERER_VERSION, render

HAND: Final = 1_000_003
"""Seed of the hands: large, so that no run that counts from 0 has trained on them."""
PAINTED: Final = 4
"""Photographs that each hand paints."""
PAINTINGS: Final = "shipped paintings"

Gallery = dict[str, tuple[str, Callable[[], Tensor]]]
"""By name, what a style's pictures depend on, and a function that makes them: uint8 (n, 3, side, side)."""


def gallery(side: int, style: Tensor) -> Gallery:
    """The shipped paintings, unless they are the style itself, and a hand of each family of the procedural painter.

    Args:
        side: of the pictures in pixels.
        style: uint8 (m, 3, h, w), the pictures of the true style.
    """
    found: Gallery = {}
    paintings = squares(ManifestSource(SAMPLES / "paintings"), side)
    if not any(is_like(picture, paintings) for picture in style):
        found[PAINTINGS] = (f"paintings {side}", lambda: paintings)
    for family in FAMILIES:
        key = f"{family} {HAND} {PAINTED} {RENDERER_VERSION} {side}"
        found[f"a hand of {family}"] = (key, partial(by_hand, family, side))
    return found


def is_like(picture: Tensor, others: Tensor) -> bool:
    """Whether a picture (3, h, w) is one of others (n, 3, side, side), but for its size, crop and compression."""
    small = torch.nn.functional.interpolate(picture[None].float(), (32, 32), mode="area")
    against = torch.nn.functional.interpolate(others.float(), (32, 32), mode="area")
    return bool(((small - against).abs().mean((1, 2, 3)) < NEAR).any())


NEAR: Final = 8.0
"""Levels of 255 that two versions of one picture differ by, at most, in the mean over a thumbnail's pixels."""


def by_hand(family: str, side: int) -> Tensor:
    """Some shipped photographs as a hand of a family paints them: uint8 (n, 3, side, side)."""
    hand = draw_hand(HAND, family)
    photos = squares(embedded_photos(), side, PAINTED).movedim(1, -1).numpy()
    return stacked([render(photo, hand, number) for number, photo in enumerate(photos)])


def squares(source: Source, side: int, count: int | None = None) -> Tensor:
    """The middle squares of pictures of a source, evenly spread: uint8 (n, 3, side, side)."""
    items = list(source.items())
    step = 1 if count is None else max(1, len(items) // count)
    found = []
    for item in islice(items, 0, None, step):
        assert isinstance(item.load, Path), "shipped pictures are files"
        with Image.open(item.load) as picture:
            found.append(fitted(picture, side))
    return stacked(found[:count])


def fitted(picture: Image.Image, side: int) -> np.ndarray:
    """The square in the middle of a picture: uint8 (side, side, 3)."""
    return np.asarray(ImageOps.fit(picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS))


def stacked(pictures: list[np.ndarray]) -> Tensor:
    """uint8 (H, W, 3), all of one size, to (n, 3, H, W)."""
    return torch.from_numpy(np.stack(pictures)).movedim(-1, 1).contiguous()
