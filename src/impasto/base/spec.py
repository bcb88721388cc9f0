"""What a model needs to know of the data to build its networks: the shape and labels of each part."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ImageSpec:
    """Shape and labels of the pictures of one part of the data, such as ``image``, ``content`` or ``style``.

    Args:
        channels: colour channels, 1 or 3 as a rule.
        height: rows in pixels.
        width: columns in pixels; need not equal ``height``.
        class_names: one name per label, in label order; empty for unlabelled data.
        condition_dim: length of a float condition vector; 0 for none.
        levels: by channel, the two values that networks see as -1 and 1, as shares of the file type's whole range; None
            for 0 and 1.
        frames: consecutive frames of a clip whose channels lie behind each other, the earliest first; 1 for a picture.
        task: of restoration, whose damage these pictures show, such as ``denoise``; None for whole ones.
    """

    channels: int
    height: int
    width: int
    class_names: tuple[str, ...] = ()
    condition_dim: int = 0
    levels: tuple[tuple[float, float], ...] | None = None
    frames: int = 1
    task: str | None = None

    @property
    def num_classes(self) -> int:
        """Number of labels; 0 for unlabelled data."""
        return len(self.class_names)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.channels, self.height, self.width

    def network_arguments(self) -> dict[str, int]:
        """What networks are built from, by the names of their constructor arguments."""
        return {
            "channels": self.channels,
            "height": self.height,
            "width": self.width,
            "num_classes": self.num_classes,
            "condition_dim": self.condition_dim,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, so that a checkpoint can hold it."""
        levels = None if self.levels is None else [list(pair) for pair in self.levels]
        return {**asdict(self), "class_names": list(self.class_names), "levels": levels}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ImageSpec":
        """The inverse of :meth:`to_dict`."""
        levels = values.get("levels")
        levels = None if levels is None else tuple((low, high) for low, high in levels)
        return cls(**{**values, "class_names": tuple(values["class_names"]), "levels": levels})


DataSpec = Mapping[str, ImageSpec]
"""What each part of the data holds, by the part's name."""
