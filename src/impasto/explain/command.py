"""What ``src/explain.py`` does: look into a painter, and write a page."""

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notice, notices
from impasto.evaluation.command import build_data, read_data
from impasto.evaluation.real.classifier import can_be_classified, classifier_for
from impasto.explain import from_noise
from impasto.explain.attributes import Scorer, choose_attributes, class_scorers
from impasto.explain.noise import Conditions
from impasto.explain.page import Section, write_page
from impasto.explain.pictures import files_of, read
from impasto.explain.settings import Settings
from impasto.inference.generate import resolve_label, resolve_vectors
from impasto.painters.painter import Painter

log = logging.getLogger("impasto")

PROJECTED: Final = 8
"""Pictures that are projected at most."""


def explain(painter: Painter, cfg: Any, settings: Settings, folder: Path) -> Path:
    """Write the page of a painter, and beside it the sheets, clips and sliders on it.

    Args:
        painter: as it was loaded.
        cfg: of the command: ``data``, ``trust``, ``label``, ``vectors``.
        settings: how thoroughly.
        folder: for the page.

    Returns:
        The page's path.

    Raises:
        UserError: a setting does not fit the model.
    """
    forget_notices()
    folder.mkdir(parents=True, exist_ok=True)
    sections = []
    for each in sections_of(painter, cfg, settings, folder):
        log.info("%s: done", each.title)
        sections.append(each)
    origin = painter.origin
    headline = f"{origin.path}, {origin.images_seen:,} images seen, {type(painter.network).__name__}"
    title = origin.path.parent.parent.resolve().name if origin.path.parent.name == "checkpoints" else origin.path.stem
    return write_page(folder, title, headline, list(notices().values()), sections)


def sections_of(painter: Painter, cfg: Any, settings: Settings, folder: Path) -> Iterator[Section]:
    """The parts of the page that fit this painter."""
    if "latent" in painter.takes:
        yield from of_noise(painter, cfg, settings, folder)


def of_noise(painter: Painter, cfg: Any, settings: Settings, folder: Path) -> Iterator[Section]:
    """Of a painter from noise."""
    conditions = Conditions(resolve_label(cfg.label, painter), resolve_vectors(cfg.vectors, painter))
    of, data = from_noise.Subject(painter, settings, folder, conditions), data_of(painter, cfg)
    gives = painter.gives
    scorers = choose_attributes(settings.attributes, gives.channels, lambda: of_classes(data()))
    targets = None
    if cfg.project is not None:
        targets = read(files_of("project", cfg.project, PROJECTED), gives.channels, (gives.height, gives.width))
    found = from_noise.find_sliders(of, scorers)
    yield from from_noise.directions(of, found)
    if targets is not None:
        yield from_noise.projections(of, *targets, found)
    yield from from_noise.clips(of)
    if settings.num_searched:
        try:
            yield from_noise.neighbours(of, data())
        except UserError as problem:
            notice("explain.data", f"Nearest pictures of the training set were left out. {problem}")


def data_of(painter: Painter, cfg: Any) -> Callable[[], Any]:
    """Gives the data module of the painter's run, read once, when it is first wanted."""

    @cache
    def read() -> Any:
        data = build_data(painter, cfg)
        read_data(painter, data)
        return data

    return read


def of_classes(data: Any) -> Mapping[str, Scorer]:
    """Scorers of the classes of the data, by a classifier that is trained once and kept.

    Raises:
        UserError: the data has no classes, or too few pictures of one.
    """
    real = data.evaluation_images("image", "train")
    if len(real.class_names) < 2 or not can_be_classified(real):
        raise UserError("attributes: classes needs labelled data with 20 pictures or more of every class.")
    return class_scorers(classifier_for(real).network, real.class_names)
