"""What a replica does: decodes pictures, paints those of one size together, and encodes their paintings."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from impasto.base.errors import UserError
from impasto.base.visitors import Limits
from impasto.data.sources.decode import BadImage
from impasto.data.sources.frames import Frames
from impasto.inference.events import is_out_of_memory
from impasto.inference.formats import Format, format_of
from impasto.inference.label_maps import has_labels
from impasto.inference.predict import refuse_predictor
from impasto.inference.provenance import REPAINTED, made_with, silent_jpeg, speaks
from impasto.inference.repaint import Look, Repainting, paint_together
from impasto.inference.restore import description, repainting_of, what_rounds
from impasto.inference.restyle import in_styles
from impasto.inference.saving import encode
from impasto.inference.style_choice import ChosenStyle
from impasto.inference.stylize import check_painter
from impasto.inference.tiles import WHOLE
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter
from impasto.serve.refusals import Refusal
from impasto.serve.shelf import Recent, Shelf
from impasto.serve.uploads import Upload, damaged, too_large

log = logging.getLogger("impasto")

UNUSABLE: Final = "The style {!r} cannot be used now: its file is damaged, or of another model."


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        upload: the picture.
        style: its name; None for a model that paints in one way.
        look: how the painting should look.
    """

    upload: Upload
    style: str | None
    look: Look


@dataclass(frozen=True)
class Painting:
    """What is given.

    Attributes:
        data: the file.
        ending: of its name.
        notes: clauses about what was lost or changed.
        together: how many pictures were painted at once with it.
        loaded: whether its style had to be loaded.
    """

    data: bytes
    ending: str
    notes: tuple[str, ...] = ()
    together: int = 1
    loaded: bool = False


@dataclass
class Canvas:
    """A picture that is about to be painted, or was.

    Attributes:
        order: what is asked for.
        repainting: its pixels; None where the painting is the picture.
        kind: of the painting's file.
        notes: see :class:`Painting`.
        description: written into the file.
        loaded: see :class:`Painting`.
        made: with what, written into the file; None for a picture that is not painted.
    """

    order: Order
    repainting: Repainting | None
    kind: Format
    notes: tuple[str, ...] = ()
    description: str | None = None
    loaded: bool = False
    made: str | None = None


@dataclass
class Easel:
    """Paints with one model in many styles.

    Attributes:
        painter: takes content, and maybe a style.
        shelf: where styles are found.
        limits: of pictures.
        kept: most styles that are held ready.
        marks: what paintings say of the painters that made them.

    Raises:
        UserError: the painter paints something else than pictures from pictures.
    """

    painter: Painter
    shelf: Shelf
    limits: Limits
    kept: int = 16
    styled: Recent[Painter] = field(init=False)
    marks: WeakKeyDictionary[Painter, str] = field(init=False, default_factory=WeakKeyDictionary)

    def __post_init__(self) -> None:
        refuse_predictor(self.painter)
        if not isinstance(self.painter, StylePainter):
            check_painter(self.painter)
        if has_labels(self.painter):
            raise UserError(f"{self.painter.origin.path} paints label maps, which are not served: use src/stylize.py.")
        self.styled = Recent(self.kept)
        self._lock = Lock()  # pictures are prepared in threads

    def prepare(self, order: Order) -> Canvas:
        """Decode a picture and find its style.

        Raises:
            Refusal: 404 no such style, 400 a setting that does not go with the model, 413 or 422 the picture.
        """
        with self._lock:
            made = self.styled.made
            painter, look = self.painter_of(order)
            loaded = self.styled.made > made
            if painter not in self.marks:  # hashing the weights takes as long as painting a small picture
                self.marks[painter] = made_with(painter, REPAINTED)
        kind = format_of(f"a{order.upload.ending}")
        assert kind is not None
        canvas = Canvas(order, None, kind, loaded=loaded, made=self.marks[painter])
        try:
            pixels, alpha = next(iter(Frames(order.upload.data)))
        except BadImage:
            raise damaged() from None
        height, width = pixels.shape[:2]
        if height * width > self.limits.max_pixels:
            raise too_large(width, height, self.limits)
        if look.strength == 0:
            canvas.made = None
            if painter.scale == 1 and order.upload.kept and (upload := silent(order.upload)) is not None:
                canvas.order = replace(order, upload=upload)
                return canvas
        deep = pixels.dtype == np.uint16 and kind.deep
        try:
            canvas.repainting = repainting_of(painter, pixels, alpha, look, deep)
        except UserError as problem:
            raise Refusal(422, as_sentence(problem)) from None
        if pixels.dtype == np.uint16 and not deep:
            canvas.notes += (f"{order.upload.ending} holds 8 of its 16 bits",)
        canvas.notes += what_rounds(painter, kind, order.upload.ending)
        canvas.description = description(painter, pixels)
        return canvas

    def painter_of(self, order: Order) -> tuple[Painter, Look]:
        """The painter in the style that is asked for, and the look that is left to it.

        Raises:
            Refusal: 400 a style that is missing or too much, 404 there is none of that name, 503 it cannot be loaded.
        """
        if not isinstance(self.painter, StylePainter):
            if order.style is not None:
                raise Refusal(400, "The model here paints in one way only: leave the style out.")
            return in_styles(self.painter, [], order.look)
        if order.style is None:
            raise Refusal(400, "Say in which style: GET /styles lists them.")
        chosen, version = self.shelf.find(order.style)
        strength = max(order.look.strength, 1.0)
        name = f"{order.style}/{strength}"  # no style has a / in its name
        painter = self.styled.get(name, version, lambda: self.in_style(chosen, strength))
        return painter, replace(order.look, strength=min(order.look.strength, 1.0))

    def in_style(self, chosen: ChosenStyle, strength: float) -> Painter:
        """A painter that paints in one style.

        Raises:
            Refusal: 503, the style cannot be loaded.
        """
        try:
            painter, _ = in_styles(self.painter, [chosen], Look(strength))
        except UserError as problem:
            log.warning("A style cannot be served: %s", problem)
            raise Refusal(503, UNUSABLE.format(chosen.name)) from None
        return painter

    def paint(self, canvases: Sequence[Canvas]) -> list[int | Refusal]:
        """Paint them, those of one size, style and look together.

        Returns:
            For each, how many were painted at once with it, or why it was not.
        """
        results: list[int | Refusal] = [1] * len(canvases)
        for group in groups([canvas.repainting for canvas in canvases]):
            result: int | Refusal = len(group)
            repaintings = [each for number in group if (each := canvases[number].repainting) is not None]
            try:
                if len(repaintings) == 1:
                    for _ in repaintings[0]:
                        pass
                else:
                    paint_together(repaintings)
            except Exception as problem:
                if not is_out_of_memory(problem):
                    log.exception("Pictures of %s could not be painted", repaintings[0].size)
                result = failure(problem)
            for number in group:
                results[number] = result
        return results

    def finish(self, canvas: Canvas, together: int) -> Painting:
        """The file of a painting."""
        upload, repainting = canvas.order.upload, canvas.repainting
        if repainting is None:
            return Painting(upload.data, upload.ending, loaded=canvas.loaded)
        frames = [(repainting.result, repainting.opacity if canvas.kind.alpha else None)]
        data = bytes(encode(frames, canvas.kind, (), {}, canvas.description, canvas.made))
        return Painting(data, upload.ending, canvas.notes, together, canvas.loaded)


def silent(upload: Upload) -> Upload | None:
    """A picture without what its file says of its owner; None if that takes writing it anew."""
    if not speaks(BytesIO(upload.data)):
        return upload
    try:
        return replace(upload, data=silent_jpeg(upload.data))
    except ValueError:
        return None


def groups(repaintings: Iterable[Repainting | None]) -> list[list[int]]:
    """Which are painted together: those of one painter, look and shape, up to the pixels of one that is painted whole.

    Returns:
        Numbers of each group; nothing is painted for None.
    """
    found: list[list[int]] = []
    open_groups: dict[tuple[object, ...], tuple[list[int], int]] = {}
    for number, each in enumerate(repaintings):
        if each is None:
            continue
        pixels = each.whole_pixels()
        key = (id(each.painter), each.look, each.pixels.shape, each.pixels.dtype)
        group, taken = open_groups.get(key, ([], 0))
        if not group or not pixels or taken + pixels > WHOLE:
            group, taken = [], 0
            found.append(group)
        group.append(number)
        open_groups[key] = (group, taken + pixels)
    return found


def failure(problem: Exception) -> Refusal:
    """What to say of pictures that could not be painted."""
    if is_out_of_memory(problem):
        return Refusal(503, "The picture does not fit into memory here: send a smaller one.")
    if isinstance(problem, UserError):
        return Refusal(422, as_sentence(problem))
    return Refusal(500, "The picture could not be painted; the log of the service says why.")


def as_sentence(problem: UserError) -> str:
    """A clause about a picture, such as that it has five channels, as a sentence."""
    text = str(problem).rstrip(".")
    return f"The picture cannot be painted: {text}."
