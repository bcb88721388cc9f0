"""Repainting the pixels of one picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.pixels import luma
from impasto.inference.brush import Brush, factor_of, paint_at_sizes, sizes
from impasto.inference.tiles import STRIP, WHOLE, Read, Tile, paint_in_tiles
from impasto.painters.painter import Painter

Levels = tuple[tuple[float, float], ...]
"""See :class:`~impasto.base.spec.ImageSpec`."""


@dataclass(frozen=True)
class Look:
    """How paintings should look.

    Attributes:
        strength: 1 is the painting, 0 the photograph, mixed in between; above 1 the difference grows on.
        preserve_color: take only light and dark from the painting, and colours from the photograph.
        tile: see :func:`~impasto.inference.tiles.paint_in_tiles`.
        brush: see :mod:`~impasto.inference.brush`.
    """

    strength: float = 1.0
    preserve_color: bool = False
    tile: int | None = None
    brush: Brush = None


PLAIN: Final = Look()
"""The painting alone."""


class Repainting:
    """Repaints one picture; iterating paints tile by tile.

    The network gets the picture on white, so that colours under clear pixels do not count.

    Args:
        painter: takes content.
        pixels: uint8 or uint16 (H, W, C); C is that of the content that the painter takes, or 1 or 3.
        alpha: opacity (H, W, 1) of the same type; None for an opaque picture.
        look: how the painting should look.
        deep: give uint16 rather than uint8.
        mask: uint8 (H, W), 255 where the picture is painted and 0 where it stays; None paints all of it.

    Attributes:
        result: (H, W, C), complete after the last tile.
        opacity: (H, W, 1) of the same type; None for an opaque picture.

    Raises:
        UserError: the painter does not take these channels, or they cannot be mixed with its painting.
    """

    def __init__(
        self,
        painter: Painter,
        pixels: np.ndarray,
        alpha: np.ndarray | None,
        look: Look,
        deep: bool = False,
        mask: np.ndarray | None = None,
    ) -> None:
        self.painter, self.pixels, self.look, self.mask = painter, pixels, look, mask
        self.alpha = None if alpha is None or alpha.min() == np.iinfo(alpha.dtype).max else alpha
        self.content = painter.content or painter.gives
        self.taken = self.content.channels - painter.mask_channels
        given, painted = pixels.shape[2], painter.gives.channels
        if given != self.taken and (given, self.taken) != (3, 1) and given != 1:
            raise UserError(f"it has {given} channels, and this model takes {self.taken}")
        self.channels = self.channels_of(given, painted)
        self.mixed = look.strength != 1 or mask is not None
        mixes = not self.mixed or given in (1, self.channels)
        if not mixes or (look.preserve_color and (given > 3 or self.channels not in (1, 3))):
            raise UserError(
                f"its {given} channels cannot be mixed with {painted}; leave preserve_color=, strength= and mask= out"
            )
        self.sizes = sizes(factor_of(look.brush, *pixels.shape[:2]), *pixels.shape[:2])
        if self.sizes != [pixels.shape[:2]] and (painted, painter.gives.levels) != (self.taken, self.content.levels):
            raise UserError("this model paints other channels than it takes, and not over a painting; leave brush= out")
        self.size = pixels.shape[0] * painter.scale, pixels.shape[1] * painter.scale
        self.result = np.empty((*self.size, self.channels), np.uint16 if deep else np.uint8)
        self.opacity = self.alpha
        if self.alpha is not None and self.alpha.dtype != self.result.dtype:
            self.opacity = np.rint(self.alpha / (65535 / 255)).astype(np.uint8)
        self.device = painter.device

    def channels_of(self, given: int, painted: int) -> int:
        """Channels of the result, for those of the picture and of what the network paints."""
        return max(given, painted) if given in (1, 3) else painted

    @torch.no_grad()
    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Tiles painted, and tiles in all."""
        for tile in self.tiles(self.read):
            if tile.strip is not None:
                self.finish_strip(tile.top, tile.strip)
            yield tile.done, tile.total

    def tiles(self, read: Read) -> Iterator[Tile]:
        """The painting as a strip of rows at a time; nothing is painted at strength 0.

        Args:
            read: gives parts of the picture, or of several of its size (N, C, h, w), see :func:`paint_together`.
        """
        height, width = self.pixels.shape[:2]
        if self.look.strength == 0:
            yield Tile(1, 1, 0, torch.zeros(1, self.painter.gives.channels, 1, 1).expand(-1, -1, *self.size))
            return
        network, paint, tile = self.painter.network, self.paint, self.look.tile
        if self.sizes == [(height, width)]:
            yield from paint_in_tiles(network, paint, read, height, width, tile, scale=self.painter.scale)
        else:
            yield from paint_at_sizes(network, paint, read, height, width, tile, self.sizes)

    def whole_pixels(self) -> int:
        """Pixels that are painted at once at most, if the picture is painted whole; 0 if it is painted in tiles."""
        most = max(height * width for height, width in self.sizes)
        return most if not self.look.tile and most <= WHOLE else 0

    def paint(self, content: Tensor) -> Tensor:
        """(N, C, h, w) to their paintings."""
        return self.painter(content=content)

    def read(self, top: int, left: int, bottom: int, right: int) -> Tensor:
        """A part of the picture as the network gets it: (1, C, h, w) in [-1, 1]."""
        photo = self.on_white((slice(top, bottom), slice(left, right)), clear_only=False)
        photo = luma(photo) if self.taken == 1 else photo.expand(-1, self.taken, -1, -1)
        return photo if self.content.levels is None else from_whole_range(photo, self.content.levels)

    def on_white(self, part: tuple[slice, slice], clear_only: bool) -> Tensor:
        """A part of the picture on white; with ``clear_only`` only what is fully transparent turns white."""
        photo = self.signal(self.pixels[part])
        if self.alpha is None:
            return photo
        opacity = (self.signal(self.alpha[part]) + 1) / 2
        return torch.lerp(torch.ones_like(photo), photo, (opacity > 0).float() if clear_only else opacity)

    def signal(self, values: np.ndarray) -> Tensor:
        """0..255 or 0..65535 (h, w, C) to [-1, 1] (1, C, h, w) in float32."""
        tensor = torch.from_numpy(np.ascontiguousarray(values)).to(self.device).permute(2, 0, 1)[None]
        return tensor.float().div_(np.iinfo(values.dtype).max / 2).sub_(1)

    def finish_strip(self, top: int, strip: Tensor) -> None:
        """Take rows (1, C, h, W) into the result, a few at a time, to save memory."""
        for i, rows in enumerate(strip.split(STRIP, 2)):
            self.finish(top + i * STRIP, rows)

    def finish(self, top: int, painted: Tensor) -> None:
        """Mix rows of the painting with the photograph, and round them into the result."""
        bottom = top + painted.shape[2]
        if self.painter.gives.levels is not None:
            painted = to_whole_range(painted, self.painter.gives.levels)
        painted = painted.expand(-1, self.channels, -1, -1)
        painted = painted.to(self.device)
        if self.look.preserve_color or self.mixed:
            photo = self.photo(top, bottom).expand_as(painted)
            if self.look.preserve_color:
                painted = photo + luma(painted) - luma(photo)
            painted = torch.lerp(photo, painted, self.weights(slice(top, bottom)))
        half = np.iinfo(self.result.dtype).max / 2
        levels = (painted.clamp(-1, 1) * half + half).round()[0].permute(1, 2, 0).cpu().numpy()
        self.result[top:bottom] = levels

    def photo(self, top: int, bottom: int) -> Tensor:
        """Rows of the picture at the size of the painting, on white where it is fully transparent."""
        return self.on_white((slice(top, bottom), slice(None)), clear_only=True)

    def weights(self, rows: slice) -> Tensor:
        """By how much rows are painted: (), or (h, W) with a mask."""
        strength = torch.tensor(float(self.look.strength), device=self.device)
        if self.mask is None:
            return strength
        return strength * (torch.from_numpy(self.mask[rows].copy()).to(self.device).float() / 255)


@torch.no_grad()
def paint_together(repaintings: Sequence[Repainting]) -> None:
    """Paint pictures of one size in one way at once, each as it would be painted alone.

    Args:
        repaintings: of one painter and look, of pictures of one height and width with as many channels, each painted
            whole; all are complete afterwards.
    """

    def read(top: int, left: int, bottom: int, right: int) -> Tensor:
        return torch.cat([each.read(top, left, bottom, right) for each in repaintings])

    for tile in repaintings[0].tiles(read):
        if tile.strip is not None:
            for each, strip in zip(repaintings, tile.strip.expand(len(repaintings), -1, -1, -1).split(1), strict=True):
                each.finish_strip(tile.top, strip)


def from_whole_range(images: Tensor, levels: Levels) -> Tensor:
    """(N, C, H, W) whose -1 and 1 are the ends of a file type's range, to one whose -1 and 1 are ``levels`` of it."""
    low, high = ends(levels, images)
    return ((images - low) * (2 / (high - low)) - 1).clamp(-1, 1)


def to_whole_range(images: Tensor, levels: Levels) -> Tensor:
    """The inverse of :func:`from_whole_range` for values within the levels."""
    low, high = ends(levels, images)
    return (images + 1) * ((high - low) / 2) + low


def ends(levels: Levels, images: Tensor) -> tuple[Tensor, Tensor]:
    """Lower and upper levels of each channel in [-1, 1], each (C, 1, 1)."""
    low, high = (torch.tensor(levels, device=images.device) * 2 - 1).T[:, :, None, None]
    return low, high
