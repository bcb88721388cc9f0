"""Pictures of 8 and of 16 bits: conversion, and the range of values that networks see as [-1, 1]."""

from collections.abc import Sequence
from itertools import islice
from typing import Final, Literal

import numpy as np

from impasto.base.errors import UserError
from impasto.data.packing.packed import PackedImages
from impasto.data.sources.decode import BadImage, read_file
from impasto.data.sources.native_depth import is_deep
from impasto.data.sources.source import Layers, Load, Made, Missing, Read, Source

Depth = Literal[8, 16, "auto"]

LOOKED_AT: Final = 256
"""Evenly spaced pictures that percentiles are taken from."""


def as_depth(pixels: np.ndarray, depth: int) -> np.ndarray:
    """uint8 or uint16 at a depth of 8 or 16 bits, black and white kept: 255 is 65,535."""
    if pixels.dtype == np.uint8:
        return pixels if depth == 8 else pixels.astype(np.uint16) * 257
    return pixels if depth == 16 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def choose_depth(depth: Depth, source: Source) -> int:
    """8 or 16; ``auto`` is 16 if the first, the middle or the last picture has more than 8 bits.

    Streamed pictures are packed at 8 bits.

    Raises:
        UserError: there is no such depth.
    """
    if depth not in (8, 16, "auto"):
        raise UserError(f"data.depth={depth} is not known: choose one of 8, 16, auto.")
    if depth != "auto":
        return depth
    length = source.length or 0
    some = sorted({0, length // 2, length - 1}) if length else []
    return 16 if any(_is_deep(item.load) for at in some for item in islice(source.items(at), 1)) else 8


def _is_deep(load: Load | Layers) -> bool:
    match load:
        case Layers():
            return any(map(_is_deep, load.loads))
        case Made():
            return _is_deep(load.of)
        case Missing() | Read():
            return False
        case np.ndarray():
            return load.dtype == np.uint16
    try:
        return is_deep(load if isinstance(load, bytes) else read_file(load))
    except BadImage:
        return False


def percentiles_of(packed: PackedImages, percentiles: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """By channel, two percentiles of the values of pictures, without the fill of their canvases.

    Args:
        packed: the pictures.
        percentiles: lower and upper one, 0 to 100.

    Raises:
        UserError: they are not two ascending numbers from 0 to 100.
    """
    if len(percentiles) != 2 or not 0 <= percentiles[0] < percentiles[1] <= 100:
        raise UserError(f"data.percentiles={list(percentiles)}: give two ascending numbers from 0 to 100, as [1,99].")
    positions = np.linspace(0, len(packed) - 1, min(LOOKED_AT, len(packed))).round().astype(int)
    values = []
    for position in positions:
        height, width = packed.sizes[position]
        step = max(1, int(np.sqrt(height * width / 2**14)))  # enough for percentiles, and little memory
        values.append(packed.batch([position])[0, :height:step, :width:step].reshape(-1, packed.shape[2]))
    lower, upper = np.percentile(np.concatenate(values), percentiles, axis=0)
    return tuple((float(a), float(max(b, a + 1))) for a, b in zip(lower, upper, strict=True))
