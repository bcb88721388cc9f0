"""Restoring one picture: holes are filled, small pictures enlarged, luminance kept under new colours."""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.pixels import luma
from impasto.inference.brush import resized
from impasto.inference.formats import Format
from impasto.inference.luminance import luminance, with_luminance
from impasto.inference.repaint import Look, Repainting
from impasto.inference.tiles import STRIP
from impasto.painters.painter import Painter
from impasto.painters.restoration import COLORIZE, INPAINT, PAIRS, RestorationPainter

MaskOf = Callable[[int, int], np.ndarray]
"""Gives the mask of one picture, uint8 (H, W), for its height and width."""
KEEPING: Final = {INPAINT: "known pixels", COLORIZE: "luminance"}
"""What tasks keep exactly."""


def repainting_of(
    painter: Painter,
    pixels: np.ndarray,
    alpha: np.ndarray | None,
    look: Look,
    deep: bool = False,
    mask_of: MaskOf | None = None,
) -> Repainting:
    """What repaints, or restores, one picture; see :class:`~impasto.inference.repaint.Repainting`.

    Args:
        painter: likewise.
        pixels: likewise.
        alpha: likewise.
        look: likewise.
        deep: likewise.
        mask_of: gives where it is painted; None for everywhere, or where it is transparent if holes are filled.

    Raises:
        UserError: as of it, or there is nothing to fill.
    """
    height, width = (side * painter.scale for side in pixels.shape[:2])
    mask = None if mask_of is None else mask_of(height, width)
    if not isinstance(painter, RestorationPainter):
        return Repainting(painter, pixels, alpha, look, deep, mask)
    if painter.task == INPAINT:
        return Filling(painter, pixels, alpha, look, deep, mask)
    if painter.task == COLORIZE:
        return Coloring(painter, pixels, alpha, look, deep, mask)
    return Restoring(painter, pixels, alpha, look, deep, mask)


def check_restoring(painter: Painter, task: str | None, look: Look) -> None:
    """Make sure that a painter was trained for a task, and that settings make sense for it.

    Args:
        painter: any.
        task: that is wanted; None takes what it was trained for.
        look: how the painting should look.

    Raises:
        UserError: it was trained for another task, or for none; or a setting has nothing to act on.
    """
    own = painter.task if isinstance(painter, RestorationPainter) else None
    if task is not None and task != own:
        trained = "to restore nothing" if own is None else "on pairs" if own == PAIRS else f"for task={own}"
        raise UserError(
            f"task={task}: {painter.origin.path} was trained {trained}; give checkpoint=, a run of model=restoration "
            "that was trained for it."
        )
    if own is None:
        return
    if look.brush not in (None, "auto"):
        raise UserError(f"brush= is the scale of strokes, and {painter.origin.path} paints none; leave it out.")
    if look.preserve_color and own == COLORIZE:
        raise UserError(f"preserve_color=true keeps colours, and {painter.origin.path} paints them; leave it out.")


def remarks(painter: Painter) -> tuple[str, ...]:
    """What to know of a batch that is restored: one sentence or none."""
    if painter.scale == 1:
        return ()
    return (f"Pictures come out {painter.scale} times as wide and as high.",)


def description(painter: Painter, pixels: np.ndarray) -> str | None:
    """What the file of a painting says of itself; None for one of the size of its picture."""
    if painter.scale == 1:
        return None
    height, width = pixels.shape[:2]
    return f"Enlarged {painter.scale} times from {width} x {height} pixels by super-resolution (Impasto)"


def what_rounds(painter: Painter, kind: Format | None, ending: str) -> tuple[str, ...]:
    """A note that a file's format does not keep what the task keeps."""
    kept = KEEPING.get(painter.task) if isinstance(painter, RestorationPainter) else None
    if kept is None or kind is None or kind.lossless:
        return ()
    return (f"{ending} does not hold values exactly, so that {kept} may change a little; restore a .png for all bits",)


class Restoring(Repainting):
    """As :class:`~impasto.inference.repaint.Repainting`: grey pictures stay grey, and paintings may be larger."""

    def __init__(
        self,
        painter: Painter,
        pixels: np.ndarray,
        alpha: np.ndarray | None,
        look: Look,
        deep: bool = False,
        mask: np.ndarray | None = None,
    ) -> None:
        super().__init__(painter, pixels, alpha, look, deep, mask)
        if painter.scale > 1 and self.opacity is not None:
            self.opacity = self.enlarged_opacity(self.opacity)

    def channels_of(self, given: int, painted: int) -> int:
        """As many as the picture has, if it is grey."""
        return 1 if given == 1 else super().channels_of(given, painted)

    def photo(self, top: int, bottom: int) -> Tensor:
        """Rows of the picture, enlarged by a cubic kernel to the size of the painting."""
        if self.painter.scale == 1:
            return super().photo(top, bottom)

        def read(top: int, left: int, bottom: int, right: int) -> Tensor:
            return self.on_white((slice(top, bottom), slice(left, right)), clear_only=True)

        return resized(read, self.pixels.shape[:2], self.size)(top, 0, bottom, self.size[1])

    def enlarged_opacity(self, opacity: np.ndarray) -> np.ndarray:
        """Opacity (h, w, 1) at the size of the painting."""
        larger = np.empty((*self.size, 1), opacity.dtype)
        read = resized(
            lambda top, left, bottom, right: self.signal(opacity[top:bottom, left:right]), opacity.shape[:2], self.size
        )
        half = np.iinfo(opacity.dtype).max / 2
        for top in range(0, self.size[0], STRIP):
            bottom = min(top + STRIP, self.size[0])
            strip = read(top, 0, bottom, self.size[1])
            larger[top:bottom] = (strip * half + half).round()[0].permute(1, 2, 0).cpu().numpy()
        return larger

    def finish(self, top: int, painted: Tensor) -> None:
        """As of every repainting, of a grey painting where the result is grey."""
        super().finish(top, luma(painted) if self.channels == 1 else painted)

    def given(self, rows: slice) -> np.ndarray:
        """Rows of the picture (h, W, C) in the type of the result."""
        pixels = self.pixels[rows]
        if pixels.dtype == self.result.dtype:
            return pixels
        return np.rint(pixels / (65535 / 255)).astype(np.uint8)


class Filling(Restoring):
    """Fills holes: where the mask is set, or without one where the picture is transparent. All else is kept exactly.

    What is partly transparent is laid over what is painted there; what was transparent becomes opaque.

    Raises:
        UserError: there is neither a mask nor anything transparent.
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
        if mask is not None:
            self.kept = 1 - mask.astype(np.float32) / 255
        elif alpha is not None and alpha.min() < (full := np.iinfo(alpha.dtype).max):
            self.kept, alpha = alpha[..., 0].astype(np.float32) / full, None
        else:
            raise UserError("it has no transparent part to fill; give mask=, a picture that is white where to fill")
        super().__init__(painter, pixels, alpha, look, deep)

    def read(self, top: int, left: int, bottom: int, right: int) -> Tensor:
        """A part of the picture, with the mask that the network takes as the last channel."""
        part = super().read(top, left, bottom, right)
        known = torch.from_numpy(self.kept[top:bottom, left:right] == 1).to(part)[None, None]
        return torch.cat([part, known * 2 - 1], 1)

    def finish(self, top: int, painted: Tensor) -> None:
        """Lay what is known over the painting."""
        super().finish(top, painted)
        rows = slice(top, top + painted.shape[2])
        kept, made, given = self.kept[rows][..., None], self.result[rows], self.given(rows)
        if self.channels != given.shape[2]:
            given = luminance(given)[..., None] if self.channels == 1 else given
        mixed = np.rint(given * kept + made * (1 - kept)).astype(made.dtype)
        self.result[rows] = np.where(kept == 1, given, mixed)


class Coloring(Restoring):
    """Colours a picture of which the luminance is kept bit for bit, see :mod:`~impasto.inference.luminance`."""

    def channels_of(self, given: int, painted: int) -> int:
        """Those of the painting."""
        return max(given, painted)

    def finish(self, top: int, painted: Tensor) -> None:
        """Round the colours, and move them to the picture's luminance."""
        super().finish(top, painted)
        rows = slice(top, top + painted.shape[2])
        self.result[rows] = with_luminance(self.result[rows], luminance(self.given(rows)))
