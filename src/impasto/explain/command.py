"""What ``src/explain.py`` does: look into a painter, and write a page."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notice, notices
from impasto.base.pixels import from_uint8
from impasto.data.sources.decode import BadImage
from impasto.data.sources.opening import SAMPLES, ManifestSource
from impasto.evaluation.command import build_data, read_data
from impasto.evaluation.real.classifier import can_be_classified, classifier_for
from impasto.evaluation.real.features import uint8_slice
from impasto.explain import from_noise, from_pictures, inside
from impasto.explain.attributes import Scorer, choose_attributes, class_scorers
from impasto.explain.from_pictures import MIXED
from impasto.explain.judged import judge_of, scorer
from impasto.explain.noise import Conditions
from impasto.explain.page import Section, write_page
from impasto.explain.pictures import files_of, fitting, read
from impasto.explain.settings import Settings
from impasto.inference.conditions import resolve_label, resolve_prompts, resolve_vectors
from impasto.inference.style_choice import shipped_styles
from impasto.inference.styles import style_picture
from impasto.painters.checkpoints import run_folder
from impasto.painters.painter import Painter
from impasto.painters.style import StylePainter

log = logging.getLogger("impasto")

CONTENT: Final = 256
"""Pixels of both sides of what a painter of any style is looked at with."""
INPUTS: Final = 3
"""Pictures of content, at most."""
STYLES: Final = 64
"""Style pictures, at most."""
JUDGED: Final = 3
"""Real and painted pictures that the discriminator is looked at with."""
PROJECTED: Final = 8
"""Pictures that are projected at most."""


def explain(painter: Painter, cfg: Any, settings: Settings, folder: Path) -> Path:
    """Write the page of a painter, and beside it the sheets, clips and sliders on it.

    Args:
        painter: as it was loaded.
        cfg: of the command: ``data``, ``trust``, ``label``, ``vectors``, ``prompt``.
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
    of_run = origin.path.parent.name == "checkpoints"
    title = run_folder(origin.path).resolve().name if of_run else origin.path.stem
    return write_page(folder, title, headline, list(notices().values()), sections)


def sections_of(painter: Painter, cfg: Any, settings: Settings, folder: Path) -> Iterator[Section]:
    """The parts of the page that fit this painter.

    Raises:
        UserError: a setting is for another kind of painter.
    """
    kind = "latent" if "latent" in painter.takes else "style" if isinstance(painter, StylePainter) else "content"
    fitting = {"latent": ("project", "label", "vectors", "prompt"), "style": ("input", "style"), "content": ("input",)}
    for name in {each for several in fitting.values() for each in several} - {*fitting[kind]}:
        if cfg[name] is not None:
            raise UserError(f"{name}={cfg[name]}: this model does not take it; leave {name}= out.")
    yield from (of_noise if kind == "latent" else of_pictures)(painter, cfg, settings, folder)


def of_noise(painter: Painter, cfg: Any, settings: Settings, folder: Path) -> Iterator[Section]:
    """Of a painter from noise."""
    _, captions = resolve_prompts(cfg.prompt, painter)
    vectors = resolve_vectors(cfg.vectors, painter) if captions is None else captions
    conditions = Conditions(resolve_label(cfg.label, painter), vectors)
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
    made: list[Callable[[], Iterator[Section]]] = []
    if settings.num_searched:
        made.append(lambda: iter([from_noise.neighbours(of, data())]))
    made.append(lambda: inside.attention(painter, lambda: of.paint(of.draw(1)), folder))
    made.append(lambda: judged_noise(of, data()))
    yield from attempted(made)


def of_pictures(painter: Painter, cfg: Any, settings: Settings, folder: Path) -> Iterator[Section]:
    """Of a painter of content.

    Raises:
        UserError: its content is no plain picture.
    """
    given = painter.content or painter.gives
    if given.label_map is not None or painter.gives.label_map is not None or painter.mask_channels:
        raise UserError(
            f"{painter.origin.path} takes or gives label maps or masks, of which nothing is explained here."
        )
    styles = styles_of(painter, cfg.style) if isinstance(painter, StylePainter) else None
    size = (CONTENT, CONTENT) if styles is not None else (given.height, given.width)
    content, _ = read(content_files(cfg.input), given.channels, size)
    of = from_pictures.Subject(painter, settings, folder, content, styles)
    made: list[Callable[[], Iterator[Section]]] = [lambda: iter([from_pictures.by_content(of)])]
    if styles is not None:
        patches = [lambda: iter([from_pictures.map_of(of)])] if len(styles.codes) > 2 else []
        made = [*patches, lambda: from_pictures.mixing(of), lambda: iter([from_pictures.by_patch(of)]), *made]
        made = [lambda: iter([from_pictures.by_style(of)]), *made] if len(styles.codes) > 1 else made
    made += [lambda: inside.attention(painter, lambda: of.paint(content[:1]), folder), lambda: judged_pictures(of, cfg)]
    yield from attempted(made)


def attempted(made: Sequence[Callable[[], Iterator[Section]]]) -> Iterator[Section]:
    """Sections; one that cannot be made is left out, with a notice."""
    for number, make in enumerate(made):
        try:
            yield from make()
        except UserError as problem:
            notice(f"explain.{number}", f"A section was left out. {problem}")


def styles_of(painter: StylePainter, value: Any) -> from_pictures.Styles:
    """The pictures of a style, or those that come along: first one of each hand.

    Raises:
        UserError: none of them can be read.
    """
    files = list(shipped_styles()["van_gogh"]) if value is None else files_of("style", value, STYLES)
    pictures, names = [], []
    for file in files:
        try:
            pictures.append(style_picture(file, painter.gives.channels))
            names.append(file.stem)
        except BadImage as problem:
            notice(f"explain.{file.name}", f"Left out: {file}: {problem}.")
    if not pictures:
        raise UserError(f"None of the pictures of style={value} can be read; give others.")
    codes = torch.stack([painter.encode([picture]).code.cpu() for picture in pictures])
    return from_pictures.Styles(codes, pictures, names)


def content_files(value: Any) -> list[Path]:
    """The pictures of ``input=``, or some that come along."""
    if value is not None:
        return files_of("input", value, INPUTS)
    return [Path(str(item.load)) for item in list(ManifestSource(SAMPLES / "photos").items())[::40]][:INPUTS]


def judged_noise(of: from_noise.Subject, data: Any) -> Iterator[Section]:
    """What the discriminator of a painter from noise looks at, in pictures trained on and in painted ones."""
    network, _ = judge_of(of.painter)
    noise = of.draw(JUDGED)
    real = data.evaluation_images("image", "train")
    chosen = list(range(JUDGED))
    if noise.condition is not None and noise.condition.dim() == 1 and real.labels is not None:
        labels = torch.from_numpy(np.asarray(real.labels).astype(np.int64))
        chosen = [int((labels == label).nonzero()[0]) for label in noise.condition]
    pictures = from_uint8(uint8_slice(real, np.array(chosen), 0, JUDGED))
    yield inside.saliency(pictures, of.paint(noise), scorer(network.cpu(), noise.condition), of.folder)


def judged_pictures(of: from_pictures.Subject, cfg: Any) -> Iterator[Section]:
    """What the discriminator of a painter of content looks at, in style pictures or data, and in paintings."""
    network, sees_content = judge_of(of.painter)
    content = of.content[:JUDGED]
    with torch.no_grad():
        painted = of.paint(content)
    if of.styles is not None:
        count = min(len(content), len(of.styles.pictures))
        real = torch.cat([fitting(each, content.shape[2:]) for each in of.styles.pictures[:count]])
        code = of.styles.codes[:MIXED].mean(0, keepdim=True).expand(count, -1)
        score = scorer(network.cpu(), F.pad(code, (0, 1)))  # strokes as large as in the style
        yield inside.saliency(real, painted[:count], score, of.folder)
        return
    if sees_content:
        raise UserError("Its discriminator sees the target of each picture too, which input= does not have.")
    data = data_of(of.painter, cfg)()
    (real,) = data.first_batches(of.painter.painted_part, len(content), 1)
    yield inside.saliency(real.cpu(), painted, scorer(network.cpu()), of.folder)


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
