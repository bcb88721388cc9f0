"""The data of road scenes: pictures and label maps in step, in either direction."""

from dataclasses import replace
from typing import Any, get_args

from impasto.base.errors import UserError
from impasto.data.module import ImageDataModule
from impasto.data.segmentation import PARTS
from impasto.data.sources.segmentation import Direction
from impasto.procedural.roads import CITYSCAPES


class DrivingDataModule(ImageDataModule):
    """Parts ``content`` and ``target``, one of which holds label maps of Cityscapes' 19 classes.

    Args:
        direction: ``picture_to_labels`` or ``labels_to_picture``: from content to target.
        boundaries: label maps as content get a channel of boundaries between cars and people.
        depth: 8, for numbers of classes do not scale.
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of
            :func:`~impasto.data.sources.driving.open_driving`.

    Attributes:
        label_map: the classes.
        label_part: the part that holds label maps.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(
        self, *, direction: Direction = "picture_to_labels", boundaries: bool = True, depth: int = 8, **settings: Any
    ) -> None:
        if direction not in get_args(Direction):
            raise UserError(f"data.direction={direction} is not known: choose one of {', '.join(get_args(Direction))}.")
        if depth != 8:
            raise UserError(f"data.depth={depth}: numbers of classes have 8 bits; set data.depth=8.")
        if settings.get("percentiles") is not None:
            raise UserError("data.percentiles has no meaning for numbers of classes: set data.percentiles=null.")
        objects = direction == "labels_to_picture" and boundaries
        self.label_map = replace(CITYSCAPES, boundaries=objects)
        self.label_part = "target" if direction == "picture_to_labels" else "content"
        settings = {"parts": PARTS, **settings, "direction": direction}
        super().__init__(**settings, depth=8, label_map=self.label_map)
        self.channels_of[self.label_part] = 1 + objects
