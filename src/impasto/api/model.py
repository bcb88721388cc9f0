"""A model that paints: loaded once, called for any number of pictures, files and folders."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack, overload

import numpy as np
import torch
from PIL import Image

from impasto.api.pictures import Picture, as_file, layers_of, like
from impasto.api.styles import Style, chosen_styles
from impasto.base.arguments import typed
from impasto.base.errors import UserError
from impasto.data.sources.label_files import read_labels
from impasto.inference.brush import Brush
from impasto.inference.events import Event
from impasto.inference.label_maps import FromLabels, Labelling, check_label_look, has_labels, labels_image
from impasto.inference.masks import mask_from
from impasto.inference.predict import refuse_predictor
from impasto.inference.repaint import Look, Repainting
from impasto.inference.restore import MaskOf, check_restoring, repainting_of
from impasto.inference.restyle import in_styles, restyle
from impasto.inference.stylize import check_look, check_painter
from impasto.painters.checkpoints import shipped_base
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter


@typed
def load(
    path: str | os.PathLike[str] | None = None,
    *,
    device: str | torch.device = "auto",
    trust: Sequence[str] = (),
    direction: str | None = None,
) -> "Model":
    """Load a model.

    >>> import impasto
    >>> model = impasto.load()
    >>> painted = model.paint("photo.jpg", style="van_gogh", strength=0.8)
    >>> painted.size
    (96, 64)
    >>> painted.save("painted.png")

    Args:
        path: folder of a run (its best checkpoint, or its last), a checkpoint, or a base as ``.safetensors``; None
            takes the base that comes along, which paints in any style.
        device: cpu, cuda, mps or auto.
        trust: packages of your own whose networks a checkpoint may name.
        direction: which painter of a model that has several, such as ``style_to_content``; None takes the first.

    Raises:
        UserError: there is none, it is damaged or hostile, or it names classes that are not here.
    """
    found = shipped_base() if path is None else Path(path).expanduser()
    return Model(load_painter(found, device=device, trust=trust, direction=direction))


class Settings(TypedDict, total=False):
    """Keywords of :meth:`Model.paint`."""

    style: Style | None
    strength: float
    preserve_color: bool
    brush: Brush
    mask: Picture | None
    tile: int | None


class Model:
    """What paints, see :func:`load`.

    Args:
        painter: that is called.

    Attributes:
        painter: the same, a ``torch.nn.Module``; its ``origin`` says what it was loaded from.
    """

    def __init__(self, painter: Painter) -> None:
        self.painter = painter

    @overload
    def paint(self, picture: np.ndarray, **settings: Unpack[Settings]) -> np.ndarray: ...
    @overload
    def paint(self, picture: str | os.PathLike[str] | Image.Image, **settings: Unpack[Settings]) -> Image.Image: ...
    def paint(
        self,
        picture: Picture,
        *,
        style: Style | None = None,
        strength: float = 1.0,
        preserve_color: bool = False,
        brush: Brush = "auto",
        mask: Picture | None = None,
        tile: int | None = None,
    ) -> Image.Image | np.ndarray:
        """Paint, restore, label or translate one picture: whatever the model was trained for.

        >>> import impasto
        >>> import numpy as np
        >>> model = impasto.load()
        >>> pixels = np.zeros((48, 64, 3), np.uint8)
        >>> model.paint(pixels, style={"night_cafe": 0.7, "harvest": 0.3}).shape
        (48, 64, 3)

        Args:
            picture: a file, an image of Pillow, or an array (H, W), (H, W, 3) or, with opacity, (H, W, 4) of uint8 or
                uint16.
            style: for a model of any style: see :data:`~impasto.api.styles.Style`.
            strength: 1 is the painting, 0 the picture, mixed in between; up to 1.5 the style is exaggerated.
            preserve_color: take only light and dark from the painting.
            brush: scale of strokes relative to the picture; ``auto`` is 1, and for pictures below 320 pixels the
                strokes as they come; None leaves them so for all.
            mask: a picture that is white where to paint, of any size; None for everywhere. A model that fills holes
                fills what is white.
            tile: paint in tiles of this many pixels a side; 0 paints whole, None up to 4 megapixels.

        Returns:
            An array of the same depth for an array, otherwise an image; of label maps the classes' numbers, as an
            image those of a palette.

        Raises:
            UserError: the picture or a setting does not fit the model.
        """
        look = Look(strength, preserve_color, tile, brush)
        chosen = chosen_styles(style)
        check_look(look)
        refuse_predictor(self.painter)
        check_restoring(self.painter, None, look)
        painter, look = in_styles(self.painter, chosen, look)
        check_painter(painter)
        if has_labels(painter):
            check_label_look(look, mask)
            return of_labels(painter, picture, look)
        content = painter.content or painter.gives
        pixels, opacity = layers_of(picture, content.channels - painter.mask_channels)
        grey = pixels.shape[2] == 1 and painter.gives.channels == 1
        deep = pixels.dtype == np.uint16 and (isinstance(picture, np.ndarray) or grey)
        repainting = finished(repainting_of(painter, pixels, opacity, look, deep, mask_of(mask, painter)))
        return like(picture, repainting.result, repainting.opacity)

    def in_style(self, style: Style, strength: float = 1.0) -> "Model":
        """A model that paints in one style, which is encoded now: for many pictures, or the frames of a camera.

        Args:
            style: see :meth:`paint`.
            strength: above 1 the style is exaggerated, up to 1.5; below 1 is for :meth:`paint`.

        Raises:
            UserError: as of :meth:`paint`, or the strength is below 1.
        """
        check_look(look := Look(strength, brush=None))
        if strength < 1:
            raise UserError(f"strength={strength} mixes with each picture: give it to paint().")
        return Model(in_styles(self.painter, chosen_styles(style), look)[0])

    @typed
    def paint_files(
        self,
        source: str | os.PathLike[str],
        output: str | os.PathLike[str],
        *,
        style: Style | None = None,
        look: Look | None = None,
        **settings: Any,
    ) -> Iterator[Event]:
        """Paint a file, a clip, or a folder of them, as ``stylize.py`` does.

        Args:
            source: file or folder.
            output: folder, or a file for a single picture or clip.
            style: see :meth:`paint`.
            look: strength, colours, tiles and brush; None for those of :meth:`paint`.
            settings: further ones of :func:`~impasto.inference.restyle.restyle`.

        Yields:
            ``Started``, for each picture ``Progress`` and ``Painted`` or ``Skipped``, and ``Done``, see
            :mod:`impasto.inference.events`. Nothing is painted before the first is asked for.

        Raises:
            UserError: there is nothing to paint, a setting is out of range, or the disk is full.
        """
        chosen, look = chosen_styles(style), look or Look(brush="auto")
        yield from restyle(self.painter, chosen, Path(source), Path(output), look=look, **settings)

    def showing_masks(self) -> "Model":
        """What paints, in place of a picture, which of several generators is seen where.

        Raises:
            UserError: it has one generator.
        """
        return Model(self.painter.showing_masks())


def finished(repainting: Repainting) -> Repainting:
    """With all its tiles painted."""
    for _ in repainting:
        pass
    return repainting


def mask_of(mask: Picture | None, painter: Painter) -> MaskOf | None:
    """Gives a mask for the height and width of a picture; None for none."""
    if mask is None:
        return None
    pixels, opacity = layers_of(mask)
    scale = np.iinfo(pixels.dtype).max // 255
    opaque = np.full_like(pixels[..., :1], 255 * scale) if opacity is None else opacity
    parts = np.repeat(pixels[..., :1], 3, 2) if pixels.shape[2] < 3 else pixels[..., :3]
    layers = (np.concatenate([parts, opaque], 2) // scale).astype(np.uint8)
    return lambda height, width: mask_from(layers, height, width, soft=not painter.mask_channels)


def of_labels(painter: Painter, picture: Picture, look: Look) -> Image.Image | np.ndarray:
    """As :meth:`Model.paint`, of a painter that takes or gives label maps."""
    given, gives = painter.content.label_map if painter.content else None, painter.gives.label_map
    look = replace(look, brush=None)
    if given is not None:
        repainting: Repainting = FromLabels(painter, read_labels(as_file(picture), given), None, look)
    else:
        repainting = Labelling(painter, *layers_of(picture), look)
    finished(repainting)
    if gives is None:
        return like(picture, repainting.result, repainting.opacity)
    image = labels_image(repainting.result[..., 0], gives)
    return np.asarray(image) if isinstance(picture, np.ndarray) else image
