"""Reading label maps: index masks, palette PNG and maps of colours, into the positions of classes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from PIL import Image

from impasto.base.label_maps import UNLABELLED
from impasto.base.spec import LabelMap
from impasto.data.sources.decode import BadImage, checked, open_image, upright

Unseen = Literal["error", "ignore"]
NAMED: Final = 4
"""Colours or numbers of no class that a message names, the most frequent first."""
PICTURE: Final = 1000
"""Colours of no class from which a file is taken for a picture that is no label map."""


@dataclass(frozen=True)
class ReadLabels:
    """Reads a label map, see :class:`~impasto.data.sources.source.Read`.

    Classes with numbers are told by the numbers of an index mask, which are the greys of a grey picture and the entries
    of a palette PNG; a picture of colours, and any map if classes have colours alone, is told by colours.

    Attributes:
        label_map: the classes.
        unseen: numbers and colours of no class are an error, or pixels without a class.
        remedy: end of the sentence that names them.
    """

    label_map: LabelMap
    unseen: Unseen = "error"
    remedy: str = ""

    def __call__(self, data: bytes) -> np.ndarray:
        """The file's bytes to uint8 (H, W, 1): positions of classes, 255 for none.

        Raises:
            BadImage: it is no picture, or holds numbers or colours of no class, which the reason names.
        """
        image, orientation = open_image(data)
        values = indices(image) if self.label_map.numbers else None
        classes = self.by_number(values) if values is not None else self._by_color(colors(image))
        return upright(classes[..., None], orientation)

    def by_number(self, values: np.ndarray) -> np.ndarray:
        """Numbers of classes (H, W) to their positions, uint8 (H, W).

        Raises:
            BadImage: as of the whole.
        """
        known = dict(zip(self.label_map.numbers, range(UNLABELLED), strict=False))
        if self.label_map.ignore_number is not None:
            known[self.label_map.ignore_number] = UNLABELLED
        return self._looked_up(values.astype(np.int64), known, "numbers", str)

    def _by_color(self, pixels: np.ndarray) -> np.ndarray:
        known = {one_number(color): position for position, color in enumerate(self.label_map.colors)}
        if self.label_map.ignore_color is not None:
            known[one_number(self.label_map.ignore_color)] = UNLABELLED
        wide = pixels.astype(np.int64)
        values = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
        return self._looked_up(values, known, "colours", lambda value: in_hex(divided(value)))

    def _looked_up(
        self, values: np.ndarray, known: dict[int, int], what: str, shown: Callable[[int], str]
    ) -> np.ndarray:
        """The position of each value; int64 (H, W) to uint8 (H, W)."""
        keys = np.array(sorted(known))
        place = np.searchsorted(keys, values).clip(0, len(keys) - 1)
        missing = keys[place] != values
        if missing.any() and self.unseen == "error":
            found, counts = np.unique(values[missing], return_counts=True)
            most = np.argsort(-counts, kind="stable")[:NAMED]
            if what == "colours" and len(found) >= PICTURE:
                why = "it is a picture, or a label map that was saved as JPEG, which changes colours: a PNG is needed"
                raise BadImage(f"{len(found)} of its colours are of no class, so {why}")
            names = [f"{shown(int(found[i]))} ({share(int(counts[i]), values.size)})" for i in most]
            more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
            raise BadImage(f"the label map's {what} {', '.join(names)}{more} are of no class{self.remedy}")
        classes = np.array([known[int(key)] for key in keys], np.uint8)[place]
        classes[missing] = UNLABELLED
        return classes


@dataclass(frozen=True)
class ReadObjects:
    """Reads a map of objects, see :class:`~impasto.data.sources.source.Read`: an object a number or colour."""

    def __call__(self, data: bytes) -> np.ndarray:
        """The file's bytes to uint8 (H, W, 1): objects numbered anew, from 0 to 255 and again from 0."""
        image, orientation = open_image(data)
        values = indices(image)
        if values is None:
            wide = colors(image).astype(np.int64)
            values = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
        numbers = np.unique(values, return_inverse=True)[1].reshape(values.shape)
        return upright((numbers % 256).astype(np.uint8)[..., None], orientation)


def share(count: int, of: int) -> str:
    """How many pixels, as a share, or by number where that would be zero."""
    return f"{count / of:.1%} of its pixels" if count / of >= 5e-4 else f"{count} pixel{'s' if count > 1 else ''}"


def in_hex(color: tuple[int, int, int]) -> str:
    """``#rrggbb``."""
    return "#" + "".join(f"{value:02x}" for value in color)


def indices(image: Image.Image) -> np.ndarray | None:
    """The numbers of an index mask (H, W): greys of any depth, entries of a palette; None for a picture of colours."""
    if image.mode in ("P", "L", "1") or image.mode.startswith("I"):
        return np.asarray(image.convert("L") if image.mode == "1" else image).astype(np.int64)
    return None


def colors(image: Image.Image) -> np.ndarray:
    """uint8 (H, W, 3), as they are in the file: no profile is applied, and nothing is laid on white."""
    return np.asarray(image.convert("RGB"))


def one_number(color: tuple[int, int, int]) -> int:
    """A colour as one whole number."""
    return color[0] << 16 | color[1] << 8 | color[2]


def divided(number: int) -> tuple[int, int, int]:
    """The inverse of :func:`one_number`."""
    return number >> 16, number >> 8 & 255, number & 255


def read_labels(data: bytes, label_map: LabelMap) -> np.ndarray:
    """A label map's bytes to uint8 (H, W, 1), with every failure as one sentence.

    Raises:
        BadImage: it cannot be read, or holds numbers or colours of no class.
    """
    remedy = f"; those of this model are {known_classes(label_map)}"
    return checked(data, lambda: ReadLabels(label_map, remedy=remedy)(data))


def known_classes(label_map: LabelMap, most: int = 6) -> str:
    """The first classes with the numbers and colours that they are told by."""
    told = [
        " ".join([name, *(str(n) for n in label_map.numbers[i : i + 1]), *map(in_hex, label_map.colors[i : i + 1])])
        for i, name in enumerate(label_map.class_names[:most])
    ]
    more = len(label_map.class_names) - most
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")
