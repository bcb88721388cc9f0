"""What ``stylize.py`` does with the styles it is given: paint, a sheet of several, or strips between two."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.notices import log
from impasto.base.sheets import shrunk
from impasto.data.sources.decode import BadImage, decode
from impasto.inference.audio import restyle_sound
from impasto.inference.batches import Over, over_pictures
from impasto.inference.events import Event
from impasto.inference.masks import Masks
from impasto.inference.music import refuse_pictures_settings, restyle_music
from impasto.inference.predict import predict, refuse_predictor
from impasto.inference.repaint import PLAIN, Look
from impasto.inference.repaint_clip import FILM, Film
from impasto.inference.restore import check_restoring
from impasto.inference.style_choice import ChosenStyle, no_style
from impasto.inference.style_sheets import Column, strips, style_sheet
from impasto.inference.styles import mixed_style, stronger, style_of
from impasto.inference.stylize import check_look, stylize
from impasto.painters.painter import Painter
from impasto.painters.style import PaintStyle, StylePainter, mix


def restyle(
    painter: Painter,
    chosen: Sequence[ChosenStyle],
    source: str | Path,
    output: str | Path,
    *,
    look: Look = PLAIN,
    film: Film = FILM,
    masks: Masks | None = None,
    steps: int | None = None,
    overwrite: bool = False,
    sheet: Any = None,
    task: str | None = None,
    instances: str | Path | None = None,
    ahead: int | None = None,
    over: Over = over_pictures,
) -> Iterator[Event]:
    """Paint a picture or a clip, or all below a folder, in the styles chosen.

    Args:
        painter: of any style; or one that takes content alone, for which none is chosen.
        chosen: styles, mixed by weight unless ``steps`` or ``sheet=True`` are given.
        source: see :func:`~impasto.inference.stylize.stylize`.
        output: likewise.
        look: likewise; above strength 1 it is the style that is made stronger.
        film: of clips, likewise.
        masks: likewise.
        steps: write strips of this many paintings that go from the first style to the second.
        overwrite: see :func:`~impasto.inference.stylize.stylize`.
        sheet: True writes a sheet of pictures and styles alone; a number is as for ``stylize``.
        task: see :func:`~impasto.inference.stylize.stylize`.
        instances: see :func:`~impasto.inference.stylize.stylize`.
        ahead: instead, write this many frames that come after those of a clip, see
            :func:`~impasto.inference.predict.predict`.
        over: goes over the pictures; not those of strips, of a sheet alone and of ``ahead``, which are made in turn.

    Yields:
        As :func:`~impasto.inference.stylize.stylize`.

    Raises:
        UserError: settings that do not go together, or as of :func:`~impasto.inference.stylize.stylize`.
    """
    check_look(look)
    if ahead is not None:
        beside = {"style": chosen, "mask": masks, "steps": steps, "sheet": sheet, "task": task, "instances": instances}
        refuse_beside_ahead(beside, look)
        yield from predict(painter, source, output, ahead, overwrite)
        return
    refuse_predictor(painter)
    if painter.gives.sound is not None:
        refuse_pictures_settings({"mask": masks, "sheet": sheet, "task": task, "instances": instances, "style": chosen})
        yield from restyle_sound(painter, source, output, overwrite)
        return
    if painter.gives.roll is not None:
        refuse_pictures_settings({"mask": masks, "sheet": sheet, "task": task, "instances": instances, "style": chosen})
        yield from restyle_music(painter, source, output, overwrite)
        return
    if not isinstance(painter, StylePainter):
        refuse_styles(painter, chosen, steps, sheet)
        painter, look = in_styles(painter, chosen, look)
        settings: dict[str, Any] = {"masks": masks, "overwrite": overwrite, "sheet": sheet, "task": task, "over": over}
        yield from stylize(painter, source, output, look=look, film=film, instances=instances, **settings)
        return
    check_restoring(painter, task, look)
    if instances is not None:
        raise UserError(f"instances=: {painter.origin.path} paints photographs, not label maps; leave instances= out.")
    if not chosen:
        raise no_style()
    if steps is None and sheet is not True:
        styled, look = in_styles(painter, chosen, look)
        settings = {"masks": masks, "overwrite": overwrite, "sheet": sheet, "over": over}
        yield from stylize(styled, source, output, look=look, film=film, **settings)
        return
    strength, look = look.strength, replace(look, strength=min(look.strength, 1.0))

    def in_style(style: PaintStyle) -> Painter:
        return painter.in_style(stronger(painter, style, strength))

    if steps is not None:
        refuse_steps(chosen, steps, sheet)
        first, last = (style_of(painter, each) for each in chosen)
        shares = [step / (steps - 1) for step in range(steps)]
        painters = [in_style(mix([(first, 1 - share), (last, share)])) for share in shares]
        yield from strips(painters, source, output, look=look, masks=masks, overwrite=overwrite)
    else:
        styles = readable_styles(painter, chosen)
        columns = [Column(each.name, shown(each), in_style(style)) for each, style in styles]
        yield from style_sheet(columns, source, output, look=look, masks=masks)


def in_styles(painter: Painter, chosen: Sequence[ChosenStyle], look: Look) -> tuple[Painter, Look]:
    """A painter that takes content alone and paints in the styles chosen, mixed by weight, and the look for it.

    Args:
        painter: of any style; or one that takes content alone, for which none is chosen.
        chosen: the styles.
        look: above strength 1 it is the style that is made stronger.

    Raises:
        UserError: no style is chosen for a painter of any, or one for another, or it cannot be read.
    """
    if not isinstance(painter, StylePainter):
        refuse_styles(painter, chosen, None, None)
        return painter, replace(look, brush=None if look.brush == "auto" else look.brush)
    if not chosen:
        raise no_style()
    style = stronger(painter, mixed_style(painter, chosen), look.strength)
    return painter.in_style(style), replace(look, strength=min(look.strength, 1.0))


def refuse_styles(painter: Painter, chosen: Sequence[ChosenStyle], steps: int | None, sheet: Any) -> None:
    """Make sure that a painter of one style is asked for no other.

    Raises:
        UserError: it is.
    """
    for name, value in (("style", chosen), ("steps", steps)):
        if value:
            raise UserError(
                f"{name}=: {painter.origin.path} paints in one way only; leave {name}= out, or checkpoint=."
            )
    if sheet is True:
        raise UserError(
            f"sheet=true shows styles, and {painter.origin.path} has one: give pairs in a row, as in sheet=3."
        )


def refuse_beside_ahead(beside: Mapping[str, Any], look: Look) -> None:
    """Make sure that frames are predicted as they are.

    Raises:
        UserError: something else is wanted of them.
    """
    for name, value in beside.items():
        if value:
            raise UserError(f"{name}= does not go with ahead=, which predicts frames as they are: leave {name}= out.")
    if look.strength != 1 or look.preserve_color or look.brush not in (None, "auto"):
        raise UserError("ahead= predicts frames as they are: leave strength=, preserve_color= and brush= out.")


def refuse_steps(chosen: Sequence[ChosenStyle], steps: object, sheet: object) -> None:
    """Make sure that there is a way from one style to another.

    Raises:
        UserError: there is none.
    """
    check_number("steps", steps, 2)
    if sheet is not None:
        raise UserError("steps= writes strips already; leave sheet= out.")
    if len(chosen) != 2:
        raise UserError(f"steps= goes from one style to another, and {len(chosen)} are given: give 'style=[A,B]'.")


def readable_styles(painter: StylePainter, chosen: Sequence[ChosenStyle]) -> list[tuple[ChosenStyle, PaintStyle]]:
    """Each style with what the generator is told; one that was found in a folder and cannot be read is left out.

    Raises:
        UserError: one that was named cannot be read, or none can.
    """
    styles: list[tuple[ChosenStyle, PaintStyle]] = []
    problems: list[UserError] = []
    for each in chosen:
        try:
            styles.append((each, style_of(painter, each)))
        except UserError as problem:
            if not each.found:
                raise
            problems.append(problem)
    if not styles:
        raise problems[0]
    for left_out in problems:
        log.warning("Left out of the sheet: %s", left_out)
    return styles


def shown(chosen: ChosenStyle) -> Any:
    """The first picture of a style that can be read, small, for a sheet; None if there is none."""
    for picture in chosen.pictures:
        try:
            return shrunk(decode(picture) if isinstance(picture, Path) else picture)
        except BadImage:
            continue
    return None
