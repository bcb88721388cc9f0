"""The protocol for repainted pictures without targets, which are compared with paintings, beside two controls."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.progress import counting
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.descriptions import Description, Networks, describe
from impasto.evaluation.figures.features import Pictures, from_first
from impasto.evaluation.protocols.color_matching import colours_of, match_colours
from impasto.evaluation.protocols.comparison import CONTROLS, OURS, REFERENCE, Comparison
from impasto.evaluation.protocols.measurement import Measurement, check_fit
from impasto.evaluation.protocols.repainting import RepaintingProtocol
from impasto.evaluation.protocols.sampling import Chosen, repainter
from impasto.evaluation.real.features import keep
from impasto.networks.pretrained.chooser import (
    STATISTICS,
    STRUCTURE,
    check_statistics,
    feature_maps,
)

METRICS: Final = ("frechet", "kid")

Paint = Callable[[Tensor], Tensor]
"""uint8 (n, C, H, W) to uint8 of the same shape."""


class TranslationProtocol(RepaintingProtocol):
    """Distances of repainted pictures from held-out paintings, and the same distances of two controls.

    The controls are the content as it is, and the content with only its colours changed. A third row, the paintings
    that were trained on, shows what real paintings reach. All sets are crops of the same size, and all rows
    of the same number of them, because the Fréchet distance depends on it; the records say how many, out of how many
    pictures.

    Args:
        statistics: network whose feature statistics are compared; ``auto`` is one that the model was not trained
            against, see :func:`impasto.networks.pretrained.chooser.choose`.
        num_images: crops of content to repaint, and of paintings trained on to set beside them.
        num_style: crops of paintings to compare with.
        metrics: ``frechet``, ``kid`` or both.
        **settings: as for :class:`~impasto.evaluation.protocols.repainting.RepaintingProtocol`.
    """

    parts: ClassVar[tuple[str, ...]] = ("content", "style")
    known: ClassVar[tuple[str, ...]] = METRICS

    def __init__(
        self,
        *,
        statistics: str = "auto",
        num_images: int = 256,
        num_style: int = 1024,
        metrics: Sequence[str] = METRICS,
        **settings: Any,
    ) -> None:
        super().__init__(num_images=num_images, metrics=metrics, **settings)
        check_number("evaluation.num_style", num_style, 2)
        check_statistics(statistics)
        self.statistics, self.num_style = statistics, num_style
        self._networks: dict[tuple[str, ...], Networks] = {}

    def networks(self, trained_against: Collection[str]) -> Networks:
        """The networks to measure with, for a model that was trained against some."""
        key = tuple(sorted(trained_against))
        if key not in self._networks:
            texture = feature_maps(self.statistics, STATISTICS, key)
            self._networks[key] = Networks(self.extractor, texture, feature_maps(use=STRUCTURE))
        return self._networks[key]

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on what a data module holds out; every process must call it, and gets the figures."""
        check_fit(self, painter.takes)
        given, painted = painter.given_part or "content", painter.painted_part or "style"
        content, style = (data.evaluation_images(part, self.split) for part in (given, painted))
        return self.measure_pictures(
            repainter(painter),
            content,
            style,
            reference=data.evaluation_images(painted, "train"),
            trained_against=painter.trained_against,
            about=self.sources(data, given, painted),
        )

    def measure_pictures(
        self,
        paint: Paint | PackedImages,
        content: PackedImages,
        style: PackedImages,
        *,
        reference: PackedImages | None = None,
        trained_against: Collection[str] | None = (),
        about: dict[str, Any] | None = None,
        num_images: int | None = None,
    ) -> Measurement:
        """Measure; every process must call it and gets the figures of the first, which does the work.

        Args:
            paint: repaints content; or the repainted pictures, as many and in the same order.
            content: crops of what is to be repainted.
            style: crops of paintings that the model has not seen, of any number.
            reference: crops of other paintings.
            trained_against: names of the networks in the model's own losses; None if they are not known.
            about: further entries of the records.
            num_images: crops of content to repaint; None takes the protocol's own number.
        """
        found = Measurement()
        if distributed.rank() == 0:
            sets = _Sets(paint, content, style, reference, num_images or self.num_images)
            found = self._measure(sets, trained_against, about or {})
        return from_first(found)

    def sources(self, data: Any, given: str = "content", painted: str = "style") -> dict[str, Any]:
        """Provenance of both sides of the split that is measured, for the record.

        Args:
            data: the data module.
            given: part that is repainted.
            painted: part that it is compared with.
        """
        known = data.provenance()
        record: dict[str, Any] = {"origin": known[painted]["origin"]}
        for part, side, prefix in ((painted, "style", ""), (given, "content", "content_")):
            split = "held_out" if self.split == "held_out" and known[part]["held_out"] else "train"
            record |= {f"{prefix}split": split, f"{side}_pictures": known[part][split]}
        return record

    def _measure(self, sets: "_Sets", trained_against: Collection[str] | None, about: dict[str, Any]) -> Measurement:
        networks = self.networks(trained_against or ())
        style = Chosen(sets.style, self.num_style)
        of_style = self._known(networks, style, "paintings")
        comparison = Comparison(networks, self.metrics, self.settings, of_style, style.cut_from)
        for name, description, pictures in self._rows(networks, sets, style):
            comparison.add(name, description, pictures.cut_from)
        records = comparison.records(
            fingerprint=sets.style.fingerprint,
            content_fingerprint=sets.content.fingerprint,
            trained_against=None if trained_against is None else sorted(trained_against),
            **about,
        )
        return Measurement(comparison.rows[OURS], records, comparison.preferred(), comparison.rows)

    def _rows(self, networks: Networks, sets: "_Sets", style: Chosen) -> Iterator[tuple[str, Description, Chosen]]:
        """The painted pictures and the controls, all of the same number: the Fréchet distance depends on it."""
        count = min(sets.num_images, *(len(packed) for packed in (sets.content, sets.reference) if packed is not None))
        content = Chosen(sets.content, count)

        def of_content(change: Paint) -> Pictures:
            return lambda start, n: change(content(start, n))

        colours = colours_of(style.all())
        painted = Chosen(sets.paint, count) if isinstance(sets.paint, PackedImages) else of_content(sets.paint)
        yield OURS, self._description(networks, painted, len(content), "repainted pictures", content), content
        yield CONTROLS[0], self._known(networks, content, CONTROLS[0], content), content
        matched, key = of_content(lambda images: match_colours(images, colours)), [style.packed.fingerprint, len(style)]
        yield CONTROLS[1], self._known(networks, content, CONTROLS[1], matched, key), content
        if sets.reference is not None:
            reference = Chosen(sets.reference, count)
            yield REFERENCE, self._known(networks, reference, REFERENCE), reference

    def _known(
        self,
        networks: Networks,
        chosen: Chosen,
        what: str,
        made: Pictures | None = None,
        key: Sequence[Any] = (),
    ) -> Description:
        """The description of pictures that do not depend on the model; read from disk if it is known.

        Args:
            networks: to describe with.
            chosen: pictures.
            what: name of these pictures, for the progress bar.
            made: pictures made of them, described in their place.
            key: what else these depend on.
        """
        made_of = [
            networks.key(chosen.packed.shape),
            chosen.packed.fingerprint,
            len(chosen),
            what if made else "",
            list(key),
        ]
        digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]

        def compute() -> dict[str, Tensor]:
            return self._description(networks, made or chosen, len(chosen), what, chosen if made else None).tensors()

        return Description.of(keep(self.folder / f"{digest}.safetensors", compute))

    def _description(
        self, networks: Networks, pictures: Pictures, n: int, what: str, content: Pictures | None
    ) -> Description:
        with counting(f"measuring {what}", n) as tick:
            return describe(networks, pictures, n, content, tick)


@dataclass(frozen=True)
class _Sets:
    paint: Paint | PackedImages
    content: PackedImages
    style: PackedImages
    reference: PackedImages | None
    num_images: int
