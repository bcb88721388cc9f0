"""The data of segmentation: pictures and label maps in step, in either direction."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.spec import LabelMap
from impasto.data.module import ImageDataModule
from impasto.data.sources.classes import Classes, Ignore, label_map_of
from impasto.data.sources.label_files import Unseen
from impasto.data.sources.segmentation import Direction
from impasto.data.sources.shapes import LABELS

PARTS: Final = {"content": "aligned", "target": "aligned"}


class SegmentationDataModule(ImageDataModule):
    """Parts ``content`` and ``target``, one of which holds label maps; see :mod:`impasto.base.label_maps`.

    Args:
        direction: ``picture_to_labels`` or ``labels_to_picture``: from content to target.
        classes: see :data:`~impasto.data.sources.classes.FORMS`; None for the embedded example.
        ignore: number or colour of pixels that are of no class; None for none.
        boundaries: label maps as content get a channel of boundaries between objects, where there are maps of objects.
        images: folder of pictures, or None; see :func:`~impasto.data.sources.segmentation.open_segmentation`.
        labels: folder of label maps, or None.
        instances: folder of maps of objects, or None.
        unseen: numbers and colours of no class are an error, or pixels without a class.
        depth: 8, for numbers of classes do not scale.
        **settings: of :class:`~impasto.data.module.ImageDataModule`, and of
            :func:`~impasto.data.sources.segmentation.open_segmentation`.

    Attributes:
        label_map: the classes.
        label_part: the part that holds label maps.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(
        self,
        *,
        direction: Direction = "picture_to_labels",
        classes: Classes | None = None,
        ignore: Ignore = 255,
        boundaries: bool = True,
        images: str | None = None,
        labels: str | None = None,
        instances: str | None = None,
        unseen: Unseen = "error",
        depth: int = 8,
        **settings: Any,
    ) -> None:
        if direction not in get_args(Direction):
            raise UserError(f"data.direction={direction} is not known: choose one of {', '.join(get_args(Direction))}.")
        if depth != 8:
            raise UserError(f"data.depth={depth}: numbers of classes have 8 bits; set data.depth=8.")
        if settings.get("percentiles") is not None:
            raise UserError("data.percentiles has no meaning for numbers of classes: set data.percentiles=null.")
        drawn = images is None and labels is None
        has_objects = direction == "labels_to_picture" and boundaries and (drawn or instances is not None)
        if instances is not None and (drawn or not has_objects):
            if drawn:
                why = "data.images and data.labels are not set"
            else:
                why = "data.boundaries=false" if not boundaries else f"data.direction={direction}"
            notice("data.instances", f"data.instances is not used: {why}. Objects are for label maps as content.")
        self.label_map = classes_of(classes, ignore, has_objects, self.drawn_labels(settings) if drawn else None)
        self.label_part = "target" if direction == "picture_to_labels" else "content"
        where = {"images": images, "labels": labels, "instances": instances, "unseen": unseen, "direction": direction}
        super().__init__(**{"parts": PARTS, **settings, **where}, depth=8, label_map=self.label_map)
        self.channels_of[self.label_part] = 1 + has_objects

    def drawn_labels(self, settings: Mapping[str, Any]) -> LabelMap:
        """The classes of the embedded example."""
        return LABELS


def classes_of(classes: Classes | None, ignore: Ignore, boundaries: bool, drawn: LabelMap | None) -> LabelMap:
    """The classes of the user's maps, or of the embedded example, ``drawn``.

    Raises:
        UserError: there are folders and no classes, or classes and no folders.
    """
    if drawn is not None and classes is not None:
        raise UserError("data.classes is for maps of your own: set data.images and data.labels, or data.classes=null.")
    if drawn is not None:
        return label_map_of(
            [(name, n, color) for n, (name, color) in enumerate(zip(drawn.class_names, drawn.colors, strict=True))],
            None,
            boundaries,
        )
    if classes is None:
        raise UserError("Label maps need the names of their classes: set data.classes, to names such as [sky,house].")
    return label_map_of(classes, ignore, boundaries)
