"""The data of a personal style: photographs to repaint, and the few pictures that a style is learnt from."""

from dataclasses import replace
from typing import Any, Final

from impasto.base.errors import UserError
from impasto.base.ranges import Share
from impasto.data.module import ImageDataModule, Size
from impasto.data.preparation import Preparation
from impasto.data.transforms import as_size

STYLE: Final = "style"


class PersonalDataModule(ImageDataModule):
    """The parts ``content`` and ``style``, the latter whole and at a size of its own, which sets its strokes.

    Args:
        style_pack_size: pixels, or [height, width], that the style's pictures fit into; None is ``pack_size``.
        style_holdout: share of the style's pictures kept from training; few pictures are better all learnt from.
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of
            :func:`~impasto.data.sources.unpaired.open_unpaired`.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(self, *, style_pack_size: Size | None = None, style_holdout: Share = 0.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.style_holdout = style_holdout
        self.style_pack_size = None if style_pack_size is None else as_size(style_pack_size, "data.style_pack_size")
        height, width = self.style_pack_size or self.image_size
        if height < self.image_size[0] or width < self.image_size[1]:
            raise UserError(
                f"data.style_pack_size={height}x{width} is smaller than data.image_size="
                f"{self.image_size[0]}x{self.image_size[1]}, which is cut out of it: make it as large at least."
            )

    def preparation_of(self, part: str) -> Preparation:
        """How a part is packed and split."""
        if part != STYLE:
            return self.preparation
        size = self.style_pack_size or self.preparation.pack_size
        return replace(self.preparation, pack_size=size, resize="fit", holdout=self.style_holdout)
