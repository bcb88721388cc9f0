"""What a model needs to know of the data to build its networks: the shape and labels of each part."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from impasto.base.alphabet import Alphabet
from impasto.base.rolls import Roll
from impasto.base.sounds import Sound
from impasto.base.vocabulary import Vocabulary

Color = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""
LABEL: Final = "label"
STYLE: Final = "style"
BESIDE: Final = (LABEL, STYLE)
"""What can be told beside a caption: the class of a picture; the colours and grain of one."""


@dataclass(frozen=True)
class LabelMap:
    """The classes of the pixels of label maps, and how files tell them.

    In files a pixel has the number of its class, or its colour. Packed maps hold the position of the class in
    ``class_names``, and 255 where a pixel is of none; :mod:`impasto.base.label_maps` makes of those what networks see.

    Args:
        class_names: in order, 1 to 255.
        colors: of each class, to be shown and written with.
        numbers: of each class in index masks, 0 to 255; empty if files tell classes by colours alone.
        ignore_number: of pixels that are of no class, in index masks; None for none.
        ignore_color: likewise, in maps of colours.
        boundaries: networks see one more channel, the boundaries between objects.
    """

    class_names: tuple[str, ...]
    colors: tuple[Color, ...]
    numbers: tuple[int, ...] = ()
    ignore_number: int | None = None
    ignore_color: Color | None = None
    boundaries: bool = False

    @property
    def channels(self) -> int:
        """That networks see."""
        return len(self.class_names) + self.boundaries

    def to_dict(self) -> dict[str, Any]:
        """Plain values only."""
        return {
            **asdict(self),
            "class_names": list(self.class_names),
            "colors": [list(color) for color in self.colors],
            "numbers": list(self.numbers),
            "ignore_color": None if self.ignore_color is None else list(self.ignore_color),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "LabelMap":
        """The inverse of :meth:`to_dict`."""
        ignore = values["ignore_color"]
        read = {
            "class_names": tuple(values["class_names"]),
            "colors": tuple((r, g, b) for r, g, b in values["colors"]),
            "numbers": tuple(values["numbers"]),
            "ignore_color": None if ignore is None else (ignore[0], ignore[1], ignore[2]),
        }
        return cls(**{**values, **read})


@dataclass(frozen=True)
class ImageSpec:
    """Shape and labels of the pictures, or sequences, of one part of the data, such as ``image`` or ``style``.

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
        label_map: the pixels' classes, for label maps: ``channels`` are then its own, 1 where a pixel is of a class and
            0 elsewhere, and all 0 where it is of none; None for pictures.
        vocabulary: of the captions that networks are told; None without captions.
        alphabet: of sequences, which are ``width`` tokens long and have ``height`` voices (1 for text): ``channels``
            are the alphabet's tokens, 1 for the token at a place and 0 elsewhere; None for pictures.
        window: of files of measured values, those that networks see as -1 and 1; ``own`` for each file's own; None for
            usual pictures.
        roll: what channels, rows and columns mean if these are piano rolls; None for pictures.
        opacity: whether the last channel is opacity, and the others are multiplied by it, see
            :mod:`impasto.base.opacity`.
        sound: what rows, columns and values mean if these are spectrograms; None for pictures.
        beside: what is told beside captions, of :data:`BESIDE`.
    """

    channels: int
    height: int
    width: int
    class_names: tuple[str, ...] = ()
    condition_dim: int = 0
    levels: tuple[tuple[float, float], ...] | None = None
    frames: int = 1
    task: str | None = None
    label_map: LabelMap | None = None
    vocabulary: Vocabulary | None = None
    alphabet: Alphabet | None = None
    window: tuple[float, float] | Literal["own"] | None = None
    roll: Roll | None = None
    opacity: bool = False
    sound: Sound | None = None
    beside: tuple[str, ...] = ()

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
            **({"frames": self.frames} if self.frames > 1 else {}),
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, so that a checkpoint can hold it."""
        levels = None if self.levels is None else [list(pair) for pair in self.levels]
        label_map = None if self.label_map is None else self.label_map.to_dict()
        plain: dict[str, Any] = {"class_names": list(self.class_names), "levels": levels, "label_map": label_map}
        plain["alphabet"] = None if self.alphabet is None else self.alphabet.to_dict()
        plain["window"] = list(self.window) if isinstance(self.window, tuple) else self.window
        plain["roll"] = None if self.roll is None else self.roll.to_dict()
        plain["sound"] = None if self.sound is None else self.sound.to_dict()
        plain["beside"] = list(self.beside)
        return {**asdict(self), **plain, "vocabulary": None if self.vocabulary is None else self.vocabulary.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ImageSpec":
        """The inverse of :meth:`to_dict`."""
        levels = values.get("levels")
        levels = None if levels is None else tuple((low, high) for low, high in levels)
        label_map = None if (known := values.get("label_map")) is None else LabelMap.from_dict(known)
        vocabulary = None if (words := values.get("vocabulary")) is None else Vocabulary.from_dict(words)
        read: dict[str, Any] = {"class_names": tuple(values["class_names"]), "levels": levels, "label_map": label_map}
        read["vocabulary"] = vocabulary
        read["alphabet"] = None if (tokens := values.get("alphabet")) is None else Alphabet.from_dict(tokens)
        window = values.get("window")
        read["window"] = (window[0], window[1]) if isinstance(window, list | tuple) else window
        read["roll"] = None if (form := values.get("roll")) is None else Roll.from_dict(form)
        read["sound"] = None if (sound := values.get("sound")) is None else Sound.from_dict(sound)
        read["beside"] = tuple(values.get("beside", ()))
        return cls(**{**values, **read})


DataSpec = Mapping[str, ImageSpec]
"""What each part of the data holds, by the part's name."""
