"""Pictures into label maps, which are written as palette PNG, and label maps into pictures."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.files import whole_or_not
from impasto.base.label_maps import VOID, as_channels, boundaries, coloured, positions
from impasto.base.sheets import shrunk
from impasto.base.spec import LabelMap
from impasto.data.packing.sizing import scaled
from impasto.data.sources.aligned import by_key, without_ending
from impasto.data.sources.decode import read_file
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.frames import Frames
from impasto.data.sources.label_files import ReadObjects, read_labels
from impasto.data.sources.measured_names import named_measured
from impasto.inference.events import Painted, Progress
from impasto.inference.repaint import PLAIN, Look, Repainting
from impasto.inference.saving import save
from impasto.painters.painter import Painter

Keep = Callable[[tuple[np.ndarray, np.ndarray]], None]
"""Gets a picture before and after, small, for a sheet."""


def has_labels(painter: Painter) -> bool:
    """Whether a painter takes or gives label maps."""
    content = painter.content
    return painter.gives.label_map is not None or (content is not None and content.label_map is not None)


def check_label_look(look: Look, masks: object) -> None:
    """Make sure that nothing is to be mixed: a label map is no picture.

    Raises:
        UserError: something is.
    """
    if look != replace(PLAIN, tile=look.tile) or masks is not None:
        raise UserError(
            "A label map cannot be mixed with a picture: leave strength=, preserve_color=, brush= and mask= out."
        )


def label_name(name: str) -> str:
    """The name of a picture's label map: with .png in place of its ending; that of a file of measured values stays."""
    return name if named_measured(name) else f"{without_ending(name)}.png"


def check_label_output(output: Path) -> None:
    """Make sure that a file for a label map is a PNG.

    Raises:
        UserError: it is something else.
    """
    if output.suffix.lower() not in ("", ".png") and not output.is_dir() and not named_measured(output.name):
        raise UserError(
            f"output={output}: a label map is written as a PNG with a palette; give a name that ends in .png."
        )


class Objects:
    """Maps of objects for label maps, by name.

    Args:
        path: a map, or a folder of maps with the names of the label maps.

    Raises:
        UserError: there is none.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        if not self.path.exists():
            raise UserError(f"instances={path} does not exist; give a map of objects, or a folder of them.")
        source = None if self.path.is_file() else FolderSource(self.path, "none", option="instances")
        self.names = None if source is None else by_key(source)[0]

    def of(self, name: str) -> np.ndarray:
        """The numbers of objects of a label map: uint8 (H, W, 1).

        Args:
            name: of the label map, below the input.

        Raises:
            UserError: there is none.
            BadImage: it cannot be read.
        """
        file = self.path if self.names is None else self.path / self.names.get(without_ending(name), "")
        if file == self.path and self.names is not None:
            raise UserError(f"there is no map of its name in instances={self.path}")
        return ReadObjects()(read_file(file))


class Labelling(Repainting):
    """Finds the classes of one picture; arguments and iteration as of :class:`~impasto.inference.repaint.Repainting`.

    Attributes:
        result: uint8 (H, W, 1), positions of classes.
    """

    def __init__(self, painter: Painter, pixels: np.ndarray, alpha: np.ndarray | None, look: Look) -> None:
        super().__init__(painter, pixels, alpha, look)
        self.result = np.empty((*pixels.shape[:2], 1), np.uint8)
        self.opacity = None

    def finish(self, top: int, painted: Tensor) -> None:
        """Keep the likeliest classes of rows of probabilities."""
        assert self.painter.gives.label_map is not None
        found = positions(painted, self.painter.gives.label_map)
        self.result[top : top + painted.shape[2]] = found[0].permute(1, 2, 0).cpu().numpy()


class FromLabels(Repainting):
    """Paints one label map; iteration as of :class:`~impasto.inference.repaint.Repainting`.

    Args:
        painter: takes label maps.
        classes: uint8 (H, W, 1), positions of classes.
        objects: uint8 (H, W, 1), numbers of objects; None takes the classes.
        look: how it should look.
    """

    def __init__(self, painter: Painter, classes: np.ndarray, objects: np.ndarray | None, look: Look) -> None:
        super().__init__(painter, classes, None, look)
        assert self.content.label_map is not None
        self.label_map = replace(self.content.label_map, boundaries=False)
        self.edges: Tensor | None = None
        if self.content.label_map.boundaries:
            numbers = classes if objects is None else scaled(objects, (classes.shape[0], classes.shape[1]), (0,))
            self.edges = boundaries(torch.from_numpy(numbers[None, ..., 0].copy()))

    def read(self, top: int, left: int, bottom: int, right: int) -> Tensor:
        """A part of the map as the network gets it: (1, C, h, w), 0 or 1."""
        part = torch.from_numpy(self.pixels[None, top:bottom, left:right].copy()).permute(0, 3, 1, 2)
        seen = as_channels(part, self.label_map)
        if self.edges is not None:
            seen = torch.cat([seen, self.edges[:, None, top:bottom, left:right].float()], 1)
        return seen.to(self.device)


def paint_labels(
    painter: Painter, source: Path, target: Path, look: Look, objects: np.ndarray | None, keep: Keep | None
) -> Generator[Progress, None, Painted]:
    """As :func:`~impasto.inference.stylize.repaint_file`, for painters that take or give label maps.

    Args:
        painter: such a one.
        source: the picture or label map.
        target: where the result goes.
        look: tiles alone.
        objects: of a label map, uint8 (h, w, 1); None takes the classes as objects.
        keep: gets both, small.
    """
    given, gives = painter.content.label_map if painter.content else None, painter.gives.label_map
    notes: tuple[str, ...] = ()
    if given is not None:
        pixels = read_labels(read_file(source), given)
        painting: Repainting = FromLabels(painter, pixels, objects, look)
        before = in_colors(pixels, given)
    else:
        frames = Frames(source)
        (pixels, alpha), *_ = islice(frames, 1)
        painting, before = Labelling(painter, pixels, alpha, look), shrunk(pixels, alpha)
        if frames.count > 1:
            notes += (f"the first of its {frames.count} frames alone is labelled",)
    yield from followed(painting, source)
    if gives is None:
        save([(painting.result, painting.opacity)], target)
    else:
        save_labels(painting.result[..., 0], gives, target)
    if keep is not None:
        keep((before, shrunk(painting.result) if gives is None else in_colors(painting.result, gives)))
    return Painted(source, target, notes)


def followed(painting: Repainting, source: Path) -> Iterator[Progress]:
    """Paint, and tell of the tiles."""
    for done, total in painting:
        yield Progress(source, done, total)


def in_colors(classes: np.ndarray, label_map: LabelMap) -> np.ndarray:
    """Positions of classes (H, W, 1) in colours, small, for a sheet."""
    colors = coloured(torch.from_numpy(classes).permute(2, 0, 1)[None], label_map)
    return shrunk(colors[0].permute(1, 2, 0).numpy())


def save_labels(classes: np.ndarray, label_map: LabelMap, path: Path) -> None:
    """Write positions of classes as a PNG with a palette; data=segmentation reads it again, by numbers or by colours.

    Args:
        classes: uint8 (H, W).
        label_map: see :func:`labels_image`.
        path: of the file.
    """
    with whole_or_not(path) as temporary:
        labels_image(classes, label_map).save(temporary, "PNG", optimize=True)


def labels_image(classes: np.ndarray, label_map: LabelMap) -> Image.Image:
    """Positions of classes as a picture with a palette.

    Args:
        classes: uint8 (H, W).
        label_map: the classes, whose numbers are the entries of the palette; their positions where they have none.
    """
    numbers = label_map.numbers or tuple(range(len(label_map.class_names)))
    values = np.full(256, numbers[0] if label_map.ignore_number is None else label_map.ignore_number, np.uint8)
    values[: len(numbers)] = numbers
    palette: list[Any] = [VOID] * 256
    for number, color in zip(numbers, label_map.colors, strict=True):
        palette[number] = color
    image = Image.fromarray(values[classes])
    image.putpalette([value for color in palette for value in color])
    return image
