"""What ``src/evaluate.py`` does with a painted clip: how it flickers, and how near its frames are to a style."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from omegaconf import DictConfig

from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.base.pixels import as_rgb
from impasto.base.progress import counting
from impasto.data.transforms import as_size
from impasto.evaluation.command import Result, output_of
from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.figures.warping_error import WarpingErrors, mean_error
from impasto.evaluation.folders import pack_folder
from impasto.evaluation.protocols.comparison import CONTROLS, OURS
from impasto.evaluation.protocols.measurement import Measurement
from impasto.evaluation.protocols.sampling import Chosen
from impasto.evaluation.protocols.style_records import intervals, named, records
from impasto.evaluation.protocols.style_table import SIZE, Row, StyleTable, squares_of, style_network
from impasto.video.describing import BadClip
from impasto.video.frame import Frame
from impasto.video.reading import Clip

FRAMES: Final = 24
"""Frames of a clip of which style is measured, unless told otherwise."""
PICTURES: Final = 32
"""Style pictures to compare with, unless told otherwise."""
FLICKER: Final = "warping_error"


def measure_clips(cfg: DictConfig) -> Result:
    """A painted clip beside what it was painted from, and beside other clips painted from the same.

    Raises:
        UserError: a clip cannot be read, or is not of the same frames.
    """
    paths = {OURS: as_path("generated", cfg.generated), CONTROLS[0]: as_path("content", cfg.content)}
    paths |= {name: as_path(f"controls.{name}", path) for name, path in cfg.controls.items()}
    clips = {row: clip_at(row, path) for row, path in paths.items()}
    measured, frames = flicker(clips, cfg.evaluation.num_images or FRAMES)
    method = "none: neighbouring frames are not independent"
    rows: dict[str, Row] = {
        row: {FLICKER: Estimate(mean_error(errors), None, None, method)}
        for row, errors in zip(clips, measured.errors, strict=True)
    }
    record: dict[str, Any] = {"content": str(paths[CONTROLS[0]]), "frames": len(measured.errors[0]) + 1}
    found = of_flicker(rows, record) if cfg.style is None else with_style(cfg, rows, frames, record)
    about = {"generated": str(paths[OURS]), **record, "controls": {name: str(p) for name, p in cfg.controls.items()}}
    title = f"{paths[OURS]} painted from {paths[CONTROLS[0]]}"
    return Result.of(title, found, output_of(cfg, paths[OURS].parent), about)


def clip_at(row: str, path: Path) -> Clip:
    """A clip to measure.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return Clip(path)
    except BadClip as problem:
        raise UserError(f"{path} ({row}): {problem}; give another clip.") from None


def flicker(clips: Mapping[str, Clip], count: int) -> tuple[WarpingErrors, dict[str, list[np.ndarray]]]:
    """Warping errors of all clips, and frames of each, evenly spread.

    Args:
        clips: by row; the second is the content.
        count: frames to keep at most.

    Raises:
        UserError: they are not of the same frames.
    """
    measured, kept = WarpingErrors(len(clips)), {row: list[np.ndarray]() for row in clips}
    total = max(clips[CONTROLS[0]].info.frames, 1)
    every = max(total // count, 1)
    with counting("measuring frames", total) as tick:
        for number, frames in enumerate(together(clips)):
            pixels = {row: frame.pixels for row, frame in frames.items()}
            measured.add(pixels[CONTROLS[0]], list(pixels.values()))
            if number % every == every // 2 and len(kept[OURS]) < count:
                for row, picture in pixels.items():
                    kept[row].append(picture if picture.dtype == np.uint8 else (picture >> 8).astype(np.uint8))
            tick(1)
    if not measured.errors[0]:
        raise UserError(f"{clips[OURS].path} has one frame, and flicker is between frames; give a longer clip.")
    return measured, kept


def together(clips: Mapping[str, Clip]) -> Iterator[dict[str, Frame]]:
    """The frames of several clips, one of each at a time.

    Raises:
        UserError: they differ in size or number.
    """
    content = clips[CONTROLS[0]]
    size = content.info.height, content.info.width
    for row, clip in clips.items():
        if (clip.info.height, clip.info.width) != size:
            raise UserError(
                f"{clip.path} ({row}) has frames of {clip.info.width} x {clip.info.height} pixels, and {content.path} "
                f"of {size[1]} x {size[0]}: give what was painted from it."
            )
    try:
        for frames in zip(*clips.values(), strict=True):
            yield dict(zip(clips, frames, strict=True))
    except ValueError:
        raise UserError(
            f"{', '.join(str(clip.path) for clip in clips.values())} have different numbers of frames: give clips that "
            "were painted from the content as a whole."
        ) from None


def of_flicker(rows: Mapping[str, Row], about: Mapping[str, Any]) -> Measurement:
    """The figures of flicker alone."""
    others = {row: found[FLICKER].value for row, found in rows.items() if row != OURS}
    record = {
        "extractor": "pixels",
        "generated": about["frames"],
        "real": about["frames"],
        **about,
        "interval": None,
        "interval_method": rows[OURS][FLICKER].method,
        "higher_is_better": False,
        "controls": others,
        "counts_of_controls": {row: [about["frames"], about["frames"]] for row in others},
    }
    figures = {row: {FLICKER: found[FLICKER].value} for row, found in rows.items()}
    return Measurement(figures[OURS], {FLICKER: record}, FLICKER, figures)


def with_style(
    cfg: DictConfig, rows: dict[str, Row], frames: Mapping[str, list[np.ndarray]], about: Mapping[str, Any]
) -> Measurement:
    """The figures of flicker with style scores of frames."""
    folder = as_path("style", cfg.style)
    size = as_size(cfg.image_size or SIZE, "image_size")
    style = as_rgb(Chosen(pack_folder(folder, size, "style"), cfg.evaluation.num_style or PICTURES).all())
    squares = {row: squares_of(pictures, size[0]) for row, pictures in frames.items()}
    network = style_network((), cfg.evaluation.style_network or "auto")
    with counting("measuring pictures", sum(map(len, squares.values())) + len(style)) as tick:
        table = StyleTable(network, squares[CONTROLS[0]], style, {}, tick=tick)
        for row, pictures in squares.items():
            rows[row] |= table.row(network.describe(pictures, tick))
    names = {figure: named(figure, network.name) for figure in rows[OURS]}
    figures = {row: {names[name]: estimate.value for name, estimate in found.items()} for row, found in rows.items()}
    found = records(rows, names, network.name, {**about, "origin": str(folder)}, table)
    bounds = {row: intervals(estimates, names) for row, estimates in rows.items()}
    return Measurement(figures[OURS], found, FLICKER, figures, intervals=bounds)
