"""The data of a style model: paintings by procedural hands with exact targets, and real paintings beside them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from impasto.base.errors import UserError
from impasto.base.ranges import Count
from impasto.data.module import ImageDataModule, Size
from impasto.data.preparation import Preparation
from impasto.data.sources.unpaired import Folders
from impasto.data.transforms import as_size

PAINTING: Final = "painting"
REAL: Final = {"photo": "independently", PAINTING: "independently", "painting_other": "companions"}
"""Parts that there are if real paintings are given, and how they are drawn."""


class StyleDataModule(ImageDataModule):
    """Photographs, the same painted by a hand, and another picture of that hand; with paintings three more parts.

    Args:
        parts: how each of the former is drawn.
        paintings: folder or folders of real paintings, which add the parts of :data:`REAL`; None leaves them out.
        painting_pack_size: pixels, or [height, width], that the paintings fit into when they are packed; this sets the
            size of their strokes. None is twice ``image_size``.
        painting_batch_size: pictures of each of those in a batch, over all processes; None is a quarter of
            ``batch_size``, at least 1.
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of
            :func:`~impasto.data.sources.procedural.open_procedural`.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(
        self,
        *,
        parts: Mapping[str, str],
        paintings: Folders = None,
        painting_pack_size: Size | None = None,
        painting_batch_size: Count | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(parts={**parts, **(REAL if paintings is not None else {})}, paintings=paintings, **settings)
        height, width = self.image_size
        self.painting_pack_size = as_size(painting_pack_size or (2 * height, 2 * width), "data.painting_pack_size")
        if self.painting_pack_size[0] < height or self.painting_pack_size[1] < width:
            raise UserError(
                f"data.painting_pack_size={'x'.join(map(str, self.painting_pack_size))} is smaller than "
                f"data.image_size={height}x{width}, which is cut out of it: make it as large at least."
            )
        self.painting_batch_size = painting_batch_size or max(self.batch_size // 4, 1)

    def preparation_of(self, part: str) -> Preparation:
        """How a part is packed and split: paintings whole and at a size of their own."""
        if part != PAINTING:
            return self.preparation
        return replace(self.preparation, pack_size=self.painting_pack_size, resize="fit")

    def batch_size_of(self, part: str) -> tuple[int, str]:
        """Pictures of a part in a batch, over all processes, and the setting that says so."""
        return (self.painting_batch_size, "data.painting_batch_size") if part in REAL else super().batch_size_of(part)
