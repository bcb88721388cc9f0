"""The protocol for pictures painted after captions of coloured shapes: a reader of pixels says whether they agree."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, fields, replace
from functools import partial
from typing import Any, ClassVar, Final, Literal

import torch
from torch import Tensor

from impasto.base import distributed
from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import from_uint8
from impasto.base.progress import counting
from impasto.base.ranges import Seed
from impasto.base.vocabulary import Vocabulary
from impasto.data.packing.packed import PackedImages
from impasto.evaluation.figures.features import CHUNK, Pictures, from_first
from impasto.evaluation.figures.intervals import Estimate, bootstrap
from impasto.evaluation.figures.metrics import check_split
from impasto.evaluation.figures.shapes_seen import Agreement, agreement, described
from impasto.evaluation.protocols.measurement import Measurement, Sheet, check_fit
from impasto.evaluation.protocols.sampling import known_of, pictures_of, places
from impasto.evaluation.real.features import uint8_slice

PAINTED: Final = "painted"
SHUFFLED: Final = "painted, captions of others"
UNTOLD: Final = "painted without a caption"
REAL: Final = "real pictures"
NAMES: Final = tuple(f"caption_{each.name}" for each in fields(Agreement))
MAIN: Final = "caption_all"


class CaptionProtocol:
    """How many pictures agree with their captions: in colours, shapes, relation, all three of these, sizes, and count.

    For captions of two coloured shapes alone, such as those of ``data=captioned_shapes``; see
    :mod:`impasto.evaluation.figures.shapes_seen` for the reader. The controls are the same pictures beside captions of
    others, pictures painted without a caption, and real pictures beside their own captions, which says how well the
    reader reads. Intervals are of the bootstrap over pictures.

    Args:
        num_images: pictures to paint, and real ones to read.
        split: whose captions are painted: ``held_out`` or ``train``.
        seed: of the painted pictures.

    Raises:
        UserError: a number is out of range, or there is no such split.
    """

    takes: ClassVar[str] = "latent"
    parts: ClassVar[tuple[str, ...]] = ("image",)
    asks: ClassVar[tuple[str, ...]] = ("evaluation_images",)

    def __init__(
        self, *, num_images: int = 1024, split: Literal["train", "held_out"] = "held_out", seed: Seed = 0
    ) -> None:
        check_number("evaluation.num_images", num_images, 2)
        check_number("evaluation.seed", seed, 0)
        check_split(split)
        self.num_images, self.split, self.seed = num_images, split, seed

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse data without captions."""
        if parts.data is not None and getattr(parts.data, "captions", None) is None:
            yield Refusal(
                "evaluation=captions compares pictures with captions, and this data has none: set evaluation=default, "
                "or data.captions."
            )

    def measure(self, painter: Any, data: Any) -> Measurement:
        """Measure a painter on the captions of a data module; every process must call it, and gets the figures.

        Raises:
            UserError: there are no captions, or they are of something else than coloured shapes.
        """
        check_fit(self, painter.takes)
        vocabulary, real = painter.gives.vocabulary, data.evaluation_images("image", self.split)
        if vocabulary is None or real.vectors is None:
            raise UserError("evaluation=captions needs a painter that was trained with captions, and data with some.")
        if distributed.rank() > 0:
            return from_first(Measurement())
        told = Told.of(vocabulary, real, self.num_images)
        paint = pictures_of(painter.sample, self.seed, told.vectors)
        found = from_first(self._measured(told, paint, painter, known_of(data, "image")))
        sheet = partial(sheet_of_captions, paint)
        return replace(found, sheets={"captions": sheet})

    def _measured(self, told: "Told", paint: Pictures, painter: Any, known: Mapping[str, Any]) -> Measurement:
        untold = pictures_of(painter.sample, self.seed, torch.zeros_like(told.vectors))
        seen: dict[str, tuple[Pictures, list[str]]] = {
            PAINTED: (paint, told.captions),
            SHUFFLED: (paint, told.others),
            UNTOLD: (untold, told.captions),
            REAL: (told.real, told.captions),
        }
        rows: dict[str, dict[str, float]] = {}
        intervals: dict[str, dict[str, tuple[float, float]]] = {}
        for row, (pictures, captions) in seen.items():
            values = agreements(pictures, captions, row)
            for i, name in enumerate(NAMES):
                estimate = bootstrap([values[:, i]], lambda mean: mean)
                rows.setdefault(row, {})[name] = estimate.value
                intervals.setdefault(row, {}).update(interval_of(name, estimate))
        record = {
            "extractor": "pixels",
            "generated": len(told.captions),
            "real": len(told.captions),
            "fingerprint": told.packed.fingerprint,
            "split": self.split,
            "origin": known.get("origin"),
            "seed": self.seed,
            "higher_is_better": True,
        }
        records = {name: {**record, "controls": {row: rows[row][name] for row in list(seen)[1:]}} for name in NAMES}
        return Measurement(rows[PAINTED], records, MAIN, rows, {}, intervals)


def interval_of(name: str, estimate: Estimate) -> dict[str, tuple[float, float]]:
    """The ends of an interval by the name of its figure; empty if there is none."""
    return {} if estimate.low is None or estimate.high is None else {name: (estimate.low, estimate.high)}


class Told:
    """Captions to paint, and the real pictures that have them.

    Args:
        packed: the pictures.
        positions: of them.
        vectors: their captions as numbers of words, (n, L).
        captions: as texts.
    """

    def __init__(self, packed: PackedImages, positions: Any, vectors: Tensor, captions: list[str]) -> None:
        self.packed, self.positions, self.vectors, self.captions = packed, positions, vectors, captions

    @classmethod
    def of(cls, vocabulary: Vocabulary, packed: PackedImages, n: int) -> "Told":
        """``n`` captions, spread over the pictures.

        Raises:
            UserError: one does not describe two coloured shapes.
        """
        positions = places(len(packed), n)
        assert packed.vectors is not None
        vectors = torch.from_numpy(packed.vectors[positions])
        captions = [vocabulary.decode(row) for row in vectors]
        if strange := [text for text in captions if described(text) is None]:
            raise UserError(
                f"evaluation=captions reads coloured shapes, and {strange[0]!r} is no such sentence: set "
                "evaluation=default."
            )
        return cls(packed, positions, vectors, captions)

    @property
    def others(self) -> list[str]:
        """For each picture, the caption of another."""
        return [*self.captions[1:], self.captions[0]]

    def real(self, start: int, n: int) -> Tensor:
        """The real pictures: uint8 (n, C, H, W)."""
        return uint8_slice(self.packed, self.positions, start, n)


def agreements(pictures: Callable[[int, int], Tensor], captions: list[str], what: str) -> Tensor:
    """What pictures show of their captions: (n, figures), in the order of :data:`NAMES`."""
    rows = []
    with counting(f"reading {what}", len(captions)) as tick:
        for start in range(0, len(captions), CHUNK):
            texts = captions[start : start + CHUNK]
            seen = pictures(start, len(texts)).cpu().movedim(1, -1).numpy()
            rows += [astuple(agreement(picture, text)) for picture, text in zip(seen, texts, strict=True)]
            tick(len(texts))
    return torch.tensor(rows)


def sheet_of_captions(paint: Pictures, count: int = 64, columns: int = 8) -> Sheet:
    """The first painted pictures, in the order of the captions."""
    return from_uint8(paint(0, count).cpu()), columns
