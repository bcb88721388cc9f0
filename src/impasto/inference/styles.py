"""Styles as the generator is told them, from pictures and adapters."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.notices import log
from impasto.base.pixels import from_uint8
from impasto.data.sources.decode import BadImage, decode
from impasto.data.sources.opening import SAMPLES, ManifestSource
from impasto.inference.style_choice import ChosenStyle
from impasto.painters.adapters import load_adapter
from impasto.painters.style import PaintStyle, StylePainter, mix

SIDE: Final = 256
"""Pixels to which the shorter side of a larger style picture is brought, as for the neutral code of a base. At 512,
style and stroke of painted photographs were a little farther from the style pictures."""
LEAST: Final = 16
"""Pixels of the shortest side that is encoded; smaller pictures are enlarged."""
MOST: Final = 4_000_000
"""Pixels of a style picture that are encoded."""
PHOTOGRAPHS: Final = 16
"""Embedded photographs whose mean code is neutral, for a base that holds none."""


def style_of(painter: StylePainter, chosen: ChosenStyle) -> PaintStyle:
    """One style: an adapter's, or the mean of its pictures. A picture that cannot be read is named and left out.

    Raises:
        UserError: no picture can be read, or the adapter is of another base.
    """
    if chosen.adapter is not None:
        return load_adapter(chosen.adapter, painter)
    styles, reasons = [], []
    for path in chosen.pictures:
        try:
            styles.append(painter.encode([style_picture(path, painter.gives.channels)]))
        except BadImage as problem:
            reasons.append(f"{path}: {problem}")
    if not styles:
        raise UserError(f"No picture of style={chosen.name} can be read ({reasons[0]}); give others.")
    for reason in reasons:
        log.warning("Left out of style=%s: %s.", chosen.name, reason)
    return mix([(style, 1.0) for style in styles])


def mixed_style(painter: StylePainter, chosen: Sequence[ChosenStyle]) -> PaintStyle:
    """Several styles, mixed by their weights.

    Raises:
        UserError: as of :func:`style_of`.
    """
    return mix([(style_of(painter, each), each.weight) for each in chosen])


def style_picture(picture: Path | np.ndarray, channels: int) -> torch.Tensor:
    """A picture as it is encoded: (1, C, h, w) in [-1, 1], upright, on white, of a size that the base knows.

    Args:
        picture: a file, or uint8 (H, W, 3).
        channels: 1 or 3.

    Raises:
        BadImage: it cannot be read.
    """
    if isinstance(picture, Path):
        pixels = decode(picture, channels, at_least=SIDE)
    else:
        pixels = picture if channels == 3 else np.array(Image.fromarray(picture).convert("L"))[..., None]
    height, width = pixels.shape[:2]
    factor = min(1.0, SIDE / min(height, width), (MOST / (height * width)) ** 0.5)
    size = tuple(max(LEAST, round(side * factor)) for side in (width, height))
    if size != (width, height):
        image = Image.fromarray(pixels.squeeze(2) if channels == 1 else pixels)
        pixels = np.asarray(image.resize(size, Image.Resampling.LANCZOS)).reshape(size[1], size[0], channels)
    return from_uint8(torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None])


def stronger(painter: StylePainter, style: PaintStyle, strength: float) -> PaintStyle:
    """A style moved on from that of photographs: the same at strength 1, farther above. The palette stays."""
    if strength <= 1:
        return style
    moved = mix([(style, strength), (PaintStyle(neutral_code(painter)), 1 - strength)])
    hand = len(style.code) - painter.generator.palette_length
    return PaintStyle(torch.cat([moved.code[:hand], style.code[hand:]]), moved.deltas)


def neutral_code(painter: StylePainter) -> torch.Tensor:
    """The mean code of photographs: the base's own, or else that of embedded ones."""
    if painter.neutral is None:
        photos = list(ManifestSource(SAMPLES / "photos").items())
        chosen = photos[:: max(len(photos) // PHOTOGRAPHS, 1)]
        pictures = [style_picture(Path(str(item.load)), painter.gives.channels) for item in chosen]
        painter.neutral = painter.encode(pictures).code
    return painter.neutral
